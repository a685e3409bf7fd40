namespace ProxProp.Paper.Report;

/// <summary>The claims of Table 1.</summary>
internal static class StabilityClaims
{
    private static readonly string[] s_true = ["ProxProp cg1", "ProxProp cg3", "ProxProp cg5"];
    private static readonly string[] s_published = ["ProxProp cg1", "published cg3", "published cg5"];

    /// <summary>All of them.</summary>
    public static IEnumerable<Claim> Of(Evaluation evaluation, StabilityTable table)
    {
        foreach ((string kind, string[] methods) in new[] { ("true CG", s_true), ("as published", s_published) })
        {
            yield return MoreRates(evaluation, table, kind, methods);
            yield return HigherBestRate(evaluation, table, kind, methods);
            yield return LowerWithIterations(evaluation, table, kind, methods);
            yield return SameCells(evaluation, table, kind, [.. methods.Prepend("BackProp")]);
            yield return SameLosses(evaluation, table, kind, [.. methods.Prepend("BackProp")]);
        }
    }

    private static Claim MoreRates(Evaluation evaluation, StabilityTable table, string kind, string[] methods)
    {
        static int Trained(Cell[] row) => row.Count(c => c.Kind == CellKind.Trained);
        string Counts(Func<string, Cell[]> row) => List(methods.Prepend("BackProp"), m => $"{Trained(row(m))}");
        int reference = Trained(table.Row("BackProp"));
        return new Claim(
            "Table 1", $"ProxProp trains at more learning rates than BackProp ({kind}).",
            "Of nine rates those count at which the run did not diverge. Reproduced if every ProxProp column has more than BackProp; partly if one has.",
            Counts(table.PapersRow), Known(table, methods.Prepend("BackProp")) ? Counts(table.Row) : Format.None, Verdict.NotRun, string.Empty)
            .Judged(evaluation, table.Epochs, Known(table, methods.Prepend("BackProp"))
                ? Claim.Of(methods.Select(m => (bool?)(Trained(table.Row(m)) > reference))) : Verdict.NotRun);
    }

    private static Claim HigherBestRate(Evaluation evaluation, StabilityTable table, string kind, string[] methods)
    {
        string Rates(Func<string, Cell[]> row) => List(methods.Prepend("BackProp"), m => Rate(StabilityTable.BestRate(row(m))));
        double reference = StabilityTable.BestRate(table.Row("BackProp"));
        return new Claim(
            "Table 1", $"ProxProp's best learning rate is larger than BackProp's ({kind}).",
            "The best rate is the one with the smallest loss. Reproduced if every ProxProp column's is larger; partly if one is.",
            Rates(table.PapersRow), Known(table, methods.Prepend("BackProp")) ? Rates(table.Row) : Format.None, Verdict.NotRun, string.Empty)
            .Judged(evaluation, table.Epochs, Known(table, methods.Prepend("BackProp"))
                ? Claim.Of(methods.Select(m => (bool?)(StabilityTable.BestRate(table.Row(m)) > reference))) : Verdict.NotRun);
    }

    private static Claim LowerWithIterations(Evaluation evaluation, StabilityTable table, string kind, string[] methods)
    {
        string Losses(Func<string, Cell[]> row) => List(methods, m => Format.Loss(StabilityTable.Best(row(m))));
        double[] best = [.. methods.Select(m => StabilityTable.Best(table.Row(m)))];
        return new Claim(
            "Table 1", $"More iterations reach a smaller loss ({kind}).",
            "The smallest loss of each column. Reproduced if it falls from cg1 to cg3 to cg5; partly if it falls in one of the two steps.",
            Losses(table.PapersRow), Known(table, methods) ? Losses(table.Row) : Format.None, Verdict.NotRun, string.Empty)
            .Judged(evaluation, table.Epochs, Known(table, methods) ? Claim.Of([best[1] < best[0], best[2] < best[1]]) : Verdict.NotRun);
    }

    private static Claim SameCells(Evaluation evaluation, StabilityTable table, string kind, string[] methods)
    {
        (Cell Ours, Cell Papers)[] cells = Pairs(table, methods);
        int same = cells.Count(c => c.Ours.Kind == c.Papers.Kind);
        return new Claim(
            "Table 1", $"The same runs diverge ({kind}).",
            $"Under the same rule for both. Reproduced if at least nine cells of ten agree; partly if three of four.",
            $"{cells.Count(c => c.Papers.Kind == CellKind.Diverged)} of {cells.Length} diverge",
            Known(table, methods) ? $"{cells.Count(c => c.Ours.Kind == CellKind.Diverged)} diverge; {same} of {cells.Length} cells agree" : Format.None,
            Verdict.NotRun, string.Empty).Judged(evaluation, table.Epochs, ByShare(table, methods, same, cells.Length));
    }

    private static Claim SameLosses(Evaluation evaluation, StabilityTable table, string kind, string[] methods)
    {
        (Cell Ours, Cell Papers)[] cells = [.. Pairs(table, methods).Where(c => c.Papers.Kind == CellKind.Trained)];
        int near = cells.Count(c => c.Ours.Kind == CellKind.Trained && Math.Abs(Math.Log(c.Ours.Loss / c.Papers.Loss)) <= Math.Log(2));
        return new Claim(
            "Table 1", $"The same losses ({kind}).",
            "Of the cells that did not diverge in the paper. Reproduced if nine of ten are within a factor of two; partly if three of four.",
            $"{cells.Length} losses", Known(table, methods) ? $"{near} of {cells.Length} within a factor of two" : Format.None,
            Verdict.NotRun, string.Empty).Judged(evaluation, table.Epochs, ByShare(table, methods, near, cells.Length), needsAllEpochs: true);
    }

    private static Verdict ByShare(StabilityTable table, string[] methods, int count, int all) => !Known(table, methods) ? Verdict.NotRun
        : 10 * count >= 9 * all ? Verdict.Reproduced
        : 4 * count >= 3 * all ? Verdict.Partly
        : Verdict.NotReproduced;

    private static (Cell Ours, Cell Papers)[] Pairs(StabilityTable table, string[] methods) =>
        [.. methods.SelectMany(m => table.Row(m).Zip(table.PapersRow(m)))];

    private static bool Known(StabilityTable table, IEnumerable<string> methods) =>
        methods.All(m => table.Row(m).All(c => c.Kind != CellKind.Unknown));

    private static string List(IEnumerable<string> methods, Func<string, string> text) =>
        string.Join(", ", methods.Select(m => $"{m.Replace("ProxProp ", "", StringComparison.Ordinal)} {text(m)}"));

    private static string Rate(double rate) => double.IsNaN(rate) ? "none" : Format.Plain(rate);
}
