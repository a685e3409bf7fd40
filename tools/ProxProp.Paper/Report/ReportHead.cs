using System.Globalization;
using System.Runtime.InteropServices;
using System.Xml.Linq;
using ProxProp.Paper.Curves;

namespace ProxProp.Paper.Report;

/// <summary>What the report says of itself.</summary>
/// <param name="Version">The program's version.</param>
/// <param name="CommandLine">The call that wrote it.</param>
/// <param name="Note">The user's words on the data or the run; null for none.</param>
/// <param name="Written">When.</param>
internal sealed record ReportHead(string Version, string CommandLine, string? Note, DateTimeOffset Written)
{
    private static readonly (string, string)[] s_sections =
    [
        ("claims", "Claims"), ("fig2", "Figure 2"), ("table1", "Table 1"), ("fig3", "Figure 3"), ("published", "As published"), ("beyond", "Beyond"),
        ("how", "How it was made"),
    ];

    /// <summary>The top of the page.</summary>
    public IEnumerable<XElement> Elements(Evaluation evaluation)
    {
        yield return Html.E("h1", "Proximal backpropagation: the paper's evaluation, again");
        yield return Html.C(
            "p", "lead", "T. Frerix, T. Möllenhoff, M. Moeller, D. Cremers, ", Html.E("em", "Proximal Backpropagation"), ", ICLR 2018: its Figures 2 and 3 and its Table 1, "
            + "computed on a processor, with true conjugate gradients and as the published code has them, and what lies beyond.");
        if (!evaluation.Data.IsPapers)
        {
            yield return Html.C(
                "p", "note", $"Quick evaluation: the data are {evaluation.Data.Name}, the networks small and the epochs few. It shows that everything works; none of its numbers "
                + "can be compared with the paper's.");
        }

        if (Note is not null)
            yield return Html.C("p", "note", Note);
        yield return Html.E(
            "nav", s_sections.Select(l => Html.E("a", new XAttribute("href", "#" + l.Item1), l.Item2)));
        yield return Html.E("dl", Facts(evaluation).SelectMany(f => new[] { Html.E("dt", f.Name), Html.E("dd", f.Value) }));
    }

    /// <summary>The facts, by name.</summary>
    public IEnumerable<(string Name, string Value)> Facts(Evaluation evaluation)
    {
        PaperData data = evaluation.Data;
        yield return ("Data", string.Create(CultureInfo.InvariantCulture,
            $"{data.Name}: {data.Train.Count:N0} rows for training, {data.Validation.Count:N0} for validation, {data.Test.Count:N0} for testing; "
            + $"batches of {data.Batch}, {data.StepsPerEpoch} steps an epoch"));
        yield return ("Epochs and seeds", string.Join("; ", evaluation.Experiments.Select(
            e => $"{e.Experiment.Name} {Format.Count(e.Epochs, "epoch")}, {Format.Count(e.Seeds, "seed")}{(e.HasBegun ? "" : " (not run yet)")}")));
        yield return ("Processor", $"{Machine.Processor}, {Format.Count(Environment.ProcessorCount, "processor")}, vectors of {Machine.Width}");
        yield return ("Threads of a run", Threads(evaluation));
        yield return ("Step times", evaluation.Times is { } times
            ? $"medians, measured in turns on {Format.Count(times.Threads, "thread")}{(times.Processor is { } p && p != Machine.Processor ? $" of {p}" : "")}"
            : "not measured yet");
        yield return ("Software", $"proxprop {Version}, {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSArchitecture}");
        yield return ("Written", Written.ToString("yyyy-MM-dd HH:mm 'UTC'zzz", CultureInfo.InvariantCulture));
        yield return ("Command", CommandLine);
    }

    private static string Threads(Evaluation evaluation)
    {
        int[] threads = [.. evaluation.Experiments.SelectMany(e => e.Series).SelectMany(s => s.Runs).OfType<CurveResult>().Select(r => r.Threads).Distinct().Order()];
        return threads.Length == 0 ? "no runs yet" : string.Join(" or ", threads) + " (results do not depend on it)";
    }
}
