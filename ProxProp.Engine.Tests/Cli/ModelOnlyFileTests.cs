using System.Text;
using ProxProp.Engine.Tests.Data;
using ProxProp.Native;

namespace ProxProp.Engine.Tests.Cli;

/// <summary>Files that describe their network but no data, as the C library saves them.</summary>
public sealed class ModelOnlyFileTests : IDisposable
{
    private const string Model = """
        { "input": [64], "layers": [ { "type": "Linear", "outputs": 6 }, { "type": "ReLU" }, { "type": "Linear", "outputs": 10 } ] }
        """;

    private readonly TemporaryFolder _folder = new();
    private readonly string _weights;

    public ModelOnlyFileTests()
    {
        _weights = _folder.File("w.safetensors");
        using OpenNetwork network = OpenNetwork.Create(Encoding.UTF8.GetBytes(Model), 1, 7, 1);
        network.Save(_weights);
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("evaluate")]
    [InlineData("predict")]
    public void It_needs_no_model(string command)
    {
        string named = CliRun.Done(command, "--weights", _weights, "--model", "mlp:6");
        Assert.Equal(named, CliRun.Done(command, "--weights", _weights));
    }

    [Fact]
    public void It_is_used_on_all_rows()
    {
        Assert.StartsWith("all rows of digits: 1,797 rows", CliRun.Done("evaluate", "--weights", _weights), StringComparison.Ordinal);
        Assert.Equal(
            "digits is not the data set that these weights were trained on, so it has no such part; use --part all.",
            CliRun.Fails(1, "evaluate", "--weights", _weights, "--part", "train"));
    }

    [Fact]
    public void Info_shows_its_layers()
    {
        string info = CliRun.Done("info", _weights).ReplaceLineEndings("\n");
        Assert.Contains("0 Linear     64       6         390\n", info, StringComparison.Ordinal);
        Assert.Contains("memory: parameters 1.8 KiB", info, StringComparison.Ordinal);
        Assert.DoesNotContain("trained by", info, StringComparison.Ordinal);
    }

    [Fact]
    public void Training_goes_on_from_it()
    {
        string saved = _folder.File("trained.safetensors");
        Assert.Contains("64 -> 6 -> 10", CliRun.Done("train", "--init", _weights, "--max-steps", "1", "--save", saved), StringComparison.Ordinal);
        Assert.StartsWith("the rows of digits kept for testing", CliRun.Done("evaluate", "--weights", saved), StringComparison.Ordinal);
    }
}
