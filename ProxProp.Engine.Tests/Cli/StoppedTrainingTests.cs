using ProxProp.Cli;
using ProxProp.Cli.Output;
using ProxProp.Engine.Tests.Data;

namespace ProxProp.Engine.Tests.Cli;

/// <summary>Training that is stopped, fails or cannot save: what is saved all the same, and what is said of it.</summary>
public sealed class StoppedTrainingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Saved => _folder.File("w.safetensors");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_request_to_stop_before_the_first_step_saves_nothing()
    {
        CliRun run = CliRun.Of(new CancellationToken(canceled: true), "train", "--save", Saved);
        Assert.Equal(130, run.ExitCode);
        Assert.False(File.Exists(Saved));
        Assert.Equal("proxprop: Stopped by request before the first step; nothing was saved.", run.Error.TrimEnd());
    }

    [Fact]
    public void Weights_are_saved_before_the_second_run()
    {
        bool? saved = null;
        using var output = new WatchedWriter("gradient epoch 1/", () => saved = File.Exists(Saved));
        Assert.Equal(0, CommandLine.Run(["train", "--epochs", "1", "--save", Saved], new Terminal(output, TextWriter.Null)));
        Assert.True(saved);
    }

    [Theory]
    [InlineData("exact    epoch 2/3", "after step 26; the saved weights are those of the last complete step.", "--step", "exact")]
    [InlineData("exact    epoch 3/3", "when training was complete; the weights are saved.", "--step", "exact")]
    [InlineData("gradient epoch 2/3", "before the second run was complete; the first run's weights are saved.")]
    public void A_request_to_stop_saves_and_evaluates_no_test_rows(string when, string message, params string[] options)
    {
        using var cancel = new CancellationTokenSource();
        using var output = new WatchedWriter(when, cancel.Cancel);
        using var error = new StringWriter();
        Assert.Equal(130, CommandLine.Run(["train", "--epochs", "3", "--save", Saved, .. options], new Terminal(output, error), cancel.Token));
        Assert.Equal($"proxprop: Stopped by request {message}", error.ToString().TrimEnd());
        string[] rows = [.. output.ToString().Split('\n').Where(l => l.StartsWith(when[0] == 'e' ? "ProxProp (exact)  " : "backpropagation  ", StringComparison.Ordinal))];
        Assert.Equal("-", Assert.Single(rows).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2]);
        CliRun.Done("evaluate", "--weights", Saved);
    }

    [Fact]
    public void Any_number_of_steps_goes_on_until_the_stop()
    {
        using var cancel = new CancellationTokenSource();
        using var output = new WatchedWriter("exact", cancel.Cancel);
        using var error = new StringWriter();
        string[] args = ["train", "--step", "exact", "--max-steps", "2147483647", "--save", Saved];
        Assert.Equal(130, CommandLine.Run(args, new Terminal(output, error), cancel.Token));
        Assert.StartsWith("proxprop: Stopped by request after step 13;", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Checkpoints_that_cannot_be_saved_are_told_while_training_and_when_they_can_be_again()
    {
        string checkpoint = _folder.File("c");
        using var error = new StringWriter();
        bool told = false;
        using var output = new WatchedWriter(
            ("exact    epoch 1/", () =>
            {
                File.Delete(checkpoint);
                Directory.CreateDirectory(checkpoint);
            }),
            ("exact    epoch 3/", () =>
            {
                told = error.ToString().Contains("Training goes on.", StringComparison.Ordinal);
                Directory.Delete(checkpoint);
            }));
        string[] args = ["train", "--step", "exact", "--epochs", "4", "--save", Saved, "--checkpoint", checkpoint, "--checkpoint-every", "1"];
        Assert.Equal(0, CommandLine.Run(args, new Terminal(output, error)));
        Assert.True(told);
        Assert.Equal(
            [
                $"proxprop: The checkpoint of step 13: Cannot save {checkpoint}: It is a folder. The file as it was before, if any, is unchanged. Training goes on.",
                "proxprop: The checkpoint of step 39 is saved.",
            ],
            error.ToString().ReplaceLineEndings("\n").TrimEnd().Split('\n'));
    }

    [Theory]
    [InlineData("and train again.")]
    [InlineData("and go on with --resume c.", "--checkpoint", "c")]
    public void Weights_that_cannot_be_saved_leave_the_results_and_what_is_left_to_do(string advice, params string[] options)
    {
        if (options.Length > 0)
            options[^1] = _folder.File("c");
        using var error = new StringWriter();
        using var output = new WatchedWriter("exact", () => Directory.CreateDirectory(Saved));
        Assert.Equal(1, CommandLine.Run(["train", "--step", "exact", "--epochs", "1", "--save", Saved, .. options], new Terminal(output, error)));
        Assert.Contains("test acc.", output.ToString(), StringComparison.Ordinal);
        Assert.Equal(
            $"proxprop: Cannot save {Saved}: It is a folder. The file as it was before, if any, is unchanged. Free the disk or give --save another path, "
            + advice.Replace("--resume c", $"--resume {_folder.File("c")}", StringComparison.Ordinal),
            error.ToString().TrimEnd());
    }

    [Fact]
    public void A_loss_that_is_not_finite_saves_the_weights_of_the_last_checkpoint_and_says_of_which_step_they_are()
    {
        string message = CliRun.Fails(
            1, "train", "--step", "gradient", "--optimizer", "sgd", "--lr", "1e30", "--save", Saved, "--checkpoint", _folder.File("c"), "--checkpoint-every", "1");
        Assert.Matches(@"^backpropagation: The loss became \S+ at step 2: .* The saved weights are those after step 1\.$", message);
        CliRun.Done("evaluate", "--weights", Saved);
    }

    [Fact]
    public void A_loss_that_is_not_finite_fails_and_names_layer_and_step()
    {
        string message = CliRun.Fails(1, "train", "--step", "gradient", "--optimizer", "sgd", "--lr", "1e30", "--save", Saved);
        Assert.Matches(@"^backpropagation: The loss became \S+ at step \d+: .*layer \d.*Try a smaller learning rate\.", message);
        Assert.False(File.Exists(Saved));
    }

    // Acts when a line is written.
    private sealed class WatchedWriter(params (string Start, Action Seen)[] watched) : StringWriter(System.Globalization.CultureInfo.InvariantCulture)
    {
        public WatchedWriter(string start, Action seen)
            : this((start, seen))
        {
        }

        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            foreach ((string start, Action seen) in watched)
            {
                if (value?.StartsWith(start, StringComparison.Ordinal) == true)
                    seen();
            }
        }
    }
}
