using System.Xml.Linq;
using ProxProp.Paper.Experiments;

namespace ProxProp.Paper.Report;

/// <summary>What the published code really computed, and what that changes.</summary>
internal static class PublishedSection
{
    private static readonly string[] s_table1Solvers = ["cg3", "cg5"];

    /// <summary>The section.</summary>
    public static IEnumerable<XElement> Of(Evaluation evaluation, StabilityTable table, IReadOnlyList<EnergyLeft> study)
    {
        yield return Html.H2("published", "What the published code really computed");
        yield return Html.P(
            "The paper describes conjugate gradients. In the published code the first search direction and the residual are one tensor, and the residual is "
            + "updated in place. When the second direction is formed, r + βp, p has become the new residual too, so that it is (1 + β)r: the old direction is lost. The second "
            + "iteration is therefore steepest descent, shortened by 1 + β, and the later ones build on a direction that is not conjugate to the earlier ones. "
            + "The code also adds an absolute 10⁻⁶ to both denominators, which shortens steps where gradients are small; it ends when the largest ‖r‖² of all "
            + "units is below 10⁻⁴ of the mean of the first ones; and a convolution has one recurrence for all its parameters together.");
        yield return Html.P(
            "Its first iterate is that of conjugate gradients but for the 10⁻⁶. All its iterates are directions from the same Krylov spaces; they are "
            + "just worse ones. \"true CG\" is the textbook recurrence with one set of scalars for each output unit.");
        yield return Html.Table(
            "Energy error that N iterations leave on one layer, ⟨v − v*, M(v − v*)⟩ / ⟨v*, Mv*⟩ with M = I/τ_θ + AᵀA, computed in double precision for this report.",
            ["problem", Html.NumberHead("τ_θ"), Html.NumberHead("N"), Html.NumberHead("true CG"), Html.NumberHead("as published"), Html.NumberHead("times as much")],
            study.Select((row, i) => (IEnumerable<object>)
            [
                i == 0 || study[i - 1].Problem != row.Problem ? Html.RowHead(row.Problem) : "",
                Html.Number(Format.Plain(row.TauTheta)), Html.Number($"{row.Iterations}"), Html.Number(Format.Loss(row.True)), Html.Number(Format.Loss(row.Published)),
                Html.Number(row.True > 0 ? Times(row.Published / row.True) : Format.None),
            ]));
        yield return Html.E("h3", "What changes in Figures 2 and 3");
        yield return Html.P("At the same number of iterations; \"published\" less \"true\" in the columns of differences.");
        yield return Changes("Figure 2", evaluation["fig2"], ["cg3", "cg5", "cg10"]);
        yield return Changes("Figure 3", evaluation["fig3"], ["cg3", "cg10"]);
        yield return Html.E("h3", "What changes in Table 1");
        yield return Cells(table);
        yield return Html.E("ul", Sentences(evaluation, table).Select(s => Html.E("li", s)));
    }

    private static XElement Changes(string name, ExperimentResult figure, string[] solvers) => Html.Table(
        $"{name}, after {Format.Count(figure.Epochs, "epoch")}.",
        [
            "iterations", Html.NumberHead("loss, true"), Html.NumberHead("loss, published"), Html.NumberHead("ratio"), Html.NumberHead("best validation, true"),
            Html.NumberHead("published"), Html.NumberHead("difference"), Html.NumberHead("test, true"), Html.NumberHead("published"), Html.NumberHead("difference"),
        ],
        solvers.Select(solver =>
        {
            SeriesResult own = figure["ProxProp " + solver], published = figure["published " + solver];
            return (IEnumerable<object>)
            [
                Html.RowHead(solver), Html.Number(Format.Loss(own.FullLoss), own.State), Html.Number(Format.Loss(published.FullLoss), published.State),
                Html.Number(Format.Ratio(published.FullLoss.Mean / own.FullLoss.Mean)), Html.Number(Format.Percent(own.BestValidation)),
                Html.Number(Format.Percent(published.BestValidation)), Html.Number(Format.Points(published.BestValidation.Mean - own.BestValidation.Mean)),
                Html.Number(Format.Percent(own.TestAccuracy)), Html.Number(Format.Percent(published.TestAccuracy)),
                Html.Number(Format.Points(published.TestAccuracy.Mean - own.TestAccuracy.Mean)),
            ];
        }));

    private static XElement Cells(StabilityTable table) => Html.Table(
        $"Table 1 after {Format.Count(table.Epochs, "epoch")}: true / as published, and below the ratio of the losses, published to true.",
        ["", .. PaperExperiments.Table1Rates.Select(r => Html.NumberHead(Format.Plain(r)))],
        s_table1Solvers.SelectMany(solver =>
        {
            (Cell Own, Cell Published)[] pairs = [.. table.Row("ProxProp " + solver).Zip(table.Row("published " + solver))];
            return new IEnumerable<object>[]
            {
                [Html.RowHead(solver), .. pairs.Select(p => p.Own.Kind == CellKind.Unknown || p.Published.Kind == CellKind.Unknown
                    ? Html.C("td", "number open", "not run yet") : Html.Number($"{p.Own.Text} / {p.Published.Text}"))],
                [Html.C("td", "second", "ratio"), .. pairs.Select(p => Html.C("td", "number second", Both(p) ? Times(p.Published.Loss / p.Own.Loss) : Format.None))],
            };
        }));

    // Counted, so that it is right whatever came out.
    private static IEnumerable<string> Sentences(Evaluation evaluation, StabilityTable table)
    {
        foreach ((string name, ExperimentResult figure) in new[] { ("Figure 2", evaluation["fig2"]), ("Figure 3", evaluation["fig3"]) })
        {
            (SeriesResult Own, SeriesResult Published)[] pairs = [.. figure.Series.Where(s => s.IsPublished)
                .Select(s => (figure[s.Label.Replace("published", "ProxProp", StringComparison.Ordinal)], s))
                .Where(p => p.Item1.FullLoss.Count > 0 && p.s.FullLoss.Count > 0)];
            yield return pairs.Length == 0
                ? $"{name}: not run yet."
                : $"{name}: the published recurrence ends with a higher loss than true CG for {pairs.Count(p => p.Published.FullLoss.Mean > p.Own.FullLoss.Mean)} of {pairs.Length} "
                    + $"numbers of iterations, and with a lower test accuracy for {pairs.Count(p => p.Published.TestAccuracy.Mean < p.Own.TestAccuracy.Mean)}.";
        }

        (Cell Own, Cell Published)[] cells = [.. s_table1Solvers.SelectMany(c => table.Row("ProxProp " + c).Zip(table.Row("published " + c)))
            .Where(p => p.First.Kind != CellKind.Unknown && p.Second.Kind != CellKind.Unknown)];
        yield return cells.Length == 0
            ? "Table 1: not run yet."
            : $"Table 1: of {cells.Length} runs {cells.Count(c => c.Own.Kind == CellKind.Diverged && c.Published.Kind == CellKind.Trained)} diverge with true CG alone and "
                + $"{cells.Count(c => c.Own.Kind == CellKind.Trained && c.Published.Kind == CellKind.Diverged)} as published alone; where both train, "
                + "the published recurrence has the higher loss in "
                + $"{cells.Count(c => Both(c) && c.Published.Loss > c.Own.Loss)} of {cells.Count(Both)}.";
    }

    private static bool Both((Cell Own, Cell Published) pair) => pair.Own.Kind == CellKind.Trained && pair.Published.Kind == CellKind.Trained;

    private static string Times(double ratio) => ratio > 1000 ? "over 1000 ×" : Format.Ratio(ratio) + " ×";
}
