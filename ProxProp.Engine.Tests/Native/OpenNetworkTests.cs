using ProxProp.Engine.Data;
using ProxProp.Engine.Tests.Cli;
using ProxProp.Engine.Tests.Data;
using ProxProp.Native;

namespace ProxProp.Engine.Tests.Native;

/// <summary>Files that the C library opens and saves.</summary>
public sealed class OpenNetworkTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_the_program_saved_about_data_and_run_is_in_the_file_saved_again()
    {
        string csv = _folder.Add("rows.csv", "a,kind\n" + string.Concat(Enumerable.Range(0, 60).Select(i => $"{i},{(i < 30 ? "low" : "high")}\n")));
        string trained = _folder.File("w.safetensors"), again = _folder.File("again.safetensors");
        CliRun.Done("train", "--dataset", "csv", "--data", csv, "--model", "mlp:4", "--batch", "10", "--epochs", "3", "--save", trained);
        SaveAgain(trained, again);
        Assert.Equal(MetadataOf(trained), MetadataOf(again));
        Assert.Contains("proxprop.data", MetadataOf(again).Keys);
        Assert.Equal(CliRun.Done("predict", "--weights", trained, "--data", csv), CliRun.Done("predict", "--weights", again, "--data", csv));
    }

    [Fact]
    public void The_weights_of_a_checkpoint_are_no_checkpoint()
    {
        string checkpoint = _folder.File("c.safetensors"), again = _folder.File("again.safetensors");
        string[] training = ["train", "--model", "mlp:4", "--max-steps", "2", "--save", _folder.File("w.safetensors")];
        CliRun.Done([.. training, "--checkpoint", checkpoint]);
        SaveAgain(checkpoint, again);
        Assert.Contains("proxprop.data", MetadataOf(again).Keys);
        Assert.Equal(
            $"{again}, header: found no checkpoint (weights alone cannot be resumed); expected a file saved as a checkpoint.",
            CliRun.Fails(1, [.. training, "--resume", again]));
        Assert.DoesNotContain(MetadataOf(again).Keys, k => k.StartsWith("proxprop.setting.", StringComparison.Ordinal));
    }

    private static void SaveAgain(string from, string to)
    {
        using OpenNetwork network = OpenNetwork.Open(from, 1, 1);
        network.Save(to);
    }

    private static SortedDictionary<string, string> MetadataOf(string path)
    {
        using SafetensorsReader reader = SafetensorsReader.Open(path);
        return new(reader.Metadata.ToDictionary(), StringComparer.Ordinal);
    }
}
