using System.Text;
using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Paper.Curves;

namespace ProxProp.Paper.Report;

/// <summary>Writes <c>report.html</c>, <c>report.json</c> and <c>curves.csv</c> from what is in an evaluation's folder.</summary>
internal static class PaperReport
{
    /// <summary>The page's file name.</summary>
    public const string FileName = "report.html";

    private const string JsonName = "report.json";
    private const string CsvName = "curves.csv";

    /// <summary>Writes all three.</summary>
    /// <param name="store">The folder.</param>
    /// <param name="evaluation">What was read from it.</param>
    /// <param name="head">What the report says of itself; without a note, that of the report before stays.</param>
    /// <returns>The page's path.</returns>
    public static string Write(CurveStore store, Evaluation evaluation, ReportHead head)
    {
        head = head with { Note = head.Note ?? store.ReadNamed<EarlierReport>(JsonName)?.Note };
        using var compute = new ComputeContext();
        IReadOnlyList<EnergyLeft> study = RecurrenceStudy.Run(evaluation.Data, compute);
        var table = new StabilityTable(evaluation["table1"], evaluation.Data.Train.Classes);
        Claim[] claims = [.. CurveClaims.Figure2(evaluation), .. StabilityClaims.Of(evaluation, table), .. CurveClaims.Figure3(evaluation)];
        IReadOnlyList<RunRecord> runs = ReportFiles.Runs(evaluation);
        ReportFiles.WriteCsv(Path.Combine(store.Folder, CsvName), runs);
        store.WriteNamed(JsonName, new ReportRecord(head.Facts(evaluation).ToDictionary(f => f.Name, f => f.Value), head.Note, claims, evaluation.Times, study, runs));
        string page = Html.Page($"ProxProp: the paper's evaluation on {evaluation.Data.Name}",
        [
            .. head.Elements(evaluation), .. ClaimsSection.Of(claims), .. FigureSections.Figure2(evaluation), .. StabilitySection.Of(evaluation, table),
            .. FigureSections.Figure3(evaluation), .. PublishedSection.Of(evaluation, table, study), .. BeyondSection.Of(evaluation), .. HowSection.Of(evaluation),
        ]);
        string path = Path.Combine(store.Folder, FileName);
        AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(page)));
        return path;
    }

    /// <summary>What a new report takes over from the one before.</summary>
    private sealed record EarlierReport(string? Note);
}
