using System.Xml.Linq;
using ProxProp.Paper.Experiments;

namespace ProxProp.Paper.Report;

/// <summary>Table 1.</summary>
internal static class StabilitySection
{
    /// <summary>Section 5.2 of the paper.</summary>
    public static IEnumerable<XElement> Of(Evaluation evaluation, StabilityTable table)
    {
        ExperimentResult result = evaluation["table1"];
        yield return Html.H2("table1", result.Experiment.Title);
        yield return Html.P(
            $"The network of Figure 2; the loss over all training rows after {Format.Count(table.Epochs, "epoch")} (the paper: {PaperExperiments.PaperEpochs}) "
            + "at nine learning rates; τ_θ = 1. One iteration of the published recurrence is one of conjugate gradients but for its ε, so cg1 stands for both.");
        yield return Html.P(
            $"A run counts as diverged (\"-\") when loss or parameters were no longer finite, or when its loss is above "
            + $"{Format.Loss(table.Limit)}, that is {StabilityTable.GuessingFactor:0} × ln {evaluation.Data.Train.Classes}: guessing has ln {evaluation.Data.Train.Classes} = {Format.Loss(table.Guessing)}. A loss above that is shown before the dash. "
            + "The paper's numbers are taken by the same rule.");
        yield return FigureSections.Standing(result);
        object[] head = ["method", "", .. PaperExperiments.Table1Rates.Select(r => Html.NumberHead(Format.Plain(r)))];
        yield return Html.Table("Loss for each learning rate: ours and, below, the paper's.", head, table.Methods.SelectMany(m => Rows(table, m)));
        yield return Html.C("div", "charts", Ours(result, table), Papers(result));
    }

    private static IEnumerable<IEnumerable<object>> Rows(StabilityTable table, SeriesResult method)
    {
        yield return [Html.RowHead(method.Label), "ours", .. table.Row(method).Select(c => c.Kind == CellKind.Unknown ? Html.C("td", "number open", c.Text) : Html.Number(c.Text))];
        yield return ["", Html.C("td", "second", "paper"), .. table.PapersRow(method.Label).Select(c => Html.C("td", "number second", c.Text))];
    }

    private static XElement Ours(ExperimentResult result, StabilityTable table) => new FigureCharts(result).Figure(
        new Chart($"Ours after {Format.Count(table.Epochs, "epoch")}; diverged runs left out", "learning rate", "loss") { LogX = true, LogY = true },
        s => Points(table.Row(s)));

    private static XElement Papers(ExperimentResult result)
    {
        const string Title = "The paper after 50 epochs, by its own names";
        IReadOnlyDictionary<string, LineLook> looks = LineLook.For(result.Series);
        IEnumerable<ChartLine> lines = PaperNumbers.Table1.Select(row => new ChartLine(
            row.Key, looks[row.Key], [.. PaperExperiments.Table1Rates.Zip(row.Value)]));
        var chart = new Chart(Title, "learning rate", "loss") { LogX = true, LogY = true };
        return FigureCharts.Figure(chart, "table1-paper-", [.. lines]);
    }

    private static IEnumerable<(double, double)> Points(Cell[] row) =>
        PaperExperiments.Table1Rates.Zip(row, (rate, cell) => (rate, cell.Kind == CellKind.Trained ? cell.Loss : double.NaN));
}
