using ProxProp.Paper.Curves;
using ProxProp.Paper.Experiments;

namespace ProxProp.Paper.Report;

/// <summary>How a run of Table 1 ended.</summary>
internal enum CellKind
{
    /// <summary>It has not begun, or has some way to go.</summary>
    Unknown,

    /// <summary>It has a loss.</summary>
    Trained,

    /// <summary>Its loss is above what counts as trained, or no number.</summary>
    Diverged,
}

/// <summary>One of our cells of Table 1.</summary>
/// <param name="Kind">How it ended.</param>
/// <param name="Loss">The loss over all training rows; not a number where there is none.</param>
/// <param name="Text">What the table shows.</param>
internal readonly record struct Cell(CellKind Kind, double Loss, string Text);

/// <summary>Table 1 as it came out, and the rule for divergence.</summary>
/// <param name="result">Its runs.</param>
/// <param name="classes">Classes of the data.</param>
internal sealed class StabilityTable(ExperimentResult result, int classes)
{
    /// <summary>A loss above so many times that of guessing counts as diverged.</summary>
    public const double GuessingFactor = 2;

    /// <summary>The loss of guessing, ln classes.</summary>
    public double Guessing => Math.Log(classes);

    /// <summary>The largest loss that is not yet diverged.</summary>
    public double Limit => GuessingFactor * Guessing;

    /// <summary>The lines: methods.</summary>
    public IReadOnlyList<SeriesResult> Methods => result.Series;

    /// <summary>Epochs of its runs.</summary>
    public int Epochs => result.Epochs;

    /// <summary>A method's cells in the order of <see cref="PaperExperiments.Table1Rates"/>.</summary>
    public Cell[] Row(SeriesResult method) => [.. method.Runs.Select(Of)];

    /// <summary>A method's cells by its name.</summary>
    public Cell[] Row(string label) => Row(result[label]);

    /// <summary>The paper's cells under the same rule.</summary>
    public Cell[] PapersRow(string label) => [.. PaperNumbers.Table1For(label).Select(OfLoss)];

    /// <summary>The smallest loss among a row's cells; not a number if none was trained.</summary>
    public static double Best(IEnumerable<Cell> row) => row.Where(c => c.Kind == CellKind.Trained).Select(c => c.Loss).DefaultIfEmpty(double.NaN).Min();

    /// <summary>The learning rate of the smallest loss; not a number if none was trained.</summary>
    public static double BestRate(IReadOnlyList<Cell> row)
    {
        double best = Best(row);
        return double.IsNaN(best) ? double.NaN : PaperExperiments.Table1Rates[row.ToList().FindIndex(c => c.Kind == CellKind.Trained && c.Loss == best)];
    }

    private Cell Of(CurveResult? run)
    {
        if (run is null)
            return new Cell(CellKind.Unknown, double.NaN, "not run yet");
        if (run.Status == CurveStatus.Diverged)
            return new Cell(CellKind.Diverged, double.NaN, Format.None);
        double loss = run.FullLossAfter(result.Epochs);
        bool open = run.Status == CurveStatus.Partial && run.Reached < result.Epochs;
        if (open)
            return new Cell(CellKind.Unknown, double.NaN, $"{run.Reached} of {result.Epochs} epochs");
        return run.At(result.Epochs)?.FullLoss is null
            ? new Cell(CellKind.Unknown, double.NaN, $"not measured at epoch {result.Epochs}")
            : OfLoss(loss);
    }

    private Cell OfLoss(double loss) =>
        loss <= Limit ? new Cell(CellKind.Trained, loss, Format.Loss(loss)) : new Cell(CellKind.Diverged, loss, double.IsFinite(loss) ? $"{Format.Loss(loss)} (-)" : Format.None);
}
