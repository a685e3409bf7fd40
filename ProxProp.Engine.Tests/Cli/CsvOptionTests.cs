using ProxProp.Engine.Tests.Data;

namespace ProxProp.Engine.Tests.Cli;

/// <summary>--header and --separator: how the text of a CSV file is laid out, told to every command that reads one.</summary>
public sealed class CsvOptionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Weights => _folder.File("w.safetensors");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(";", ';')]
    [InlineData("|", '|')]
    [InlineData("tab", '\t')]
    public void Every_command_takes_the_separator(string option, char separator)
    {
        string[] data = ["--data", Write("a.csv", "x,y,kind", separator, labelled: true), "--separator", option];
        string[] train = ["--dataset", "csv", .. data, "--model", "mlp:3"];
        string trained = CliRun.Done(["train", .. train, "--epochs", "1", "--save", Weights]);
        Assert.Contains($" --separator {(option == "tab" ? option : $"'{option}'")}\n", trained.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Contains("of a.csv", CliRun.Done(["plan", .. train]), StringComparison.Ordinal);
        CliRun.Done(["verify", .. train]);
        Assert.Contains("a.csv kept for testing: 8 rows", CliRun.Done(["evaluate", "--weights", Weights, .. data]), StringComparison.Ordinal);
        // As many columns as the network has inputs, if counted with the separator: no labels.
        string other = Write("b.csv", "x,y", separator, labelled: false);
        string predicted = CliRun.Done("predict", "--weights", Weights, "--data", other, "--separator", option);
        Assert.StartsWith("row,class,probability\n", predicted.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Contains("fields separated by ','", CliRun.Fails(1, ["train", .. train[..4], "--save", Weights]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0,1,label", null, 40)]
    [InlineData("0,1,2", null, 41)]
    [InlineData("0,1,2", "yes", 40)]
    [InlineData("0,1,label", "no", 41)]
    public void The_header_is_found_out_or_told(string header, string? told, int rows)
    {
        string[] data = ["--data", Write("a.csv", header, ',', labelled: true), .. told is null ? Array.Empty<string>() : ["--header", told]];
        string trained = CliRun.Done(["train", "--dataset", "csv", .. data, "--model", "mlp:3", "--epochs", "1", "--save", Weights]);
        Assert.Equal(told is not null, trained.Contains($" --header {told ?? string.Empty}", StringComparison.Ordinal));
        string evaluated = CliRun.Done(["evaluate", "--weights", Weights, .. data, "--part", "all"]);
        Assert.Contains($"those trained on among them: {rows} rows", evaluated, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--header is for CSV files, not for digits.", "--header", "yes")]
    [InlineData("--separator is for CSV files, not for mnist.", "--separator", ";", "--dataset", "mnist", "--data", "x")]
    [InlineData("--header must be one of yes, no, but is 'maybe'.", "--dataset", "csv", "--data", "x", "--header", "maybe")]
    [InlineData("--separator must be tab or one character that is not part of numbers, such as ';', but is '::'.", "--separator", "::")]
    [InlineData("--separator must be tab or one character that is not part of numbers, such as ';', but is '.'.", "--separator", ".")]
    [InlineData(
        "--label kind is a name, but --header no says that columns have none; give the column's number from 1.",
        "--dataset", "csv", "--data", "x", "--label", "kind", "--header", "no")]
    public void Wrong_usage(string message, params string[] options) =>
        Assert.Equal(message + " See: proxprop train --help", CliRun.Fails(2, ["train", .. options, "--save", Weights]));

    [Fact]
    public void The_hint_to_evaluate_can_be_pasted()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Its shells quote otherwise.");
        string csv = Write("it's $1; a.csv", "x,y,kind", ';', labelled: true), weights = _folder.File("my w.safetensors");
        string trained = CliRun.Done(
            "train", "--dataset", "csv", "--data", csv, "--separator", ";", "--model", "mlp:3", "--epochs", "1", "--save", weights);
        string data = csv.Replace("'", @"'\''", StringComparison.Ordinal);
        Assert.Contains($"Next: proxprop evaluate --weights '{weights}' --data '{data}' --separator ';'\n", trained.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        trained = CliRun.Done("train", "--dataset", "csv", "--data", Write("b.csv", "x,y,kind", ',', labelled: true), "--epochs", "1", "--save", Weights);
        Assert.Contains($"Next: proxprop evaluate --weights {Weights} --data {_folder.File("b.csv")}\n", trained.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    private string Write(string name, string header, char separator, bool labelled)
    {
        IEnumerable<string> rows = Enumerable.Range(0, 40).Select(i => $"{i},{i * 7 % 11}{(labelled ? $",{i % 2}" : string.Empty)}");
        return _folder.Add(name, string.Join('\n', [header, .. rows]).Replace(',', separator) + "\n");
    }
}
