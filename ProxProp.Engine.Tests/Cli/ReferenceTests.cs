using System.Text.Json;
using ProxProp.Engine.Data;
using ProxProp.Engine.Tests.Data;
using ProxProp.Engine.Tests.Oracles;
using ProxProp.Engine.Tests.Reference;

namespace ProxProp.Engine.Tests.Cli;

/// <summary>The reference traces through the program: options in, log and weights out.</summary>
public sealed class ReferenceTests : IDisposable
{
    private const string ConvNet = """
        { "input": [1, 8, 8], "layers": [
            { "type": "Conv2d", "filters": 6, "kernel": 3, "padding": 1 }, { "type": "ReLU" }, { "type": "MaxPool2d", "kernel": 2 },
            { "type": "Conv2d", "filters": 8, "kernel": 3, "padding": 1 }, { "type": "ReLU" }, { "type": "Flatten" },
            { "type": "Linear", "outputs": 10 } ] }
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("mlp_gradient_sgd", "--step", "gradient", "--optimizer", "sgd", "--lr", "0.5")]
    [InlineData("mlp_gradient_nesterov", "--step", "gradient", "--optimizer", "nesterov", "--lr", "0.05", "--momentum", "0.95")]
    [InlineData("mlp_exact_nesterov", "--step", "exact", "--tau-theta", "0.05", "--optimizer", "nesterov", "--lr", "1", "--momentum", "0.95")]
    [InlineData("mlp_cg3_nesterov", "--step", "cg3", "--tau-theta", "0.05", "--optimizer", "nesterov", "--lr", "1", "--momentum", "0.95")]
    [InlineData("mlp_exact_adam", "--step", "exact", "--tau-theta", "1", "--optimizer", "adam", "--lr", "1e-3")]
    [InlineData("conv_gradient_adam", "--step", "gradient", "--optimizer", "adam", "--lr", "0.001")]
    [InlineData("conv_exact_adam", "--step", "exact", "--tau-theta", "1", "--optimizer", "adam", "--lr", "0.001")]
    [InlineData("conv_cg3_adam", "--step", "cg3", "--tau-theta", "1", "--optimizer", "adam", "--lr", "0.001")]
    public void Double(string run, params string[] options)
    {
        using SafetensorsReader reference = ReferenceFile.Open("traces.safetensors");
        double[] losses = Train(reference, run, "double", options);
        CheckClose(losses, reference, $"{run}/losses");

        using SafetensorsReader saved = SafetensorsReader.Open(_folder.File("out.safetensors"));
        string[] tensors = [.. reference.Entries.Select(e => e.Name).Where(n => n.StartsWith($"{run}/final/", StringComparison.Ordinal))];
        Assert.Equal(tensors.Length, saved.Entries.Count);
        foreach (string tensor in tensors)
        {
            double[] found = ReferenceFile.Read<double>(saved, tensor[$"{run}/final/".Length..]);
            CheckClose(found, reference, tensor);
        }
    }

    [Theory]
    [InlineData("mlp_exact_nesterov", "--step", "exact", "--tau-theta", "0.05", "--optimizer", "nesterov", "--lr", "1", "--momentum", "0.95")]
    [InlineData("conv_exact_adam", "--step", "exact", "--tau-theta", "1", "--optimizer", "adam", "--lr", "0.001")]
    public void Float(string run, params string[] options)
    {
        using SafetensorsReader reference = ReferenceFile.Open("traces.safetensors");
        double[] losses = Train(reference, run, "float", options);
        double[] expected = ReferenceFile.Read<double>(reference, $"{run}/losses");
        Assert.Equal(expected.Length, losses.Length);
        Assert.All(losses.Zip(expected), pair => Assert.True(Math.Abs(pair.First - pair.Second) < Tolerances.ReferenceTraceFloat));
    }

    private static void CheckClose(double[] found, SafetensorsReader reference, string tensor)
    {
        double error = ReferenceFile.RelativeError<double>(found, ReferenceFile.Read<double>(reference, tensor));
        Assert.True(error < Tolerances.ReferenceTraceDouble, $"{tensor} is off by {error:e2}");
    }

    private double[] Train(SafetensorsReader reference, string run, string precision, string[] options)
    {
        string init = WriteInit(reference, run);
        string log = _folder.File("log.jsonl");
        string model = run.StartsWith("mlp", StringComparison.Ordinal) ? "mlp:48,24" : _folder.Add("conv.json", ConvNet);
        CliRun.Done(
        [
            "train", "--dataset", "digits", "--model", model, "--no-shuffle", "--train-samples", "1500", "--batch", "100", "--epochs", "3",
            "--init", init, "--precision", precision, "--validation", "0", "--log", log, "--save", _folder.File("out.safetensors"), .. options,
        ]);
        IEnumerable<JsonElement> objects = File.ReadLines(log).Select(l => JsonDocument.Parse(l).RootElement);
        return [.. objects.Where(e => e.TryGetProperty("step", out _)).Select(e => e.GetProperty("loss").GetDouble())];
    }

    // The weights of a run as a file of their own, as a user would have them from PyTorch.
    private string WriteInit(SafetensorsReader reference, string run)
    {
        string prefix = $"{run}/init/";
        var writer = new SafetensorsWriter();
        foreach (SafetensorsEntry entry in reference.Entries.Where(e => e.Name.StartsWith(prefix, StringComparison.Ordinal)))
            writer.Add<double>(entry.Name[prefix.Length..], entry.Shape, ReferenceFile.Read<double>(reference, entry.Name));
        string path = _folder.File("init.safetensors");
        writer.Save(path);
        return path;
    }
}
