using ProxProp.Engine.Tests.Data;

namespace ProxProp.Engine.Tests.Cli;

/// <summary>No command writes over a file that it reads, or two results to one file, but where that loses nothing.</summary>
public sealed class NamedFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _csv, _weights;

    public NamedFilesTests()
    {
        _csv = _folder.Add("t.csv", "x,y,kind\n" + string.Concat(Enumerable.Range(0, 40).Select(i => $"{i},{i * 7 % 11},{i % 2}\n")));
        _weights = _folder.File("w.safetensors");
        CliRun.Done(["train", .. Csv, "--model", "mlp:3", "--epochs", "1", "--save", _weights, "--checkpoint", _folder.File("c.safetensors")]);
        _folder.Add("m.json", """{ "input": [2], "layers": [ { "type": "Linear", "outputs": 2 } ] }""");
    }

    private string[] Csv => ["--dataset", "csv", "--data", _csv];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("--save", "--data", "t.csv")]
    [InlineData("--save", "--model", "m.json")]
    [InlineData("--save", "--resume", "c.safetensors")]
    [InlineData("--checkpoint", "--data", "t.csv")]
    [InlineData("--checkpoint", "--init", "w.safetensors")]
    [InlineData("--checkpoint", "--save", "new")]
    [InlineData("--log", "--data", "t.csv")]
    [InlineData("--log", "--init", "w.safetensors")]
    [InlineData("--log", "--model", "m.json")]
    [InlineData("--log", "--resume", "c.safetensors")]
    [InlineData("--log", "--save", "new")]
    [InlineData("--log", "--checkpoint", "new")]
    public void Training_names_both_options(string written, string other, string name)
    {
        string path = _folder.File(name), same = Path.Combine(_folder.Path, ".", "nowhere", "..", name);
        string[] data = other == "--data" ? ["--dataset", "csv"] : Csv;
        string[] rest = written == "--save" || other == "--save" ? [] : ["--save", _folder.File("rest")];
        byte[]? before = File.Exists(path) ? File.ReadAllBytes(path) : null;
        string[] resumed = other == "--resume" && written == "--save" ? ["--checkpoint", _folder.File("other")] : [];
        string message = CliRun.Fails(2, ["train", .. data, "--epochs", "2", .. rest, .. resumed, written, same, other, path]);
        Assert.Contains(
            $"{written} and {other} are both {same}; give them different names. See: proxprop train --help", message, StringComparison.Ordinal);
        Assert.Equal(before, File.Exists(path) ? File.ReadAllBytes(path) : null);
    }

    [Theory]
    [InlineData("--data", "t.csv")]
    [InlineData("--weights", "w.safetensors")]
    [InlineData("--model", "m.json")]
    public void Predictions_replace_nothing_that_is_read(string option, string name)
    {
        string path = _folder.File(name);
        byte[] before = File.ReadAllBytes(path);
        string[] model = option == "--model" ? ["--model", path] : [];
        Assert.Equal(
            $"--output and {option} are both {path}; give them different names. See: proxprop predict --help",
            CliRun.Fails(2, ["predict", "--weights", _weights, "--data", _csv, .. model, "--output", path]));
        Assert.Equal(before, File.ReadAllBytes(path));
    }

    [Fact]
    public void Weights_are_trained_on_in_place_and_a_checkpoint_goes_on_in_its_file()
    {
        byte[] before = File.ReadAllBytes(_weights);
        CliRun.Done(["train", .. Csv, "--init", _weights, "--epochs", "1", "--save", _weights]);
        Assert.NotEqual(before, File.ReadAllBytes(_weights));
        string checkpoint = _folder.File("c.safetensors");
        CliRun.Done(["train", .. Csv, "--resume", checkpoint, "--checkpoint", checkpoint, "--epochs", "2", "--save", _weights]);
    }

    [Theory]
    [InlineData("x,y\n", "'x'")]
    [InlineData("\u001b{", "the byte 27")]
    public void A_file_that_is_no_log_is_not_emptied(string contents, string found)
    {
        string other = _folder.Add("other", contents);
        Assert.Equal(
            $"Cannot write the log {other}: it would be emptied, but begins with {found}, not with '{{' as a log does. Give --log the name of a log or of a new file.",
            CliRun.Fails(1, ["train", .. Csv, "--epochs", "1", "--log", other, "--save", _weights]));
        Assert.Equal(contents, File.ReadAllText(other));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"plan\":[]}\n")]
    public void A_log_and_an_empty_file_are_written_anew(string contents)
    {
        string log = _folder.Add("log", contents);
        CliRun.Done(["train", .. Csv, "--epochs", "1", "--log", log, "--save", _weights]);
        Assert.StartsWith("""{"plan":[{""", File.ReadAllText(log), StringComparison.Ordinal);
    }
}
