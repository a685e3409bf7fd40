using ProxProp.Paper.Curves;

namespace ProxProp.Paper.Report;

/// <summary>A line of "beyond" after the time that plain Adam takes for all its epochs, by step times.</summary>
/// <param name="Epochs">Whole epochs that fit into that time, at most those that were run.</param>
/// <param name="Capped">Whether there would have been time for more than were run.</param>
/// <param name="TrainLoss">Mean loss of the batches of the last of these epochs.</param>
/// <param name="BestValidation">The best validation accuracy up to there.</param>
/// <param name="Validation">Validation accuracy there.</param>
internal readonly record struct EqualTime(int Epochs, bool Capped, Spread TrainLoss, Spread BestValidation, Spread Validation)
{
    // Two times that are equal but for rounding count as equal.
    private const double Slack = 1e-6;

    /// <summary>A line at the time of another one's end; no epochs where a step was not measured.</summary>
    public static EqualTime Of(SeriesResult line, SeriesResult clock)
    {
        double fits = Seconds(clock) / line.EpochSeconds;
        if (double.IsNaN(fits))
            return new EqualTime(0, false, Spread.Of([]), Spread.Of([]), Spread.Of([]));
        int epochs = (int)Math.Min(line.Epochs, Math.Floor(fits + Slack));
        return new EqualTime(
            epochs, fits >= line.Epochs + 1, line.SpreadAt(epochs, e => e.TrainLoss), line.BestValidationUpTo(epochs), line.SpreadAt(epochs, e => e.ValidationAccuracy));
    }

    /// <summary>The time of all epochs of a line.</summary>
    public static double Seconds(SeriesResult clock) => clock.Epochs * clock.EpochSeconds;
}
