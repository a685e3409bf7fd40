using System.Globalization;
using System.Text.RegularExpressions;
using ProxProp.Engine.Data;
using ProxProp.Engine.Tests.Data;

namespace ProxProp.Engine.Tests.Cli;

/// <summary>evaluate and predict tell the data that a network was trained on from others of the same name and size.</summary>
public sealed partial class TrainedOnTests : IDisposable
{
    private const string Recognised = "the rows of a.csv kept for testing: 8 rows";

    private readonly TemporaryFolder _folder = new();

    public TrainedOnTests() => Directory.CreateDirectory(_folder.File("new"));

    private string Weights => _folder.File("w.safetensors");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("float", "float")]
    [InlineData("float", "double")]
    [InlineData("double", "float")]
    [InlineData("double", "double")]
    public void The_training_data_are_recognised_in_both_precisions(string trained, string evaluated)
    {
        string csv = Write("a.csv", seed: 1);
        Train(csv, "--precision", trained);
        Assert.StartsWith(Recognised, CliRun.Done("evaluate", "--weights", Weights, "--data", csv, "--precision", evaluated), StringComparison.Ordinal);
        CliRun.Done("train", "--max-steps", "1", "--step", "exact", "--model", "mlp:3", "--precision", trained, "--save", Weights);
        string digits = CliRun.Done("evaluate", "--weights", Weights, "--precision", evaluated);
        Assert.StartsWith("the rows of digits kept for testing: 359 rows", digits, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_rows_in_a_file_of_the_same_name_are_all_used()
    {
        Train(Write("a.csv", seed: 1));
        string other = Write("new/a.csv", seed: 2);
        Assert.Equal(41, CliRun.Done("predict", "--weights", Weights, "--data", other).Trim().Split('\n').Length);
        Assert.StartsWith("all rows of a.csv: 40 rows", CliRun.Done("evaluate", "--weights", Weights, "--data", other), StringComparison.Ordinal);
        Assert.StartsWith(
            "a.csv is not the data set that these weights were trained on",
            CliRun.Fails(1, "evaluate", "--weights", Weights, "--data", other, "--part", "train"),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_without_a_checksum_go_by_name_and_rows_but_data_without_labels_are_never_trained_on()
    {
        Train(Write("a.csv", seed: 1));
        ForgetChecksum();
        Assert.StartsWith(Recognised, CliRun.Done("evaluate", "--weights", Weights, "--data", Write("new/a.csv", seed: 2)), StringComparison.Ordinal);
        string unlabelled = Write("new/a.csv", seed: 2, labelled: false);
        Assert.Equal(41, CliRun.Done("predict", "--weights", Weights, "--data", unlabelled).Trim().Split('\n').Length);
    }

    [Fact]
    public void A_checkpoint_knows_the_data_and_a_resumed_run_too()
    {
        string csv = Write("a.csv", seed: 1), checkpoint = _folder.File("c.safetensors");
        Train(csv, "--checkpoint", checkpoint);
        Assert.StartsWith(Recognised, CliRun.Done("evaluate", "--weights", checkpoint, "--data", csv), StringComparison.Ordinal);
        Train(csv, "--resume", checkpoint, "--epochs", "4");
        Assert.StartsWith(Recognised, CliRun.Done("evaluate", "--weights", Weights, "--data", csv), StringComparison.Ordinal);
        Assert.StartsWith(
            "all rows of a.csv: 40 rows", CliRun.Done("evaluate", "--weights", checkpoint, "--data", Write("new/a.csv", seed: 2)), StringComparison.Ordinal);
    }

    private void Train(string csv, params string[] options) => CliRun.Done([
        "train", "--dataset", "csv", "--data", csv, "--model", "mlp:3", "--save", Weights,
        .. options.Contains("--epochs") ? Array.Empty<string>() : ["--epochs", "2"], .. options]);

    // Numbers that are not round after scaling, so that float and double differ.
    private string Write(string name, int seed, bool labelled = true)
    {
        IEnumerable<string> rows = Enumerable.Range(0, 40).Select(i => string.Create(
            CultureInfo.InvariantCulture, $"{Math.Sin(i * seed)},{Math.Cos(i)}{(labelled ? i % 2 == 0 ? ",even" : ",odd" : string.Empty)}"));
        return _folder.Add(name, string.Join('\n', [labelled ? "x,y,kind" : "x,y", .. rows]) + "\n");
    }

    private void ForgetChecksum()
    {
        var writer = new SafetensorsWriter();
        using (SafetensorsReader reader = SafetensorsReader.Open(Weights))
        {
            foreach ((string key, string text) in reader.Metadata)
                writer.SetMetadata(key, ChecksumMember().Replace(text, string.Empty));
            foreach (SafetensorsEntry entry in reader.Entries)
            {
                var values = new float[entry.Count];
                reader.Read<float>(entry.Name, values);
                writer.Add<float>(entry.Name, entry.Shape, values);
            }
        }

        writer.Save(Weights);
    }

    [GeneratedRegex("\"checksum\":\"[0-9a-f]{8}\",")]
    private static partial Regex ChecksumMember();
}
