using ProxProp.Paper.Curves;
using ProxProp.Paper.Experiments;

namespace ProxProp.Paper.Report;

/// <summary>What the runs of one line have given, up to the epochs that its experiment counts.</summary>
/// <param name="series">The line.</param>
/// <param name="runs">Its runs by seed; null for one that has not begun.</param>
/// <param name="epochs">Epochs of the experiment.</param>
/// <param name="epochSeconds">Seconds of an epoch by the measured step time; NaN where that was not measured.</param>
internal sealed class SeriesResult(Series series, IReadOnlyList<CurveResult?> runs, int epochs, double epochSeconds)
{
    /// <summary>The line's name.</summary>
    public string Label => series.Label;

    /// <summary>Whether it is the published code's recurrence.</summary>
    public bool IsPublished => series.IsPublished;

    /// <summary>Its runs as they were asked for.</summary>
    public IReadOnlyList<Curve> Curves => series.Runs;

    /// <summary>Its runs by seed; null for one that has not begun.</summary>
    public IReadOnlyList<CurveResult?> Runs => runs;

    /// <summary>Epochs of the experiment.</summary>
    public int Epochs => epochs;

    /// <summary>Seconds of an epoch by the measured step time; NaN where that was not measured.</summary>
    public double EpochSeconds => epochSeconds;

    /// <summary>Whether all its runs are done.</summary>
    public bool IsComplete => runs.All(r => r is not null && IsDone(r));

    /// <summary>The last epoch that all runs which have begun have reached; 0 before the first.</summary>
    public int Reached => runs.OfType<CurveResult>().Select(r => Math.Min(epochs, r.Reached)).DefaultIfEmpty(0).Min();

    /// <summary>Loss over all training rows after the last epoch.</summary>
    public Spread FullLoss => Final(r => r.FullLossAfter(epochs));

    /// <summary>The best validation accuracy after any epoch.</summary>
    public Spread BestValidation => Final(r => BestUpTo(r, epochs));

    /// <summary>Validation accuracy after the last epoch.</summary>
    public Spread FinalValidation => Final(r => r.At(epochs)?.ValidationAccuracy ?? double.NaN);

    /// <summary>Test accuracy after the last epoch; a run that went on longer does not know it.</summary>
    public Spread TestAccuracy => Final(r => r.Reached == epochs ? r.TestAccuracy ?? double.NaN : double.NaN);

    /// <summary>A figure after an epoch, the mean over the runs that have it; NaN where none has.</summary>
    public double At(int epoch, Func<EpochPoint, double?> figure) => SpreadAt(epoch, figure).Mean;

    /// <summary>A figure after an epoch over the runs that have it.</summary>
    public Spread SpreadAt(int epoch, Func<EpochPoint, double?> figure) =>
        Spread.Of(Begun(epoch).Select(r => figure(r.At(epoch)!) ?? double.NaN));

    /// <summary>The best validation accuracy up to an epoch over the runs that have come there.</summary>
    public Spread BestValidationUpTo(int epoch) =>
        epoch < 1 ? Spread.Of([]) : Spread.Of(Begun(epoch).Select(r => BestUpTo(r, epoch)));

    /// <summary>A figure's curve, epoch by epoch: means over the runs.</summary>
    public IReadOnlyList<(int Epoch, double Value)> Curve(Func<EpochPoint, double?> figure) =>
        [.. Enumerable.Range(1, epochs).Select(e => (e, At(e, figure))).Where(p => double.IsFinite(p.Item2))];

    /// <summary>A figure after so many seconds by step time, on the straight line between epochs; NaN outside of them.</summary>
    public double AtSecond(double seconds, Func<EpochPoint, double?> figure)
    {
        double position = seconds / epochSeconds;
        int before = (int)Math.Floor(position);
        if (!(before >= 1) || before > epochs)
            return double.NaN;
        double part = position - before, left = At(before, figure);
        return part < 1e-9 ? left : before == epochs ? double.NaN : left + (part * (At(before + 1, figure) - left));
    }

    /// <summary>How far it is, for a cell that has no number; empty when all is done.</summary>
    public string State
    {
        get
        {
            if (runs.All(r => r is null))
                return "not run yet";
            if (runs.Any(r => r?.Status == CurveStatus.Diverged))
                return runs.Count == 1 ? "diverged" : $"{runs.Count(r => r?.Status == CurveStatus.Diverged)} of {runs.Count} diverged";
            if (IsComplete)
                return string.Empty;
            int done = runs.Count(r => r is not null && IsDone(r));
            return runs.Count == 1 ? $"{Reached} of {epochs} epochs so far" : $"{done} of {runs.Count} seeds so far";
        }
    }

    private bool IsDone(CurveResult run) => run.Status == CurveStatus.Diverged || (run.Status == CurveStatus.Completed && run.Reached >= epochs);

    private Spread Final(Func<CurveResult, double> figure) =>
        Spread.Of(runs.OfType<CurveResult>().Where(r => IsDone(r) && r.Status != CurveStatus.Diverged).Select(figure));

    private IEnumerable<CurveResult> Begun(int epoch) => runs.OfType<CurveResult>().Where(r => r.At(epoch) is not null);

    private static double BestUpTo(CurveResult run, int epoch) => run.Epochs.Where(e => e.Epoch <= epoch).Max(e => e.ValidationAccuracy);
}
