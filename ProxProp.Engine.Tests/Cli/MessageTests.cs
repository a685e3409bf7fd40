using System.Globalization;
using ProxProp.Cli;
using ProxProp.Cli.Output;
using ProxProp.Engine.Tests.Data;

namespace ProxProp.Engine.Tests.Cli;

/// <summary>What the program says when something is wrong: one line that names it and says what to do, and the exit code.</summary>
public sealed class MessageTests : IDisposable
{
    private const string TrainHelp = " See: proxprop train --help";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("Unrecognized command or argument '--stpe'.", "--stpe", "exact")]
    [InlineData("--batch must be a whole number of at least 1, but is '0'.", "--batch", "0")]
    [InlineData("--batch must be a whole number of at least 1, but is 'many'.", "--batch", "many")]
    [InlineData("--epochs must be a whole number of at least 1, but is '2.5'.", "--epochs", "2.5")]
    [InlineData("--lr must be a positive number, but is '-1'.", "--lr", "-1")]
    [InlineData("--lr must be a positive number, but is '0,1'.", "--lr", "0,1")]
    [InlineData("--lr must be a positive number, but is 'NaN'.", "--lr", "NaN")]
    [InlineData("--momentum must be at least 0 and below 1, but is '1'.", "--momentum", "1")]
    [InlineData("--weight-decay must be a number of at least 0, but is '-1'.", "--weight-decay", "-1")]
    [InlineData("--weight-decay must be a number of at least 0, but is 'NaN'.", "--weight-decay", "NaN")]
    [InlineData("--tau-theta must be a positive number, but is '0'.", "--tau-theta", "0")]
    [InlineData("--seed must be a whole number of at least 0, but is '-1'.", "--seed", "-1")]
    [InlineData("--step must be gradient, exact, auto, cgN or pcgN with N of at least 1 (cg3, for example), but is 'cg0'.", "--step", "cg0")]
    [InlineData("--step must be gradient, exact, auto, cgN or pcgN with N of at least 1 (cg3, for example), but is 'newton'.", "--step", "newton")]
    [InlineData("--optimizer must be one of sgd, momentum, nesterov, adam, adamw, but is 'lion'.", "--optimizer", "lion")]
    [InlineData("--precision must be one of float, double, but is 'half'.", "--precision", "half")]
    [InlineData("--dataset must be one of digits, mnist, cifar10, csv, but is 'imagenet'.", "--dataset", "imagenet")]
    [InlineData("--dataset mnist needs --data with the folder with the four IDX files.", "--dataset", "mnist")]
    [InlineData("--dataset csv needs --data with the CSV file.", "--dataset", "csv")]
    [InlineData("--data is given, but not what it is: add --dataset mnist, cifar10 or csv.", "--data", "x")]
    [InlineData("The digits are part of the program: leave --data out, or name another --dataset.", "--dataset", "digits", "--data", "x")]
    [InlineData("--label is for CSV files; digits has its labels in a fixed place.", "--label", "2")]
    [InlineData("--tau-theta is for proximal steps; leave it out, or take --step auto, exact, cgN or pcgN.", "--step", "gradient", "--tau-theta", "1")]
    [InlineData("--damping is for proximal steps; leave it out, or take --step auto, exact, cgN or pcgN.", "--step", "gradient", "--damping", "lm")]
    [InlineData("--lambda is for proximal steps; leave it out, or take --step auto, exact, cgN or pcgN.", "--step", "gradient", "--lambda", "1")]
    [InlineData("--lambda is for --damping scale-free and lm; fixed damping takes --tau-theta.", "--lambda", "1")]
    [InlineData("--lambda is for --damping scale-free and lm; fixed damping takes --tau-theta.", "--damping", "fixed", "--lambda", "1")]
    [InlineData("--tau-theta is for fixed damping; --damping lm takes --lambda.", "--damping", "lm", "--tau-theta", "1")]
    [InlineData("--tau-theta is for fixed damping; --damping scale-free takes --lambda.", "--damping", "scale-free", "--tau-theta", "1")]
    [InlineData("--lambda must be a positive number, but is '0'.", "--damping", "lm", "--lambda", "0")]
    [InlineData("--damping must be one of fixed, scale-free, lm, but is 'none'.", "--damping", "none")]
    [InlineData(
        "--damping lm compares the loss with what the direction foresees, but adam does not step along the direction; take --damping scale-free, "
        + "or --optimizer nesterov, momentum or sgd.",
        "--damping", "lm", "--optimizer", "adam")]
    [InlineData("--threads must be a whole number from 0 to 1024, but is '100000'.", "--threads", "100000")]
    [InlineData("--threads must be a whole number from 0 to 1024, but is '-1'.", "--threads", "-1")]
    [InlineData("--data is empty; expected PATH.", "--dataset", "csv", "--data", "")]
    [InlineData("--label is empty; expected COLUMN.", "--dataset", "csv", "--data", "x", "--label=")]
    [InlineData("--log is empty; expected FILE.jsonl.", "--log", "")]
    [InlineData("--save is empty; expected FILE.", "--save", "")]
    [InlineData(
        "--label none is for predict: training needs labels; give their column, by its name or its number from 1.",
        "--dataset", "csv", "--data", "x", "--label", "none")]
    [InlineData("--report-every is for --log; give both or neither.", "--report-every", "5")]
    [InlineData("--momentum is for the optimizers momentum and nesterov, not adam.", "--optimizer", "adam", "--momentum", "0.9")]
    [InlineData("--model 'resnet' is neither mlp:H1,H2,... nor convnet nor a JSON file that exists.", "--model", "resnet")]
    [InlineData("'x' in --model mlp:8,x is no width: expected whole numbers of at least 1, as in mlp:128,64.", "--model", "mlp:8,x")]
    [InlineData("--train-samples 1798 is more than the 1797 rows there are.", "--train-samples", "1798")]
    public void Wrong_usage(string message, params string[] options) => Assert.Equal(message + TrainHelp, CliRun.Fails(2, [
        "train", .. options, .. options.Contains("--save") ? Array.Empty<string>() : ["--save", _folder.File("w")]]));

    [Theory]
    [InlineData("Required command was not provided. See: proxprop --help")]
    [InlineData("Unrecognized command or argument 'fit'. See: proxprop --help", "fit")]
    [InlineData("Option '--weights' is required. See: proxprop evaluate --help", "evaluate")]
    [InlineData("--weights is empty; expected FILE. See: proxprop evaluate --help", "evaluate", "--weights", "")]
    [InlineData(
        "--label none is for predict: training needs labels; give their column, by its name or its number from 1. See: proxprop verify --help",
        "verify", "--dataset", "csv", "--data", "x", "--label", "none")]
    [InlineData("Required argument missing for option: '--batch'. See: proxprop train --help", "train", "--batch")]
    [InlineData("Required argument 'FILE' missing for command: 'info'. See: proxprop info --help", "info")]
    public void Wrong_commands(string message, params string[] args)
    {
        string found = CliRun.Fails(2, args);
        Assert.Equal(message, found);
    }

    [Theory]
    [InlineData("train")]
    [InlineData("evaluate")]
    [InlineData("predict")]
    [InlineData("info")]
    public void Help_is_no_error(string command) => Assert.Contains($"proxprop {command} ", CliRun.Done(command, "--help"), StringComparison.Ordinal);

    [Fact]
    public void The_version_tells_the_vector_width_and_the_threads() =>
        Assert.Matches(@"^proxprop \d+\.\d+\.\d+ \((scalar|(128|256|512)-bit), \d+ threads?\)\r?\n$", CliRun.Done("--version"));

    [Fact]
    public void A_missing_folder_to_save_in_is_told_before_training()
    {
        string path = _folder.File("nowhere/w.safetensors");
        Assert.Equal(
            $"Cannot save {path}: there is no folder {_folder.File("nowhere")}. Create it, or give --save another path.",
            CliRun.Fails(1, "train", "--save", path));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void A_folder_in_the_place_of_the_file() =>
        Assert.Equal($"Cannot save {_folder.Path}: it is a folder. Give --save the name of a file.", CliRun.Fails(1, "train", "--save", _folder.Path));

    [Fact]
    public void A_read_only_place()
    {
        // Permissions do not bind an administrator; /proc does.
        Assert.SkipUnless(Directory.Exists("/proc/self"), "This system has no /proc.");
        Assert.Matches(
            @"^Cannot save /proc/w\.safetensors: .+ Give --save a path that may be written to\.$",
            CliRun.Fails(1, "train", "--save", "/proc/w.safetensors"));
    }

    [Theory]
    [InlineData("--save")]
    [InlineData("--checkpoint")]
    public void A_pipe_or_a_link_to_nowhere_or_a_device_in_the_place_of_the_file_is_told_before_training(string option)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are none there.");
        string pipe = _folder.File("pipe"), link = _folder.File("link");
        using (var make = System.Diagnostics.Process.Start("mkfifo", [pipe]))
            make.WaitForExit();
        File.CreateSymbolicLink(link, Path.Combine("nowhere", "w"));
        (string Path, string What)[] all =
        [
            (pipe, "It is not a regular file."),
            (link, $"There is no folder {_folder.File("nowhere")}."),
            ("/dev/stdout", "It is a device, not a regular file."),
        ];
        foreach ((string path, string what) in all)
        {
            CliRun run = CliRun.Of(["train", "--epochs", "1", .. option == "--save" ? (string[])[] : ["--save", _folder.File("w")], option, path]);
            Assert.Equal((1, string.Empty), (run.ExitCode, run.Output));
            Assert.Equal($"proxprop: Cannot save {path}: {what} Give {option} a path that may be written to.", run.Error.TrimEnd());
        }

        Assert.Equal([link, pipe], Directory.GetFileSystemEntries(_folder.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_log_in_a_missing_folder_is_told_before_training()
    {
        Assert.Matches(
            @"^Cannot write the log .+nowhere/x\.jsonl: .+ Give --log a path in a folder that exists and may be written to\.$",
            CliRun.Fails(1, "train", "--save", _folder.File("w"), "--log", _folder.File("nowhere/x.jsonl")));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Theory]
    [InlineData(2, "--model", "resnet")]
    [InlineData(2, "--optimizer", "adam", "--momentum", "0.9")]
    [InlineData(1, "--model", "mlp:8", "--init", "")]
    [InlineData(1, "--batch", "1", "--model", """{ "input": [64], "layers": [ { "type": "BatchNorm" }, { "type": "Linear", "outputs": 10 } ] }""")]
    [InlineData(1, "--model", """{ "input": [64], "layers": [ { "type": "Linear", "outputs": 5 } ] }""")]
    [InlineData(1, "--resume", "")]
    public void A_command_that_cannot_be_done_leaves_an_earlier_log_and_no_new_one(int exitCode, params string[] options)
    {
        string log = _folder.Add("log.jsonl", "the earlier log");
        if (options[^1].Length == 0)
            options[^1] = _folder.Add("i.safetensors", [2, 0, 0, 0, 0, 0, 0, 0, (byte)'{', (byte)'}']);
        else if (options[^1][0] == '{')
            options[^1] = _folder.Add("m.json", options[^1]);
        CliRun.Fails(exitCode, ["train", "--save", _folder.File("w"), "--log", log, .. options]);
        Assert.Equal("the earlier log", File.ReadAllText(log));
        File.Delete(log);
        CliRun.Fails(exitCode, ["train", "--save", _folder.File("w"), "--log", log, .. options]);
        Assert.False(File.Exists(log));
    }

    [Theory]
    [InlineData("epoch 2/4")]
    [InlineData("test acc.")]
    [InlineData("Saved to")]
    public void Output_that_ends_does_not_cost_the_weights(string last)
    {
        string weights = _folder.File("w"), checkpoint = _folder.File("c");
        using var output = new EndingWriter(last);
        using var error = new StringWriter();
        string[] args = ["train", "--step", "exact", "--epochs", "4", "--save", weights, "--checkpoint", checkpoint];
        Assert.Equal(1, CommandLine.Run(args, new Terminal(output, error)));
        Assert.Equal($"proxprop: Standard output: No space left on device. The weights are saved in {weights}.", error.ToString().TrimEnd());
        CliRun.Done("evaluate", "--weights", weights);
        CliRun.Done("train", "--step", "exact", "--epochs", "4", "--resume", checkpoint, "--save", weights);
    }

    // A full disk from a line on.
    private sealed class EndingWriter(string last) : StringWriter(CultureInfo.InvariantCulture)
    {
        private bool _isFull;

        public override void WriteLine(string? value)
        {
            _isFull |= value?.Contains(last, StringComparison.Ordinal) == true;
            if (_isFull)
                throw new IOException("No space left on device.");
            base.WriteLine(value);
        }
    }

    [Fact]
    public void A_log_on_a_full_disk_does_not_cost_the_weights()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "This system has no /dev/full.");
        Assert.Matches(
            @"^The log /dev/full is incomplete: No space left on device.* The weights are saved; free the disk or give --log another path\.$",
            CliRun.Fails(1, "train", "--epochs", "1", "--save", _folder.File("w"), "--log", "/dev/full"));
        Assert.True(File.Exists(_folder.File("w")));
    }

    [Fact]
    public void A_missing_data_folder() => Assert.Equal(
        $"{_folder.File("none")}: found no such folder; expected a folder with the data set's files.",
        CliRun.Fails(1, "train", "--dataset", "cifar10", "--data", _folder.File("none"), "--save", _folder.File("w")));

    [Fact]
    public void Weights_of_another_network()
    {
        string weights = _folder.File("w");
        CliRun.Done("train", "--max-steps", "1", "--step", "exact", "--model", "mlp:8", "--save", weights);
        Assert.Equal(
            $"{weights}, tensor '0.weight': found the shape [8, 64]; expected the network's [9, 64].",
            CliRun.Fails(1, "train", "--init", weights, "--model", "mlp:9", "--save", weights));
    }

    [Fact]
    public void A_model_that_does_not_fit_the_data()
    {
        string model = _folder.Add("m.json", """{ "input": [3, 32, 32], "layers": [ { "type": "Linear", "outputs": 10 } ] }""");
        Assert.Equal(
            $"The model file {model} takes samples of 3x32x32, but those of digits have 64 elements (images of 1x8x8); change \"input\" or the data.",
            CliRun.Fails(1, "train", "--model", model, "--save", _folder.File("w")));
    }

    [Fact]
    public void A_model_with_too_few_outputs()
    {
        string model = _folder.Add("m.json", """{ "input": [64], "layers": [ { "type": "Linear", "outputs": 5 } ] }""");
        Assert.Equal(
            "digits has 10 classes, but the network has only 5 outputs.",
            CliRun.Fails(1, "train", "--model", model, "--save", _folder.File("w")));
    }

    [Fact]
    public void A_damaged_model_file()
    {
        string model = _folder.Add("m.json", """{ "input": [64], "layers": [ { "type": "Lineal", "outputs": 5 } ] }""");
        string message = CliRun.Fails(1, "train", "--model", model, "--save", _folder.File("w"));
        Assert.StartsWith($"'{model}': layers[0] has the unknown type 'Lineal'; known are Linear, ", message, StringComparison.Ordinal);
    }
}
