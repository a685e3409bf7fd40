using ProxProp.Paper.Experiments;

namespace ProxProp.Paper.Report;

/// <summary>What becomes of a claim of the paper here.</summary>
internal enum Verdict
{
    /// <summary>Its rule holds on our numbers.</summary>
    Reproduced,

    /// <summary>Its rule holds for a part of them.</summary>
    Partly,

    /// <summary>Its rule does not hold.</summary>
    NotReproduced,

    /// <summary>Our numbers are of other data or after fewer epochs, so that the rule says nothing.</summary>
    NotComparable,

    /// <summary>The numbers are not there yet.</summary>
    NotRun,
}

/// <summary>A claim, the rule that decides it, and what came of it.</summary>
/// <param name="Part">The figure or table.</param>
/// <param name="Text">The claim.</param>
/// <param name="Rule">When it counts as reproduced, and when as partly.</param>
/// <param name="Paper">The paper's numbers.</param>
/// <param name="Ours">Our numbers.</param>
/// <param name="Verdict">What follows by the rule.</param>
/// <param name="Reason">What is to be known about the verdict; may be empty.</param>
internal sealed record Claim(string Part, string Text, string Rule, string Paper, string Ours, Verdict Verdict, string Reason)
{
    /// <summary>A claim with the verdict that follows from its rule and from what the numbers are.</summary>
    /// <param name="evaluation">Where the numbers are from.</param>
    /// <param name="epochs">After how many epochs they are.</param>
    /// <param name="byRule">What the rule says.</param>
    /// <param name="needsAllEpochs">Whether the paper's own numbers enter the rule, which takes as many epochs as the paper's.</param>
    public Claim Judged(Evaluation evaluation, int epochs, Verdict byRule, bool needsAllEpochs = false)
    {
        if (byRule == Verdict.NotRun)
            return this with { Verdict = byRule, Reason = "the runs that it needs have not come far enough" };
        string alone = $"; by the rule alone: {Words(byRule)}";
        if (!evaluation.Data.IsPapers)
            return this with { Verdict = Verdict.NotComparable, Reason = $"{evaluation.Data.Name} and small networks, not the paper's{alone}" };
        bool fewer = epochs < PaperExperiments.PaperEpochs;
        if (fewer && needsAllEpochs)
            return this with { Verdict = Verdict.NotComparable, Reason = $"{Format.Count(epochs, "epoch")} instead of {PaperExperiments.PaperEpochs}{alone}" };
        string after = fewer ? $"after {Format.Count(epochs, "epoch")}; the paper has {PaperExperiments.PaperEpochs}" : string.Empty;
        return this with { Verdict = byRule, Reason = string.Join("; ", new[] { after, Reason }.Where(r => r.Length > 0)) };
    }

    /// <summary>A verdict as the report writes it.</summary>
    public static string Words(Verdict verdict) => verdict switch
    {
        Verdict.Reproduced => "reproduced",
        Verdict.Partly => "partly",
        Verdict.NotReproduced => "not reproduced",
        Verdict.NotComparable => "not comparable",
        _ => "not run yet",
    };

    /// <summary>All hold: reproduced; some: partly; none: not reproduced; not known for any: not run.</summary>
    public static Verdict Of(IEnumerable<bool?> tests)
    {
        bool?[] all = [.. tests];
        return all.Length == 0 || all.Any(t => t is null) ? Verdict.NotRun
            : all.All(t => t == true) ? Verdict.Reproduced
            : all.Any(t => t == true) ? Verdict.Partly
            : Verdict.NotReproduced;
    }
}
