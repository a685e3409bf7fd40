using ProxProp.Cli;
using ProxProp.Engine.Tests.Cli;
using ProxProp.Engine.Tests.Data;
using ProxProp.Paper;
using ProxProp.Paper.Experiments;

namespace ProxProp.Engine.Tests.Paper;

/// <summary><c>proxprop paper</c> from the command line to the report.</summary>
public sealed class PaperCommandTests
{
    private static readonly string[] s_quick = ["paper", "--quick", "--only", "fig2", "--epochs", "1"];

    [Fact]
    public void It_runs_reports_and_does_not_run_again_what_is_done()
    {
        using var folder = new TemporaryFolder();
        string output = CliRun.Done([.. s_quick, "--jobs", "2", "--threads", "1", "--output", folder.Path]);
        Assert.Contains("8 of 8 runs are to be done, 2 at a time on 1 thread each", output, StringComparison.Ordinal);
        Assert.StartsWith("[8/8] ", output.TrimEnd('\n').Split('\n')[^2], StringComparison.Ordinal);
        Assert.Contains("About 0 s left.\nThe report: ", output, StringComparison.Ordinal);
        Assert.EndsWith($"The report: {folder.File("report.html")}\n", output, StringComparison.Ordinal);
        string page = File.ReadAllText(folder.File("report.html"));
        foreach (Series line in PaperExperiments.Figure2(1, 1).Series)
            Assert.Contains(line.Label, page, StringComparison.Ordinal);
        Assert.DoesNotContain(folder.Path, page, StringComparison.Ordinal);
        Assert.DoesNotContain(folder.Path, File.ReadAllText(folder.File("report.json")), StringComparison.Ordinal);

        string[] before = Contents(folder);
        string again = CliRun.Done([.. s_quick, "--output", folder.Path]);
        Assert.StartsWith($"All 8 runs are done; they are in {folder.Path}.", again, StringComparison.Ordinal);
        Assert.Equal(before, Contents(folder));

        File.Delete(folder.File("report.html"));
        Assert.StartsWith("The report: ", CliRun.Done("paper", "--quick", "--report-only", "--output", folder.Path), StringComparison.Ordinal);
        Assert.True(File.Exists(folder.File("report.html")));
        Assert.Equal(before, Contents(folder));
    }

    [Fact]
    public void A_stopped_one_reports_what_there_is()
    {
        using var folder = new TemporaryFolder();
        CliRun run = CliRun.Of(new CancellationToken(canceled: true), [.. s_quick, "--output", folder.Path]);
        Assert.Equal((ExitCode.Interrupted, string.Empty), (run.ExitCode, run.Error));
        Assert.Contains("Stopped; the same command goes on. The report: ", run.Output, StringComparison.Ordinal);
        Assert.Contains("not run yet", File.ReadAllText(folder.File("report.html")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_record_and_other_data_end_it_with_one_line()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "curves", PaperExperiments.Figure2(1, 1).Runs.First().Id + ".json");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        foreach (string[] command in new string[][] { s_quick, ["paper", "--quick", "--report-only"] })
        {
            File.WriteAllText(path, "{ \"curve\": tru");
            Assert.Contains($"{path}, line 1: found", CliRun.Fails(ExitCode.Failed, [.. command, "--output", folder.Path]), StringComparison.Ordinal);
            File.WriteAllText(path, """
                { "curve": { "net": "mlp", "step": "gradient", "optimizer": "nesterov", "rate": 0.05, "epochs": 1 }, "status": "completed", "data": "other rows",
                  "epochs": [ { "epoch": 1, "fullLoss": 1 } ] }
                """);
            string line = CliRun.Fails(ExitCode.Failed, [.. command, "--output", folder.Path]);
            Assert.Contains($"other data (other rows), but these are {PaperData.Digits().Fingerprint}; use another folder", line, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("--only must be one or more of fig2, table1, fig3, beyond, but is 'fig4'.", "--quick", "--only", "fig2,fig4")]
    [InlineData("--data must name the folder", "--only", "fig2")]
    [InlineData("leave out --data", "--quick", "--data", ".")]
    [InlineData("leave out --threads and --jobs", "--quick", "--report-only", "--jobs", "2")]
    [InlineData("--epochs must be a whole number of at least 1, but is '0'.", "--quick", "--epochs", "0")]
    public void Wrong_usage_is_refused_in_one_line(string expected, params string[] words) =>
        Assert.Contains(expected, CliRun.Fails(ExitCode.Usage, ["paper", .. words]), StringComparison.Ordinal);

    [Fact]
    public void A_report_of_nothing_is_refused()
    {
        using var folder = new TemporaryFolder();
        string missing = folder.File("missing");
        Assert.Contains($"but {missing} is none", CliRun.Fails(ExitCode.Failed, "paper", "--quick", "--report-only", "--output", missing), StringComparison.Ordinal);
        Assert.False(Directory.Exists(missing));
    }

    private static string[] Contents(TemporaryFolder folder) =>
        [.. Directory.GetFiles(Path.Combine(folder.Path, "curves")).Order(StringComparer.Ordinal).Select(File.ReadAllText)];
}
