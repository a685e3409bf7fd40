using System.Text.Json.Serialization;

namespace ProxProp.Paper.Curves;

/// <summary>Figures after one epoch.</summary>
/// <param name="Epoch">From 1.</param>
/// <param name="TrainLoss">Mean over the epoch's batches of the loss, each before its update.</param>
/// <param name="TrainAccuracy">Fraction right, likewise.</param>
/// <param name="FullLoss">Loss over all training rows after the epoch; null where it was not taken.</param>
/// <param name="ValidationLoss">Loss on the validation rows after the epoch.</param>
/// <param name="ValidationAccuracy">Fraction right on them.</param>
/// <param name="Seconds">Training time since the start as the clock saw it, evaluations not counted.</param>
internal sealed record EpochPoint(
    int Epoch, double TrainLoss, double TrainAccuracy, double? FullLoss, double ValidationLoss, double ValidationAccuracy, double Seconds);

/// <summary>How a run ended.</summary>
internal enum CurveStatus
{
    /// <summary>It is under way, or was stopped and can go on.</summary>
    Partial,

    /// <summary>All epochs were done.</summary>
    Completed,

    /// <summary>The loss or the parameters were no longer finite.</summary>
    Diverged,
}

/// <summary>What a run has given so far; one JSON file each.</summary>
/// <param name="Curve">The run.</param>
/// <param name="Status">How it stands.</param>
/// <param name="Epochs">Figures of its epochs.</param>
internal sealed record CurveResult(Curve Curve, CurveStatus Status, IReadOnlyList<EpochPoint> Epochs)
{
    /// <summary>What went wrong, or null.</summary>
    public string? Message { get; init; }

    /// <summary>Loss on the test rows after the last epoch; null before.</summary>
    public double? TestLoss { get; init; }

    /// <summary>Fraction right on the test rows after the last epoch; null before.</summary>
    public double? TestAccuracy { get; init; }

    /// <summary>Threads that it was trained on (the numbers do not depend on them, the seconds do).</summary>
    public int Threads { get; init; }

    /// <summary>The data, as <see cref="PaperData.Fingerprint"/> names them.</summary>
    public string Data { get; init; } = string.Empty;

    /// <summary>Whether nothing is left to do for <paramref name="wanted"/>.</summary>
    public bool Covers(Curve wanted) => Status == CurveStatus.Diverged
        || (Status == CurveStatus.Completed && Epochs.Count >= wanted.Epochs && (!wanted.FullLossEachEpoch || Epochs.Take(wanted.Epochs).All(e => e.FullLoss is not null)));

    /// <summary>The last epoch that is recorded; 0 before the first.</summary>
    [JsonIgnore]
    public int Reached => Epochs.Count == 0 ? 0 : Epochs[^1].Epoch;

    /// <summary>Figures after an epoch, counted from 1; null where they are not recorded.</summary>
    public EpochPoint? At(int epoch) => Epochs.FirstOrDefault(e => e.Epoch == epoch);

    /// <summary>Loss over all training rows after <paramref name="epochs"/> epochs; NaN where the run diverged or did not get there.</summary>
    public double FullLossAfter(int epochs) =>
        Status != CurveStatus.Diverged && At(epochs)?.FullLoss is { } loss ? loss : double.NaN;
}
