using System.Xml.Linq;

namespace ProxProp.Paper.Report;

/// <summary>The table of claims and verdicts.</summary>
internal static class ClaimsSection
{
    /// <summary>The section.</summary>
    public static IEnumerable<XElement> Of(IReadOnlyList<Claim> claims)
    {
        yield return Html.H2("claims", "Claims and verdicts", first: true);
        yield return Html.P(string.Join(", ", Enum.GetValues<Verdict>().Select(v => $"{claims.Count(c => c.Verdict == v)} {Claim.Words(v)}")) + ". "
            + "Each verdict follows from our numbers by the rule that stands below its claim. \"true CG\" is the textbook's recurrence, \"as published\" that of the published code.");
        yield return Html.Table(
            "The paper's numbers are after 50 epochs on CIFAR-10.", ["", "claim and rule", "paper", "ours", "verdict"],
            claims.Select((c, i) => (IEnumerable<object>)
            [
                i == 0 || claims[i - 1].Part != c.Part ? Html.RowHead(c.Part) : "",
                Html.E("td", c.Text, Html.C("div", "rule", claims.Take(i).Any(before => before.Part == c.Part && before.Rule == c.Rule) ? "The same rule." : c.Rule)), c.Paper, c.Ours,
                Html.E("td", Html.C("div", $"verdict {Claim.Words(c.Verdict).Replace(' ', '-')}", Claim.Words(c.Verdict)), Html.C("div", "rule", c.Reason)),
            ]));
    }
}
