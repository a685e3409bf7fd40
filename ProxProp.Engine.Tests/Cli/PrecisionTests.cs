using System.Text.Json;
using ProxProp.Engine.Data;
using ProxProp.Engine.Tests.Data;

namespace ProxProp.Engine.Tests.Cli;

/// <summary>Without <c>--precision</c> the number type is that of the weights that are the beginning.</summary>
public sealed class PrecisionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Weights => _folder.File("w.safetensors");

    private string Checkpoint => _folder.File("c.safetensors");

    private string Saved => _folder.File("saved.safetensors");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("float", SafetensorsType.F32)]
    [InlineData("double", SafetensorsType.F64)]
    public void Train_takes_it_from_where_it_begins(string precision, SafetensorsType type)
    {
        Begin(precision);
        foreach (string[] start in new string[][] { ["--init", Weights], ["--init", Checkpoint], ["--resume", Checkpoint, "--model", "mlp:8"] })
        {
            CliRun.Done(["train", "--max-steps", "3", "--save", Saved, .. start]);
            Assert.Equal(type, TypeOf(Saved));
            File.Delete(Saved);
        }

        CliRun.Done("train", "--max-steps", "1", "--init", Weights, "--precision", "float", "--save", Saved);
        Assert.Equal(SafetensorsType.F32, TypeOf(Saved));
    }

    [Fact]
    public void Plan_takes_it_from_where_train_would_begin()
    {
        Begin("double");
        foreach (string[] start in new string[][] { ["--init", Weights], ["--resume", Checkpoint] })
        {
            string[] args = ["plan", "--json", "--threads", "1", "--model", "mlp:8", .. start];
            long twice = Planned([.. args, "--precision", "double"]);
            Assert.NotEqual(Planned([.. args, "--precision", "float"]), twice);
            Assert.Equal(twice, Planned(args));
        }
    }

    [Fact]
    public void Verify_takes_it_from_the_weights_to_check_at()
    {
        Begin("double");
        string[] check = ["verify", "--json", "--model", "mlp:8", "--init", Weights];
        string twice = CliRun.Done([.. check, "--precision", "double"]);
        Assert.NotEqual(CliRun.Done([.. check, "--precision", "float"]), twice);
        Assert.Equal(twice, CliRun.Done(check));
    }

    [Theory]
    [InlineData("float")]
    [InlineData("double")]
    public void Info_counts_a_checkpoint_s_memory_by_its_weights(string precision)
    {
        Begin(precision);
        string Memory(string file) => CliRun.Done("info", file).Split('\n').Single(l => l.StartsWith("memory: ", StringComparison.Ordinal));
        Assert.Equal(Memory(Weights), Memory(Checkpoint));
    }

    [Theory]
    [InlineData("train")]
    [InlineData("plan")]
    [InlineData("verify")]
    public void A_missing_beginning(string command)
    {
        string[] args = command == "verify" ? [command, "--init", Weights] : [command, "--save", Saved, "--init", Weights];
        Assert.Equal($"{Weights}: found no such file; expected a file to read.", CliRun.Fails(1, args));
        if (command != "verify")
            Assert.Equal($"There is no checkpoint {Weights}; leave --resume out to begin anew.", CliRun.Fails(1, [.. args[..^2], "--resume", Weights]));
    }

    private void Begin(string precision) => CliRun.Done(
        "train", "--model", "mlp:8", "--max-steps", "2", "--precision", precision, "--save", Weights, "--checkpoint", Checkpoint);

    private static SafetensorsType TypeOf(string path)
    {
        using SafetensorsReader reader = SafetensorsReader.Open(path);
        return reader.Find("0.weight").Type;
    }

    private static long Planned(string[] args)
    {
        using JsonDocument plan = JsonDocument.Parse(CliRun.Done(args));
        return plan.RootElement.GetProperty("planned").GetInt64();
    }
}
