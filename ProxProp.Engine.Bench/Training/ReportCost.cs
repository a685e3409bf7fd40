using System.Diagnostics.Metrics;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Bench.Training;

/// <summary>
/// What the reports of layers cost: steps without any, steps that are measured and told to a callback and to a listener of all metrics, and
/// steps that only the listener hears of, in turns.
/// </summary>
internal static class ReportCost
{
    private const int Rounds = 9;

    public static void Print(StepCase step, TextWriter output)
    {
        int every = step.Step.MeasureEvery;
        long told = 0;
        step.Step.Reported += (in Engine.Training.StepReport report) => told += report.Layers.Length;
        double[] none = new double[Rounds], all = new double[Rounds], metrics = new double[Rounds];
        for (int round = 0; round < Rounds; round++)
        {
            step.Step.MeasureEvery = 0;
            none[round] = step.Time(0.05);
            using MeterListener listener = Listen(() => told++);
            metrics[round] = step.Time(0.05);
            step.Step.MeasureEvery = 1;
            all[round] = step.Time(0.05);
        }

        step.Step.MeasureEvery = every;
        double measured = Median([.. all.Zip(none, (a, n) => (a / n) - 1)]), heard = Median([.. metrics.Zip(none, (m, n) => (m / n) - 1)]);
        output.WriteLine(
            $"{string.Empty,-10} reports: {Median(none) * 1e3:F3} ms without, {measured:+0.0%;-0.0%} in a measured step, {heard:+0.0%;-0.0%} by a listener alone; "
            + $"measured every {every} steps {measured / every:+0.00%;-0.00%}");
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
}
