using System.Diagnostics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Training;
using ProxProp.Paper.Methods;

namespace ProxProp.Paper.Curves;

/// <summary>Milliseconds of a training step for each way to train, all measured in turns in one run.</summary>
/// <param name="Threads">Threads of each step.</param>
/// <param name="Milliseconds">Median by <see cref="KeyOf"/>.</param>
internal sealed record StepTimes(int Threads, IReadOnlyDictionary<string, double> Milliseconds)
{
    /// <summary>Its file in the evaluation's folder.</summary>
    public const string FileName = "step-times.json";

    private const int Rounds = 7;
    private const double MinimumRoundMilliseconds = 20;

    /// <summary>What of a run its time depends on.</summary>
    public static string KeyOf(Curve curve) => $"{curve.Net}, {curve.Step}, {curve.Optimizer}";

    /// <summary>The processor that it was measured on; null in files of before.</summary>
    public string? Processor { get; init; }

    /// <summary>Seconds of one epoch of a run; NaN where its step was not measured.</summary>
    public double EpochSeconds(Curve curve, PaperData data) =>
        Milliseconds.TryGetValue(KeyOf(curve), out double milliseconds) ? milliseconds * data.StepsPerEpoch / 1000 : double.NaN;

    /// <summary>Whether every run has its time.</summary>
    public bool Covers(IEnumerable<Curve> curves) => curves.All(c => Milliseconds.ContainsKey(KeyOf(c)));

    /// <summary>
    /// These times with those of more runs. Times of one network are compared, so all of a network's are measured again, in turns, where one is missing.
    /// </summary>
    public StepTimes With(IEnumerable<Curve> curves, PaperData data, CancellationToken cancellation)
    {
        NetKind[] lacking = [.. curves.Where(c => !Milliseconds.ContainsKey(KeyOf(c))).Select(c => c.Net).Distinct()];
        IEnumerable<Curve> known = Milliseconds.Keys.Select(FromKey).OfType<Curve>();
        StepTimes measured = Measure(curves.Concat(known).Where(c => lacking.Contains(c.Net)), data, Threads, cancellation);
        var all = new SortedDictionary<string, double>(Milliseconds.ToDictionary(), StringComparer.Ordinal);
        foreach ((string key, double milliseconds) in measured.Milliseconds)
            all[key] = milliseconds;
        return measured with { Milliseconds = all };
    }

    // Rate, epochs and seed do not change a step's time.
    private static Curve? FromKey(string key) =>
        key.Split(", ") is [var net, var step, var optimizer] && Enum.TryParse(net, out NetKind kind) ? new Curve(kind, step, optimizer, 0, 1) : null;

    /// <summary>Measures: round by round one step of each, or several where one is short, on real rows; the first round is not counted.</summary>
    public static StepTimes Measure(IEnumerable<Curve> curves, PaperData data, int threads, CancellationToken cancellation)
    {
        var times = new SortedDictionary<string, double>(StringComparer.Ordinal);
        using var compute = new ComputeContext(threads);
        foreach (IGrouping<NetKind, Curve> net in curves.DistinctBy(KeyOf).GroupBy(c => c.Net))
        {
            Subject[] subjects = [.. net.Select(c => new Subject(c, data, compute))];
            try
            {
                for (int round = 0; round <= Rounds; round++)
                {
                    foreach (Subject subject in subjects)
                    {
                        cancellation.ThrowIfCancellationRequested();
                        subject.Measure(keep: round > 0);
                    }
                }

                foreach (Subject subject in subjects)
                    times[subject.Key] = subject.Median;
            }
            finally
            {
                foreach (Subject subject in subjects)
                    subject.Dispose();
            }
        }

        return new StepTimes(threads, times) { Processor = Machine.Processor };
    }

    private sealed class Subject : IDisposable
    {
        private readonly Network<float> _network;
        private readonly TrainingStep<float> _step;
        private readonly float[] _samples;
        private readonly int[] _labels;
        private readonly List<double> _times = [];
        private int _repeat = 1;

        public Subject(Curve curve, PaperData data, ComputeContext compute)
        {
            Key = KeyOf(curve);
            Model<float> model = data.Model(curve.Net);
            _network = new Network<float>(model.Input, model.Layers, data.Batch, compute: compute);
            _step = new TrainingStep<float>(_network, StepMethod.Make(curve.Step), OptimizerMethod.Make(curve.Optimizer, _network)) { MeasureEvery = 0 };
            _samples = new float[data.Batch * data.Train.Features];
            _labels = new int[data.Batch];
            data.Train.CopyRange(0, data.Batch, _samples, _labels);
        }

        public string Key { get; }

        public double Median
        {
            get
            {
                _times.Sort();
                return _times[_times.Count / 2];
            }
        }

        public void Measure(bool keep)
        {
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < _repeat; i++)
                _step.Run(_samples, new Targets<float>(_labels), _labels.Length, 1e-4);
            double milliseconds = Stopwatch.GetElapsedTime(start).TotalMilliseconds / _repeat;
            if (keep)
                _times.Add(milliseconds);
            else
                _repeat = Math.Max(1, (int)(MinimumRoundMilliseconds / milliseconds));
        }

        public void Dispose()
        {
            _step.Dispose();
            _network.Dispose();
        }
    }
}
