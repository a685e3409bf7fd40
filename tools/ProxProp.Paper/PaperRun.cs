using System.Globalization;
using ProxProp.Engine.Data;
using ProxProp.Paper.Curves;
using ProxProp.Paper.Experiments;

namespace ProxProp.Paper;

/// <summary>What to run, where to keep it, and with how many hands.</summary>
/// <param name="Experiments">The experiments.</param>
/// <param name="Folder">The folder of the evaluation.</param>
/// <param name="Threads">Threads of one run; 0 for one per processor.</param>
/// <param name="Jobs">Runs at a time.</param>
internal sealed record PaperRequest(IReadOnlyList<Experiment> Experiments, string Folder, int Threads, int Jobs);

/// <summary>Runs the evaluation: measures step times, says how long it will take, does what is not done yet.</summary>
internal sealed class PaperRun(PaperData data, PaperRequest request, TextWriter output)
{
    // An evaluation of a row costs about a third of training on it, forward against forward, backward and gradient.
    private const double EvaluationShare = 1.0 / 3;

    private readonly CurveStore _store = new(request.Folder, data.Fingerprint);
    private readonly int _threads = request.Threads == 0 ? Environment.ProcessorCount : request.Threads;
    private readonly Lock _gate = new();

    /// <summary>The folder's records.</summary>
    public CurveStore Store => _store;

    /// <summary>Runs.</summary>
    /// <returns>Whether all runs were done; false if it was stopped before.</returns>
    public bool Run(CancellationToken cancellation)
    {
        IReadOnlyList<Curve> runs = PaperExperiments.Runs(request.Experiments);
        Curve[] open = [.. runs.Where(c => _store.Find(c)?.Covers(c) != true)];
        StepTimes times;
        try
        {
            times = Times(runs, cancellation);
        }
        catch (OperationCanceledException)
        {
            return false;
        }

        if (open.Length == 0)
        {
            output.WriteLine($"All {runs.Count} runs are done; they are in {_store.Folder}.");
            return true;
        }

        Dictionary<string, double> left = open.ToDictionary(c => c.Id, c => Estimate(c, times));
        output.WriteLine(
            $"{open.Length} of {runs.Count} runs are to be done, {request.Jobs} at a time on {_threads} thread{(_threads == 1 ? "" : "s")} each. "
            + $"That takes about {Duration(left.Values.Sum() / request.Jobs)}; it can be stopped at any time and goes on where it was.");
        int done = 0;
        RunAll(open, (curve, stop) =>
        {
            CurveResult result = new CurveRunner(data, _store, _threads).Run(curve, point => Tell(curve, point), stop);
            lock (_gate)
            {
                if (result.Status == CurveStatus.Partial)
                    return;
                left.Remove(curve.Id);
                done++;
                output.WriteLine($"[{done}/{open.Length}] {curve.Id}: {Outcome(result)}. About {Duration(left.Values.Sum() / request.Jobs)} left.");
            }
        }, cancellation);
        _store.Tidy();
        return !cancellation.IsCancellationRequested;
    }

    /// <summary>Step times of this folder, measured now if they are not there.</summary>
    public StepTimes Times(IReadOnlyList<Curve> runs, CancellationToken cancellation)
    {
        StepTimes? known = _store.ReadNamed<StepTimes>(StepTimes.FileName);
        if (known?.Covers(runs) == true)
            return known;
        output.WriteLine("Measuring the time of a step for each way to train ...");
        StepTimes none = new(Environment.ProcessorCount, new Dictionary<string, double>());
        StepTimes times = (known?.Threads == none.Threads ? known : none).With(runs, data, cancellation);
        _store.WriteNamed(StepTimes.FileName, times);
        return times;
    }

    // In order, so many at a time; a failure ends the other ones after their step.
    private void RunAll(Curve[] curves, Action<Curve, CancellationToken> run, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        int next = -1;
        void Work()
        {
            try
            {
                for (int i; !stop.IsCancellationRequested && (i = Interlocked.Increment(ref next)) < curves.Length;)
                    run(curves[i], stop.Token);
            }
            catch
            {
                stop.Cancel();
                throw;
            }
        }

        Task[] jobs = [.. Enumerable.Range(0, request.Jobs).Select(_ => Task.Factory.StartNew(
            Work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        Task.WhenAll(jobs).GetAwaiter().GetResult();
    }

    private double Estimate(Curve curve, StepTimes times)
    {
        double epoch = times.EpochSeconds(curve, data) * times.Threads / _threads;
        double plain = times.Milliseconds.Where(t => t.Key.StartsWith(curve.Net + ", gradient", StringComparison.Ordinal)).Select(t => t.Value).DefaultIfEmpty(0).Min()
            * data.StepsPerEpoch / 1000 * times.Threads / _threads;
        double evaluations = EvaluationShare * plain * (curve.FullLossEachEpoch ? 1.1 : 0.1);
        int left = curve.Epochs - (_store.Find(curve)?.Epochs.Count ?? 0);
        return Math.Max(0, left) * (epoch + evaluations);
    }

    private void Tell(Curve curve, EpochPoint point)
    {
        string full = point.FullLoss is { } loss ? FormattableString.Invariant($", full {loss:G4}") : "";
        lock (_gate)
        {
            output.WriteLine(FormattableString.Invariant(
                $"  {curve.Id} {point.Epoch}/{curve.Epochs}: loss {point.TrainLoss:G4}{full}, validation {point.ValidationAccuracy:P1}, {point.Seconds:F0} s"));
        }
    }

    private static string Outcome(CurveResult result) => result.Status == CurveStatus.Diverged
        ? "diverged"
        : string.Create(CultureInfo.InvariantCulture, $"loss {result.Epochs[^1].FullLoss:G4}, test {result.TestAccuracy:P1}");

    private static string Duration(double seconds) => seconds switch
    {
        < 90 => $"{Math.Ceiling(seconds):F0} s",
        < 5400 => $"{seconds / 60:F0} min",
        _ => FormattableString.Invariant($"{seconds / 3600:F1} h"),
    };
}
