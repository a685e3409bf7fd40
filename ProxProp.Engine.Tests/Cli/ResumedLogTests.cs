using System.Text.Json;
using ProxProp.Engine.Tests.Data;

namespace ProxProp.Engine.Tests.Cli;

/// <summary>A run that goes on from its checkpoint goes on in its log, so that the log is that of a run that nobody disturbed.</summary>
public sealed class ResumedLogTests : IDisposable
{
    private static readonly string[] Training = ["train", "--model", "mlp:8", "--step", "exact", "--batch", "200", "--seed", "3", "--threads", "1"];

    private readonly TemporaryFolder _folder = new();
    private readonly string[] _whole;

    public ResumedLogTests()
    {
        Train("--max-steps", "20", "--checkpoint", Checkpoint);
        File.Copy(Log, _folder.File("20.jsonl"));
        Train("--max-steps", "30");
        File.Copy(Log, _folder.File("30.jsonl"));
        _whole = Lines(Log);
    }

    private string Log => _folder.File("log.jsonl");

    private string Checkpoint => _folder.File("c.safetensors");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(20, "")] // killed right after the checkpoint
    [InlineData(24, "")]
    [InlineData(24, """{"step":25,"ep""")]
    [InlineData(20, "{")]
    [InlineData(21, """{"epoch":3,"trainLoss":0""")]
    [InlineData(30, "")]
    public void What_stands_behind_the_checkpoint_is_cut_off(int steps, string torn)
    {
        File.WriteAllText(Log, UpTo(steps) + torn);
        Resume();
        Assert.Equal(_whole, Lines(Log));
    }

    [Fact]
    public void Another_report_interval_is_the_same_run()
    {
        File.WriteAllText(Log, UpTo(26));
        Resume("--report-every", "3");
        Assert.Equal(Steps(_whole), Steps(Lines(Log)));
    }

    [Theory]
    [InlineData("not a log\n")]
    [InlineData("not a log")]
    [InlineData("")]
    public void A_file_that_is_no_log_is_appended_to(string earlier)
    {
        File.WriteAllText(Log, earlier);
        Resume();
        string text = File.ReadAllText(Log);
        Assert.StartsWith(earlier + """{"plan":[""", text, StringComparison.Ordinal);
        Assert.Equal(10, Count(text, "\"step\":"));
    }

    [Fact]
    public void A_log_of_another_run_and_one_with_other_lines_are_appended_to()
    {
        string[] earlier =
        [
            UpTo(28).Replace("\"loss\":", "\"loss\":1", StringComparison.Ordinal),
            UpTo(19),
            UpTo(28) + "# a note\n",
            UpTo(20) + "a note",
        ];
        foreach (string log in earlier)
        {
            File.WriteAllText(Log, log);
            Resume();
            string text = File.ReadAllText(Log);
            Assert.StartsWith(log + """{"plan":[""", text, StringComparison.Ordinal);
            Assert.Equal(Count(log, "\"step\":") + 10, Count(text, "\"step\":"));
        }
    }

    [Fact]
    public void A_note_before_the_checkpoint_stays()
    {
        File.WriteAllText(Log, "Müller's run\n" + UpTo(24));
        Resume();
        Assert.Equal(["Müller's run", .. _whole], Lines(Log));
    }

    [Fact]
    public void A_checkpoint_of_another_run_leaves_the_log_alone()
    {
        File.WriteAllText(Log, UpTo(24));
        CliRun.Fails(1, [.. Training, "--max-steps", "30", "--lr", "0.5", "--log", Log, "--resume", Checkpoint, "--save", _folder.File("w")]);
        Assert.Equal(UpTo(24), File.ReadAllText(Log));
    }

    [Fact]
    public void A_killed_run_has_every_step_of_its_checkpoint_in_the_log()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "SIGKILL is sent by kill.");
        string[] training = [.. Training, "--epochs", "100000", "--save", "w", "--checkpoint", "killed", "--checkpoint-every", "1", "--log", "killed.jsonl"];
        using CliProcess process = CliProcess.Start(_folder.Path, training);
        string checkpoint = _folder.File("killed"), log = _folder.File("killed.jsonl");
        while (!process.HasExited && !process.ReadLine().StartsWith("exact", StringComparison.Ordinal))
        {
        }

        process.Signal("KILL");
        process.Finish();
        string[] done = [.. Training, "--log", log, "--resume", checkpoint, "--save", _folder.File("w")];
        long reached = long.Parse(Steps(Lines(log, whole: true))[^1]);
        CliRun.Done([.. done, "--max-steps", $"{reached + 10}"]);
        Assert.Equal(Enumerable.Range(1, (int)reached + 10).Select(s => $"{s}"), Steps(Lines(log)));
        Assert.Single(Lines(log), l => l.StartsWith("""{"plan":""", StringComparison.Ordinal));
    }

    private void Train(params string[] options) => CliRun.Done([.. Training, "--log", Log, "--save", _folder.File("w"), .. options]);

    private void Resume(params string[] options)
    {
        File.Copy(Checkpoint, _folder.File("again"), overwrite: true);
        Train(["--max-steps", "30", "--resume", _folder.File("again"), .. options]);
    }

    // The log of the whole run up to a step, with its epoch's line if it is an epoch's last.
    private string UpTo(int steps)
    {
        string[] lines = File.ReadAllLines(_folder.File(steps <= 20 ? "20.jsonl" : "30.jsonl"));
        int end = Array.FindIndex(lines, l => l.StartsWith($"{{\"step\":{steps + 1},", StringComparison.Ordinal));
        return string.Join('\n', lines[..(end < 0 ? lines.Length : end)]) + "\n";
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    private static string[] Steps(string[] lines) =>
        [.. lines.Where(l => l.StartsWith("{\"step\":", StringComparison.Ordinal)).Select(l => JsonDocument.Parse(l).RootElement.GetProperty("step").ToString())];

    // Seconds are another time's.
    private static string[] Lines(string path, bool whole = false)
    {
        string text = File.ReadAllText(path);
        if (whole)
            text = text[..(text.LastIndexOf('\n') + 1)];
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Contains("\"seconds\":", StringComparison.Ordinal) ? l[..l.IndexOf("\"seconds\":", StringComparison.Ordinal)] : l)];
    }
}
