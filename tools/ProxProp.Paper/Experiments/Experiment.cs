using ProxProp.Paper.Curves;

namespace ProxProp.Paper.Experiments;

/// <summary>A line of a figure or a column of a table: what the reader sees, and the runs behind it.</summary>
/// <param name="Label">Its name in the report.</param>
/// <param name="Runs">Runs that differ in their seeds alone.</param>
internal sealed record Series(string Label, IReadOnlyList<Curve> Runs)
{
    /// <summary>Whether it is the published code's recurrence.</summary>
    public bool IsPublished => Runs[0].Step.StartsWith("published", StringComparison.Ordinal);

    /// <summary>One run for each seed from 0.</summary>
    public static Series Of(string label, Curve curve, int seeds) =>
        new(label, [.. Enumerable.Range(0, seeds).Select(seed => curve with { Seed = (ulong)seed })]);
}

/// <summary>One part of the paper's evaluation.</summary>
/// <param name="Name">Its name on the command line: <c>fig2</c>, <c>table1</c>, <c>fig3</c> or <c>beyond</c>.</param>
/// <param name="Title">Its heading in the report.</param>
/// <param name="Series">Its lines.</param>
internal sealed record Experiment(string Name, string Title, IReadOnlyList<Series> Series)
{
    /// <summary>All runs.</summary>
    public IEnumerable<Curve> Runs => Series.SelectMany(s => s.Runs);
}
