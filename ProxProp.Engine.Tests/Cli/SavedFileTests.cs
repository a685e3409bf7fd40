using System.Globalization;
using ProxProp.Cli.Files;
using ProxProp.Engine.Data;
using ProxProp.Engine.Tests.Data;
using ProxProp.Engine.Tests.Generators;

namespace ProxProp.Engine.Tests.Cli;

/// <summary>evaluate, predict and info on files that train has saved.</summary>
public sealed class SavedFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Weights => _folder.File("w.safetensors");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Evaluate_finds_the_rows_kept_for_testing_and_the_accuracy_that_train_told()
    {
        string trained = CliRun.Done("train", "--epochs", "5", "--step", "exact", "--seed", "4", "--save", Weights);
        string[] row = Words(trained.Split('\n').Last(l => l.StartsWith("ProxProp (exact)  ", StringComparison.Ordinal)));
        string evaluated = CliRun.Done("evaluate", "--weights", Weights);
        Assert.StartsWith("the rows of digits kept for testing: 359 rows", evaluated, StringComparison.Ordinal);
        Assert.Contains($"accuracy {row[^2]}\n", evaluated.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        string[] matrix = [.. evaluated.Split('\n').Where(l => l.Length > 0 && char.IsDigit(l[0]))];
        Assert.Equal(10, matrix.Length);
        Assert.Equal(359, matrix.Sum(l => int.Parse(Words(l)[^2], CultureInfo.InvariantCulture)));
    }

    [Theory]
    [InlineData("test", "the rows of digits kept for testing: 359 rows")]
    [InlineData("validation", "the rows of digits kept for validation: 179 rows")]
    [InlineData("train", "the rows of digits trained on: 1,259 rows")]
    [InlineData("all", "all rows of digits, those trained on among them: 1,797 rows")]
    public void Each_part_can_be_evaluated(string part, string heading)
    {
        CliRun.Done("train", "--max-steps", "1", "--step", "exact", "--save", Weights);
        Assert.StartsWith(heading, CliRun.Done("evaluate", "--weights", Weights, "--part", part), StringComparison.Ordinal);
    }

    [Fact]
    public void Info_lists_a_tensor_of_a_type_that_cannot_be_read()
    {
        File.WriteAllBytes(Weights, DataFiles.Safetensors("{\"0.weight\":{\"dtype\":\"F8_E4M3\",\"shape\":[10,64],\"data_offsets\":[0,640]}}", 640));
        Assert.Contains("0.weight  F8_E4M3  [10, 64]       640\n", CliRun.Done("info", Weights).ReplaceLineEndings("\n"), StringComparison.Ordinal);
        string message = CliRun.Fails(1, "train", "--init", Weights, "--model", "mlp:", "--save", Weights);
        Assert.Equal($"{Weights}: found no tensor '0.bias'; expected it.", message);
        message = CliRun.Fails(1, "evaluate", "--weights", Weights, "--model", NoBias());
        Assert.Equal($"{Weights}: found the tensor '0.weight' of type F8_E4M3; expected F64, F32, F16 or BF16.", message);

        string NoBias() => _folder.Add("m.json", """{ "input": [64], "layers": [ { "type": "Linear", "outputs": 10, "bias": false } ] }""");
    }

    [Fact]
    public void Predictions_agree_with_the_evaluation()
    {
        CliRun.Done("train", "--epochs", "5", "--step", "exact", "--precision", "double", "--save", Weights);
        string output = _folder.File("p.csv");
        string told = CliRun.Done("predict", "--weights", Weights, "--output", output).TrimEnd();
        Assert.Equal($"359 predictions for the rows of digits kept for testing in {output}", told);
        string[][] lines = [.. File.ReadAllLines(output).Select(l => l.Split(','))];
        Assert.Equal(["row", "class", "probability", "label"], lines[0]);
        int[] rows = [.. lines.Skip(1).Select(l => int.Parse(l[0], CultureInfo.InvariantCulture))];
        Assert.Equal(359, rows.Distinct().Count());
        Dataset<float> digits = Digits.Load<float>();
        Assert.Equal(rows.Select(r => digits.ClassNames[digits.Labels[r - 1]]), lines.Skip(1).Select(l => l[3]));
        Assert.All(lines.Skip(1), l => Assert.InRange(double.Parse(l[2], CultureInfo.InvariantCulture), 0.1, 1.0));
        double accuracy = lines.Skip(1).Count(l => l[1] == l[3]) / 359.0;
        string expected = string.Create(CultureInfo.InvariantCulture, $"accuracy {100 * accuracy:F1}%");
        Assert.Contains(expected, CliRun.Done("evaluate", "--weights", Weights), StringComparison.Ordinal);
        Assert.Equal(File.ReadAllText(output), CliRun.Done("predict", "--weights", Weights).ReplaceLineEndings("\n"));
    }

    [Fact]
    public void A_csv_file_brings_its_scaling_and_class_names_along()
    {
        string csv = WriteFlowers("flowers.csv", 300, labelled: true);
        string[] data = ["--dataset", "csv", "--data", csv, "--label", "kind"];
        CliRun.Done(["train", .. data, "--model", "mlp:16", "--epochs", "20", "--batch", "20", "--save", Weights]);
        // Without labels, and of another range: only the training file's scaling gets it right.
        string other = WriteFlowers("other.csv", 5, labelled: false);
        string predicted = CliRun.Done("predict", "--weights", Weights, "--data", other);
        string[] classes = [.. predicted.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(l => l.Split(',')[1])];
        Assert.Equal(["aster", "rose", "aster", "rose", "aster"], classes);
        string evaluated = CliRun.Done("evaluate", "--weights", Weights, "--data", csv);
        Assert.StartsWith("the rows of flowers.csv kept for testing: 60 rows", evaluated, StringComparison.Ordinal);
        Assert.Contains("rose", evaluated, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--no-shuffle")]
    [InlineData("--seed", "3")]
    public void A_csv_file_is_scaled_by_its_training_rows_alone(params string[] options)
    {
        // Column a is the row's number from 0: where the training rows end, the range must.
        string csv = _folder.Add("rows.csv", "a,kind\n" + string.Concat(Enumerable.Range(0, 100).Select(i => $"{i},{i % 2}\n")));
        CliRun.Done(["train", "--dataset", "csv", "--data", csv, "--epochs", "1", "--model", "mlp:3", "--save", Weights, .. options]);
        using SafetensorsReader reader = SafetensorsReader.Open(Weights);
        FeatureScaling scaling = SavedModel.Read(reader)!.Scaling!;
        string[] predicted = CliRun.Done("predict", "--weights", Weights, "--data", csv, "--part", "train").Trim().Split('\n');
        int[] rows = [.. predicted.Skip(1).Select(l => int.Parse(l.Split(',')[0], CultureInfo.InvariantCulture) - 1)];
        Assert.Equal(70, rows.Length);
        Assert.Equal((rows.Min(), rows.Max()), (scaling.Minimum[0], scaling.Maximum[0]));
        if (options.Length == 1)
            Assert.Equal((0, 69), (scaling.Minimum[0], scaling.Maximum[0]));
    }

    [Fact]
    public void Info_shows_tensors_layers_and_memory()
    {
        CliRun.Done("train", "--max-steps", "1", "--step", "exact", "--model", "mlp:8", "--save", Weights);
        string info = CliRun.Done("info", Weights).ReplaceLineEndings("\n");
        Assert.Contains("4 tensors, 610 elements", info, StringComparison.Ordinal);
        Assert.Contains("0.weight   F32  [8, 64]       512\n", info, StringComparison.Ordinal);
        Assert.Contains("0 Linear     64       8         520\n", info, StringComparison.Ordinal);
        const string Run = "ProxProp (exact), nesterov (momentum 0.95), learning rate 1, tau_theta 0.05, batches of 100, 1 step, seed 0, float";
        Assert.Contains("trained by " + Run, info, StringComparison.Ordinal);
        Assert.Contains("memory: parameters 2.4 KiB", info, StringComparison.Ordinal);
        Assert.Contains("\n0 Linear: exact primal, ", info, StringComparison.Ordinal);
        Assert.Contains("\n2 Linear: gradient: the last layer takes its gradient\n", info, StringComparison.Ordinal);
        string model = _folder.Add("m.json", """
            { "input": [1, 8, 8], "layers": [ { "type": "Conv2d", "filters": 2, "kernel": 3 }, { "type": "Linear", "outputs": 10 } ] }
            """);
        Assert.Contains("0 Conv2d  1x8x8   2x6x6          20\n", CliRun.Done("info", model).ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_without_a_description_need_the_model()
    {
        var writer = new SafetensorsWriter();
        writer.Add<float>("0.weight", [10, 64], new float[640]);
        writer.Add<float>("0.bias", [10], new float[10]);
        writer.Save(Weights);
        Assert.Equal(
            $"--model is needed: {Weights} does not describe its network. See: proxprop evaluate --help",
            CliRun.Fails(2, "evaluate", "--weights", Weights));
        // All outputs are equal: the loss is ln 10 and the first class is always taken.
        Assert.Contains("loss 2.303, accuracy 9.9%", CliRun.Done("evaluate", "--weights", Weights, "--model", "mlp:"), StringComparison.Ordinal);
        Assert.Equal(
            "digits is not the data set that these weights were trained on, so it has no such part; use --part all.",
            CliRun.Fails(1, "evaluate", "--weights", Weights, "--model", "mlp:", "--part", "test"));
    }

    [Fact]
    public void A_damaged_description_is_told()
    {
        var writer = new SafetensorsWriter();
        writer.SetMetadata("proxprop.model", "{}");
        writer.SetMetadata("proxprop.data", """{ "dataset": 5 }""");
        writer.Add<float>("0.weight", [1, 1], new float[1]);
        writer.Save(Weights);
        Assert.Contains("the description of its data (proxprop.data) is damaged", CliRun.Fails(1, "evaluate", "--weights", Weights), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("evaluate", "--weights")]
    [InlineData("predict", "--weights")]
    [InlineData("info", null)]
    public void A_missing_file(string command, string? option) => Assert.Equal(
        $"{Weights}: found no such file; expected a file to read.",
        CliRun.Fails(1, option is null ? [command, Weights] : [command, option, Weights]));

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    // Two kinds told apart by the first column being below or above 10; the second column is noise.
    private string WriteFlowers(string name, int rows, bool labelled)
    {
        var lines = new List<string> { labelled ? "size,noise,kind" : "size,noise" };
        for (int i = 0; i < rows; i++)
        {
            bool rose = i % 2 == 1;
            string features = string.Create(CultureInfo.InvariantCulture, $"{(rose ? 15 : 5) + (labelled ? i % 7 : 1)},{i * 37 % 11}");
            lines.Add(labelled ? $"{features},{(rose ? "rose" : "aster")}" : features);
        }

        return _folder.Add(name, string.Join('\n', lines) + "\n");
    }
}
