using System.Text.RegularExpressions;
using System.Xml.Linq;
using ProxProp.Paper.Curves;
using ProxProp.Paper.Experiments;
using ProxProp.Paper.Report;

namespace ProxProp.Engine.Tests.Paper;

/// <summary>The report: whole, well formed, self-contained, and right about runs that are missing, unfinished or diverged.</summary>
public sealed partial class ReportTests
{
    [Fact]
    public void It_holds_every_line_and_point_is_well_formed_and_needs_nothing_from_elsewhere()
    {
        using MadeUpEvaluation made = Full();
        string page = made.Report();
        Check(page);
        foreach (string name in PaperExperiments.Names)
        {
            Experiment experiment = PaperExperiments.Make(name, 1, 1)!;
            Assert.Contains(experiment.Title, page, StringComparison.Ordinal);
            XElement[] legends = [.. Page(page).Descendants("svg").Where(s => s.Descendants("text").Any(t => t.Value == experiment.Series[^1].Label))];
            Assert.NotEmpty(legends);
            foreach (Series line in experiment.Series)
            {
                Assert.Contains(Page(page).Descendants("th"), h => h.Value == line.Label);
                Assert.Contains(legends, svg => svg.Descendants("text").Any(t => t.Value == line.Label));
            }
        }

        Assert.DoesNotContain("not run yet", Words(page, "td"), StringComparison.Ordinal);
        Assert.DoesNotContain("no data yet", page, StringComparison.Ordinal);
        string[] rows = made.Csv.TrimEnd('\n').Split('\n');
        int points = PaperExperiments.Runs(PaperExperiments.Names.Select(n => PaperExperiments.Make(n, 3, 2)!)).Sum(r => r.Epochs);
        Assert.Equal(points + 1, rows.Length);
        Assert.All(rows, r => Assert.Equal(rows[0].Count(c => c == ','), Quoted().Replace(r, string.Empty).Count(c => c == ',')));
        Assert.Contains(rows, r => r.StartsWith("fig3; beyond,BackProp; Adam,convnet-gradient-adam-lr0.001-seed0,", StringComparison.Ordinal));
    }

    [Fact]
    public void An_empty_folder_gives_a_report_without_numbers()
    {
        using var made = new MadeUpEvaluation(papers: true, 50);
        string page = made.Report();
        Check(page);
        Assert.Contains("nothing to show yet", page, StringComparison.Ordinal);
        Assert.All(Verdicts(page), v => Assert.Equal("not run yet", v));
    }

    [Fact]
    public void Unfinished_diverged_and_missing_runs_say_so()
    {
        using var made = new MadeUpEvaluation(papers: true, 4);
        made.AddTimes(_ => 10);
        Experiment figure = PaperExperiments.Figure2(4, 1);
        made.Add(figure.Series[0].Runs[0], 0.5, 4);
        made.Add(figure.Series[1].Runs[0], 0.5, 2);
        made.Add(figure.Series[2].Runs[0], 0.5, 1, CurveStatus.Diverged);
        Curve lacking = figure.Series[3].Runs[0];
        made.Add(lacking, 0.5, 3);
        CurveResult whole = made.Store.Find(lacking)!;
        made.Store.Save(whole with { Epochs = [whole.Epochs[0], whole.Epochs[2]] });
        string page = made.Report();
        Check(page);
        string cells = Words(page, "td");
        Assert.Contains("2 of 4 epochs so far", cells, StringComparison.Ordinal);
        Assert.Contains("3 of 4 epochs so far", cells, StringComparison.Ordinal);
        Assert.Contains("diverged", cells, StringComparison.Ordinal);
        Assert.Contains("not run yet", cells, StringComparison.Ordinal);
        Assert.Contains("4 epochs, 1 seed; 8 runs: 2 done", page, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_whose_loss_overflowed_shows_as_a_dash()
    {
        using var made = new MadeUpEvaluation(papers: false, 2);
        Curve curve = PaperExperiments.Table1(2).Series[0].Runs[0];
        made.Store.Save(new CurveResult(curve, CurveStatus.Completed, [.. Enumerable.Range(1, 2).Select(
            e => new EpochPoint(e, double.PositiveInfinity, 0.1, double.NaN, double.PositiveInfinity, 0.1, 1))]) { Data = made.Data.Fingerprint });
        Check(made.Report());
        Assert.Equal(CellKind.Diverged, new StabilityTable(made.Read()["table1"], 10).Row("BackProp")[0].Kind);
        Assert.DoesNotContain("NaN", made.Csv, StringComparison.Ordinal);
    }

    [Fact]
    public void The_users_note_is_shown_as_text_and_kept_by_the_next_report()
    {
        using MadeUpEvaluation made = Full();
        Check(made.Report("recompressed <b>images</b> & more"));
        string page = made.Report();
        Check(page);
        Assert.Contains(Page(page).Descendants("p"), p => p.Value == "recompressed <b>images</b> & more");
        Assert.Contains("recompressed", made.Json, StringComparison.Ordinal);
    }

    [Fact]
    public void Digits_are_never_compared_with_the_papers_numbers()
    {
        using MadeUpEvaluation made = Full();
        Assert.All(Verdicts(made.Report()), v => Assert.Equal("not comparable", v));
    }

    [Fact]
    public void A_folder_is_taken_as_long_and_with_as_many_seeds_as_it_has()
    {
        using var made = new MadeUpEvaluation(papers: true, 7);
        made.Add("fig3", _ => 1);
        made.Add("beyond", _ => 1, seeds: 2);
        Evaluation read = Evaluation.Read(made.Data, made.Store, [], defaultEpochs: 50);
        Assert.Equal((7, 1), (read["fig3"].Epochs, read["fig3"].Seeds));
        Assert.Equal((7, 2), (read["beyond"].Epochs, read["beyond"].Seeds));
        Assert.Equal((50, false), (read["fig2"].Epochs, read["fig2"].HasBegun));
        Assert.Equal(3, Evaluation.Read(made.Data, made.Store, [PaperExperiments.Figure3(3, 1)], 50)["fig3"].Epochs);
    }

    private static MadeUpEvaluation Full()
    {
        var made = new MadeUpEvaluation(papers: false, 3);
        made.AddTimes(c => 5 + c.Step.Length);
        foreach (string name in PaperExperiments.Names)
            made.Add(name, c => 0.1 + (0.01 * c.Step.Length) + (0.001 * c.Seed), seeds: 2);
        return made;
    }

    private static void Check(string page)
    {
        XElement root = Page(page);
        Assert.DoesNotContain("NaN", page, StringComparison.Ordinal);
        Assert.DoesNotContain("∞", page, StringComparison.Ordinal);
        Assert.DoesNotContain("Infinity", page, StringComparison.Ordinal);
        Assert.DoesNotContain("://", page, StringComparison.Ordinal);
        Assert.DoesNotContain(root.Descendants(), e => e.Name.LocalName is "script" or "link" or "img" or "iframe" or "object");
        Assert.All(root.Descendants().Attributes().Where(a => a.Name.LocalName is "src" or "href"), a => Assert.StartsWith("#", a.Value, StringComparison.Ordinal));
        Assert.DoesNotMatch(@"url\((?!#)|@import", page);
        string[] ids = [.. root.Descendants().Attributes("id").Select(a => a.Value)];
        Assert.Equal(ids.Length, ids.Distinct().Count());
        Assert.All(Reference().Matches(page), m => Assert.Contains(m.Groups[1].Value, ids));
        Assert.DoesNotMatch(@"<(?:td|th|div|p|span|style|title|ul|dd)\b[^>]*/>", page);
    }

    private static XElement Page(string page) => XElement.Parse(page[page.IndexOf("<html", StringComparison.Ordinal)..]);

    private static string Words(string page, string element) => string.Join('\n', Page(page).Descendants(element).Select(e => e.Value));

    private static string[] Verdicts(string page)
    {
        string[] verdicts = [.. Page(page).Descendants("div").Where(d => d.Attribute("class")?.Value.StartsWith("verdict ", StringComparison.Ordinal) == true).Select(d => d.Value)];
        Assert.NotEmpty(verdicts);
        return verdicts;
    }

    [GeneratedRegex("\"[^\"]*\"")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"(?:url\(#|href=""#)([\w-]+)")]
    private static partial Regex Reference();
}
