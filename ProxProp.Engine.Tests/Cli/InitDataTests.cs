using System.Globalization;
using System.Text.Json;
using ProxProp.Cli.Commands;
using ProxProp.Cli.Files;
using ProxProp.Cli.Options;
using ProxProp.Cli.Parsing;
using ProxProp.Engine.Data;
using ProxProp.Engine.Tests.Data;

namespace ProxProp.Engine.Tests.Cli;

/// <summary>A network that goes on from a saved one, on a CSV file, sees the classes and the scaling that it was trained on.</summary>
public sealed class InitDataTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _some;

    public InitDataTests()
    {
        string all = Write("all.csv", 150, "blue", "green", "red");
        CliRun.Done("train", "--dataset", "csv", "--data", all, "--model", "mlp:16", "--epochs", "40", "--batch", "20", "--save", Weights);
        _some = Write("some.csv", 60, "red", "green");
    }

    private string Weights => _folder.File("w.safetensors");

    private string Saved => _folder.File("saved.safetensors");

    private string[] Some => ["--dataset", "csv", "--data", _some];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_file_that_lacks_a_class_and_has_another_range_is_seen_as_before()
    {
        string log = _folder.File("log.jsonl");
        string output = CliRun.Done(["train", .. Some, "--init", Weights, "--lr", "1e-30", "--epochs", "1", "--log", log, "--save", Saved]);
        Assert.Contains($", weights, classes and scaling from {Weights}\n", output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        JsonElement epoch = JsonDocument.Parse(File.ReadLines(log).Last()).RootElement;
        Assert.Equal(1, epoch.GetProperty("trainAccuracy").GetDouble());
        Assert.Contains("accuracy 100.0%", CliRun.Done("evaluate", "--weights", Weights, "--data", _some), StringComparison.Ordinal);
    }

    [Fact]
    public void The_new_file_describes_the_same_classes_and_scaling()
    {
        CliRun.Done(["train", .. Some, "--init", Weights, "--epochs", "1", "--save", Saved]);
        SavedModel before = Description(Weights), after = Description(Saved);
        Assert.Equal(["blue", "green", "red"], after.Classes);
        Assert.Equal(before.Scaling!.Minimum.ToArray(), after.Scaling!.Minimum.ToArray());
        Assert.Equal(before.Scaling.Maximum.ToArray(), after.Scaling.Maximum.ToArray());
        Assert.StartsWith("the rows of some.csv kept for testing: 12 rows", CliRun.Done("evaluate", "--weights", Saved, "--data", _some), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("train")]
    [InlineData("plan")]
    public void A_class_that_the_saved_file_does_not_know_is_named(string command)
    {
        string other = Write("other.csv", 60, "green", "violet");
        Assert.Equal(
            $"{other}, line 3, column 3: found the label 'violet'; expected one of the 3 known classes.",
            CliRun.Fails(1, command, "--dataset", "csv", "--data", other, "--init", Weights, "--save", Saved));
    }

    [Fact]
    public void A_network_that_is_named_takes_the_classes_and_the_range_of_its_own_file()
    {
        string two = Write("two.csv", 60, "low", "high");
        string output = CliRun.Done("train", "--dataset", "csv", "--data", two, "--model", "mlp:16", "--epochs", "1", "--save", Weights);
        Assert.DoesNotContain("scaling", output, StringComparison.Ordinal);
        output = CliRun.Done(["train", .. Some, "--model", "mlp:16", "--init", Weights, "--epochs", "1", "--save", Saved]);
        Assert.Contains($", weights from {Weights}", output, StringComparison.Ordinal);
        Assert.Equal(["green", "red"], Description(Saved).Classes);
        Assert.NotEqual(Description(Weights).Scaling!.Minimum[0], Description(Saved).Scaling!.Minimum[0]);
    }

    [Theory]
    [InlineData]
    [InlineData("--model", "mlp:16")]
    [InlineData("--init", "w.safetensors")]
    [InlineData("--init", "that is gone")]
    public void Such_a_run_can_be_resumed_to_the_bit(params string[] start)
    {
        string checkpoint = _folder.File("c.safetensors"), whole = _folder.File("whole.safetensors");
        if (start is ["--init", var name])
            start = ["--init", _folder.File(name)];
        string[] training = ["train", .. Some, "--checkpoint", checkpoint];
        CliRun.Done([.. training, "--init", Weights, "--epochs", "2", "--save", Saved]);
        string output = CliRun.Done([.. training, .. start, "--resume", checkpoint, "--epochs", "4", "--save", Saved]);
        Assert.Contains($"2 -> 16 -> 3: 99 parameters, resumed from {checkpoint}", output, StringComparison.Ordinal);
        CliRun.Done(["train", .. Some, "--init", Weights, "--epochs", "4", "--save", whole]);
        Assert.Equal(File.ReadAllBytes(whole), File.ReadAllBytes(Saved));
    }

    [Fact]
    public void What_the_header_says_is_read_once()
    {
        var (data, options, compute, command) = (new DataOptions(), new TrainOptions(), new ComputeOptions(), new Command("train", string.Empty));
        data.AddTo(command);
        options.AddTo(command);
        compute.AddTo(command);
        var parsed = ParseResult.Read(command, [.. Some, "--init", Weights]);
        TrainRequest request = TrainRequest.Read(parsed, options, data, compute);
        File.Delete(Weights);
        Assert.False(compute.IsDouble(parsed, request.Start));
        LoadedData<float> rows = DataSource.Load<float>(request.Data);
        Assert.Equal(["blue", "green", "red"], rows.Rows.ClassNames);
        Assert.Equal(3, TrainSession.MakeModel(request.Model, request.Start, rows).Layers.Count);
    }

    private static SavedModel Description(string path)
    {
        using SafetensorsReader reader = SafetensorsReader.Open(path);
        return SavedModel.Read(reader)!;
    }

    // The class is told by the first column; files of other classes have other ranges.
    private string Write(string name, int rows, params string[] classes)
    {
        var text = new System.Text.StringBuilder("x,y,kind\n");
        for (int i = 0; i < rows; i++)
        {
            string kind = classes[i % classes.Length];
            int place = Array.IndexOf(["low", "blue", "green", "high", "red", "violet"], kind);
            text.Append(CultureInfo.InvariantCulture, $"{(place * 20) + (i % 7)},{i * 37 % 11},{kind}\n");
        }

        return _folder.Add(name, text.ToString());
    }
}
