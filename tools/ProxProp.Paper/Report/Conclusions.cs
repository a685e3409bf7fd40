namespace ProxProp.Paper.Report;

/// <summary>A measure by which methods are compared.</summary>
/// <param name="Name">Its name.</param>
/// <param name="When">After what: the same epochs or the same time.</param>
/// <param name="Of">Its value for a line.</param>
/// <param name="LowerIsBetter">Whether less is better.</param>
/// <param name="Text">How a value is written.</param>
internal sealed record Measure(string Name, string When, Func<SeriesResult, Spread> Of, bool LowerIsBetter, Func<Spread, string> Text);

/// <summary>What follows from "beyond", in sentences that are made of the numbers.</summary>
/// <param name="lines">The methods.</param>
/// <param name="reference">Plain Adam.</param>
internal sealed class Conclusions(IReadOnlyList<SeriesResult> lines, SeriesResult reference)
{
    /// <summary>The measures: after the same epochs, and after the same time.</summary>
    public IReadOnlyList<Measure> Measures { get; } =
    [
        new("loss over all training rows", "after the same epochs", s => s.FullLoss, true, Format.Loss),
        new("best validation accuracy", "after the same epochs", s => s.BestValidation, false, Format.Percent),
        new("last validation accuracy", "after the same epochs", s => s.FinalValidation, false, Format.Percent),
        new("test accuracy", "after the same epochs", s => s.TestAccuracy, false, Format.Percent),
        new("batch loss", "after the same time", s => EqualTime.Of(s, reference).TrainLoss, true, Format.Loss),
        new("best validation accuracy", "after the same time", s => EqualTime.Of(s, reference).BestValidation, false, Format.Percent),
    ];

    /// <summary>How a method's value is to be taken beside plain Adam's, in a word.</summary>
    public string Beside(SeriesResult line, Measure measure) => line == reference ? string.Empty : measure.Of(line).Against(measure.Of(reference), measure.LowerIsBetter) switch
    {
        Difference.Better => "better",
        Difference.Worse => "worse",
        Difference.Within => "within the spread",
        Difference.BetterOneSeed => "better, one seed",
        Difference.WorseOneSeed => "worse, one seed",
        _ => Format.None,
    };

    /// <summary>One sentence for each measure: who is ahead, and whether by more than the seeds' spread.</summary>
    public IEnumerable<string> Sentences()
    {
        foreach (Measure measure in Measures)
        {
            SeriesResult[] ranked = [.. lines.Where(s => measure.Of(s).Count > 0).OrderBy(s => (measure.LowerIsBetter ? 1 : -1) * measure.Of(s).Mean)];
            yield return ranked.Length == 0 ? $"{Sentence(measure)}: not run yet." : $"{Sentence(measure)}: {Winner(ranked, measure)}";
        }
    }

    /// <summary>How often each method is clearly better and clearly worse than plain Adam.</summary>
    public IEnumerable<string> Tallies()
    {
        if (lines.All(s => Measures.All(m => m.Of(s).Count == 0)))
            yield break;
        foreach (SeriesResult line in lines.Where(s => s != reference && Measures.Any(m => m.Of(s).Count > 0)))
        {
            Measure[] better = [.. Measures.Where(m => Against(line, m) == Difference.Better)];
            Measure[] worse = [.. Measures.Where(m => Against(line, m) == Difference.Worse)];
            yield return better.Length + worse.Length == 0
                ? $"{line.Label}: by no measure clearly better or worse than plain Adam."
                : $"{line.Label}: " + string.Join("; ", new[]
                {
                    Listed("clearly better than plain Adam", better), Listed(better.Length > 0 ? "clearly worse" : "clearly worse than plain Adam", worse),
                }.Where(part => part.Length > 0)) + ".";
        }
    }

    private Difference Against(SeriesResult line, Measure measure) => measure.Of(line).Against(measure.Of(reference), measure.LowerIsBetter);

    private string Winner(SeriesResult[] ranked, Measure measure)
    {
        SeriesResult best = ranked[0];
        string known = ranked.Length < lines.Count ? $" (of {ranked.Length} methods that have come so far)" : string.Empty;
        if (best == reference)
        {
            string second = ranked.Length > 1
                ? $", before {ranked[1].Label} with {measure.Text(measure.Of(ranked[1]))}: {Sureness(Against(ranked[1], measure))}" : string.Empty;
            return $"plain Adam is ahead with {measure.Text(measure.Of(best))}{second}{known}.";
        }

        string beside = measure.Of(reference).Count == 0
            ? "; plain Adam is not there yet"
            : $"; plain Adam has {measure.Text(measure.Of(reference))}: {Sureness(Against(best, measure))}";
        return $"{best.Label} is ahead with {measure.Text(measure.Of(best))}{beside}{known}.";
    }

    private static string Sureness(Difference difference) => difference switch
    {
        Difference.Better or Difference.Worse => "a difference larger than the seeds' spread",
        Difference.Within => "a difference within the seeds' spread",
        _ => "one seed, so nobody knows whether the difference is larger than the seeds' spread",
    };

    private static string Listed(string what, Measure[] measures) => measures.Length == 0
        ? string.Empty
        : $"{what} in {string.Join(" and ", measures.GroupBy(m => m.When).Select(g => $"{string.Join(", ", g.Select(m => m.Name))} {g.Key}"))}";

    private static string Sentence(Measure measure) => $"{char.ToUpperInvariant(measure.Name[0])}{measure.Name[1..]} {measure.When}";
}
