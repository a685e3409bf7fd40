using ProxProp.Engine.Data;
using ProxProp.Engine.Tests.Data;

namespace ProxProp.Engine.Tests.Cli;

/// <summary>The program as the shell starts it.</summary>
public sealed class ProcessTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_command_without_options_trains_and_saves_in_the_current_folder()
    {
        using CliProcess process = CliProcess.Start(_folder.Path, "train");
        CliRun run = process.Finish();
        Assert.Equal(string.Empty, run.Error);
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("Saved to proxprop-digits.safetensors (ProxProp (auto)).", run.Output, StringComparison.Ordinal);
        Assert.Equal([_folder.File("proxprop-digits.safetensors")], Directory.GetFileSystemEntries(_folder.Path));
        Assert.All(run.Output.Split('\n'), line => Assert.True(line.Length <= 111, line));
    }

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    [InlineData("HUP")]
    public void A_signal_ends_training_after_the_step_and_saves(string signal)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are sent by kill.");
        using CliProcess process = CliProcess.StartInterruptible(_folder.Path, "train", "--step", "exact", "--epochs", "1000000", "--save", "w");
        while (!process.ReadLine().StartsWith("exact", StringComparison.Ordinal))
        {
        }

        process.Signal(signal);
        CliRun run = process.Finish();
        Assert.Equal(130, run.ExitCode);
        Assert.Matches(@"^proxprop: Stopped by request after step \d+; the saved weights are those of the last complete step\.\r?\n$", run.Error);
        using SafetensorsReader saved = SafetensorsReader.Open(_folder.File("w"));
        Assert.Equal(6, saved.Entries.Count);
    }

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public void A_signal_saves_a_checkpoint_that_goes_on(string signal)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are sent by kill.");
        string[] training = ["train", "--step", "exact", "--model", "mlp:8", "--seed", "3"];
        using CliProcess process = CliProcess.Start(_folder.Path, [.. training, "--epochs", "1000000", "--save", "w", "--checkpoint", "c"]);
        while (!process.ReadLine().StartsWith("exact", StringComparison.Ordinal))
        {
        }

        process.Signal(signal);
        CliRun run = process.Finish();
        Assert.Equal(130, run.ExitCode);
        int steps = int.Parse(System.Text.RegularExpressions.Regex.Match(run.Error, @"after step (\d+); .* Go on with --resume c\.\r?\n$").Groups[1].Value);
        string[] exactly = [.. training, "--max-steps", $"{steps + 20}"];
        CliRun.Done([.. exactly, "--resume", _folder.File("c"), "--save", _folder.File("resumed")]);
        CliRun.Done([.. exactly, "--save", _folder.File("whole")]);
        Assert.Equal(Last(File.ReadAllBytes(_folder.File("whole"))), Last(File.ReadAllBytes(_folder.File("resumed"))));

        // Parameters come last; the header tells the same story but for its words about the run.
        static byte[] Last(byte[] file) => file[^(((64 * 8) + 8 + 80 + 10) * sizeof(float))..];
    }

    /// <summary>A shell that loses its terminal passes the signal on to what the kernel has told already.</summary>
    [Fact]
    public void A_terminal_that_is_closed_ends_training_as_one_stop_however_often_it_is_told()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are sent by kill.");
        using CliProcess process = CliProcess.Start(_folder.Path, "train", "--step", "exact", "--epochs", "1000000", "--save", "w");
        while (!process.ReadLine().StartsWith("exact", StringComparison.Ordinal))
        {
        }

        // To its very end.
        for (int i = 0; i < 200 && !process.HasExited; i++)
            process.Signal("HUP");
        Assert.Equal(130, process.Finish().ExitCode);
        Assert.True(File.Exists(_folder.File("w")));
    }

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public void A_signal_while_data_are_loaded_ends_before_the_first_step(string signal)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "What a process has open is seen in /proc.");
        string log = _folder.Add("log", "the earlier log");
        string line = string.Concat(Enumerable.Range(0, 40).Select(i => $"0.{i}125,"));
        string data = _folder.Add("data.csv", string.Concat(Enumerable.Range(0, 100_000).Select(i => $"{line}{i % 2}\n")));
        using CliProcess process = CliProcess.StartInterruptible(_folder.Path, "train", "--dataset", "csv", "--data", data, "--log", log, "--save", "w");
        while (!process.HasOpen(data))
            Thread.Sleep(1);
        process.Signal(signal);
        CliRun run = process.Finish();
        Assert.Equal((130, "proxprop: Stopped by request before the first step; nothing was saved."), (run.ExitCode, run.Error.TrimEnd()));
        Assert.Equal("the earlier log", File.ReadAllText(log));
        Assert.False(File.Exists(_folder.File("w")));
    }

    [Fact]
    public void A_full_disk_leaves_the_old_weights()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The limit on file sizes is set by a Unix shell.");
        string path = _folder.Add("w", "the old weights");
        using CliProcess process = CliProcess.StartOnSmallDisk(_folder.Path, 16, "train", "--step", "exact", "--epochs", "1", "--save", "w");
        CliRun run = process.Finish();
        Assert.Equal(1, run.ExitCode);
        Assert.Matches(
            @"^proxprop: Cannot save w: .+ The file as it was before, if any, is unchanged\. "
            + @"Free the disk or give --save another path, and train again\.\r?\n$",
            run.Error);
        Assert.Contains("test acc.", run.Output, StringComparison.Ordinal);
        Assert.Equal("the old weights", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(_folder.Path));
    }
}
