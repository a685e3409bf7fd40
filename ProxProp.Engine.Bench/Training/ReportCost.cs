using System.Diagnostics.Metrics;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Bench.Training;

/// <summary>
/// What the reports of layers cost. Steps of four kinds take turns, one by one where they are long: without any report; heard by a listener of all metrics;
/// measured; measured, heard and told to a callback. Each is compared with the plain one of its own round; the median over rounds comes with
/// its standard error.
/// </summary>
internal static class ReportCost
{
    private const double FillSeconds = 0.002;
    private const double TotalSeconds = 24;
    private const int FewestRounds = 15, MostRounds = 2000;

    private enum Kind
    {
        None,
        Heard,
        Measured,
        All,
    }

    public static void Print(StepCase step, TextWriter output)
    {
        int every = step.Step.MeasureEvery;
        long told = 0;
        StepReported callback = (in Engine.Training.StepReport report) => told += report.Layers.Length;
        Kind[] kinds = Enum.GetValues<Kind>();
        double RoundSeconds() => kinds.Sum(kind => Time(step, kind, callback, () => told++));
        RoundSeconds();
        int rounds = (int)Math.Clamp(TotalSeconds / RoundSeconds(), FewestRounds, MostRounds);
        var seconds = new double[kinds.Length, rounds];
        for (int round = 0; round < rounds; round++)
        {
            // The kind that begins changes, so that none has the same predecessor always.
            for (int turn = 0; turn < kinds.Length; turn++)
            {
                Kind kind = kinds[(turn + round) % kinds.Length];
                seconds[(int)kind, round] = Time(step, kind, callback, () => told++);
            }
        }

        step.Step.MeasureEvery = every;
        double[] Of(Func<int, double> value) => [.. Enumerable.Range(0, rounds).Select(value)];
        double none = Median(Of(i => seconds[0, i]));
        output.WriteLine($"{string.Empty,-10} reports: {none * 1e3:F3} ms without, {rounds} rounds, {told} reports told");
        foreach (Kind kind in kinds[1..])
        {
            double[] more = Of(i => seconds[(int)kind, i] - seconds[0, i]);
            double median = Median(more), error = StandardError(more);
            string text = $"  {kind,-9} {median * 1e6,10:+0.0;-0.0} us ± {error * 1e6:F1} a step, {median / none:+0.000%;-0.000%} ± {error / none:0.000%}";
            output.WriteLine(kind == Kind.Heard ? text : $"{text}; of each {every}th step {median / none / every:+0.000%;-0.000%}");
        }
    }

    private static double Time(StepCase step, Kind kind, StepReported callback, Action told)
    {
        step.Step.MeasureEvery = kind is Kind.Measured or Kind.All ? 1 : 0;
        using MeterListener? listener = kind is Kind.Heard or Kind.All ? Listen(told) : null;
        if (kind == Kind.All)
            step.Step.Reported += callback;
        double seconds = step.Time(FillSeconds);
        step.Step.Reported -= callback;
        return seconds;
    }

    private static MeterListener Listen(Action told)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Meter.Name == StepMetrics.MeterName)
                    l.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => told());
        listener.SetMeasurementEventCallback<long>((_, _, _, _) => told());
        listener.SetMeasurementEventCallback<int>((_, _, _, _) => told());
        listener.Start();
        return listener;
    }

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);

    // Of a median of normal values; their deviation from the quartiles, which a few disturbed rounds do not move.
    private static double StandardError(double[] values)
    {
        double[] sorted = [.. values.Order()];
        double deviation = (sorted[sorted.Length * 3 / 4] - sorted[sorted.Length / 4]) / 1.349;
        return 1.253 * deviation / Math.Sqrt(values.Length);
    }
}
