using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ProxProp.Cli.Options;
using ProxProp.Engine.Data;

namespace ProxProp.Cli.Files;

/// <summary>
/// What a saved file knows beside the weights, in the metadata of its header: <c>proxprop.model</c> (the model as JSON),
/// <c>proxprop.data</c> (which data, how they were split and scaled, the classes' names) and <c>proxprop.run</c> (a sentence).
/// </summary>
/// <param name="Model">The model as JSON.</param>
/// <param name="Run">How it was trained, in words.</param>
/// <param name="Dataset">digits, mnist, cifar10 or csv.</param>
/// <param name="Name">What the data set is called.</param>
/// <param name="Rows">Rows it had before the split.</param>
/// <param name="Label">The label column of a CSV file, or null.</param>
/// <param name="Split">Which rows did what.</param>
/// <param name="Classes">The classes' names.</param>
/// <param name="Scaling">Scaling of a CSV file, or null.</param>
internal sealed record SavedModel(
    string Model,
    string Run,
    string Dataset,
    string Name,
    int Rows,
    string? Label,
    SplitPlan Split,
    IReadOnlyList<string> Classes,
    FeatureScaling? Scaling)
{
    private const string ModelKey = "proxprop.model";
    private const string DataKey = "proxprop.data";
    private const string RunKey = "proxprop.run";

    /// <summary>The metadata to save.</summary>
    public IEnumerable<KeyValuePair<string, string>> ToMetadata()
    {
        yield return new(ModelKey, Model);
        yield return new(DataKey, DataJson());
        yield return new(RunKey, Run);
    }

    /// <summary>Reads the metadata of an open file; null if this program did not write it.</summary>
    /// <exception cref="FailureException">The metadata are damaged.</exception>
    public static SavedModel? Read(SafetensorsReader reader)
    {
        if (!reader.Metadata.TryGetValue(ModelKey, out string? model) || !reader.Metadata.TryGetValue(DataKey, out string? data))
            return null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(data, new JsonDocumentOptions { MaxDepth = 4 });
            JsonElement root = document.RootElement;
            return new SavedModel(
                model,
                reader.Metadata.GetValueOrDefault(RunKey, string.Empty),
                Text(root, "dataset"),
                Text(root, "name"),
                root.GetProperty("rows").GetInt32(),
                root.TryGetProperty("label", out JsonElement label) ? label.GetString() : null,
                ReadSplit(root),
                [.. root.GetProperty("classes").EnumerateArray().Select(e => e.GetString() ?? string.Empty)],
                ReadScaling(root));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException)
        {
            throw new FailureException(
                $"{reader.Name}: the description of its data ({DataKey}) is damaged ({e.Message}). Train again, or take an undamaged copy.", e);
        }
    }

    private static string Text(JsonElement root, string name) => root.GetProperty(name).GetString() ?? throw new FormatException($"no {name}");

    private static SplitPlan ReadSplit(JsonElement root)
    {
        JsonElement split = root.GetProperty("split");
        return new SplitPlan(
            split.GetProperty("train").GetInt32(),
            split.GetProperty("validation").GetInt32(),
            split.GetProperty("test").GetInt32(),
            split.TryGetProperty("seed", out JsonElement seed) ? seed.GetUInt64() : null);
    }

    private static FeatureScaling? ReadScaling(JsonElement root)
    {
        if (!root.TryGetProperty("minimum", out JsonElement minimum) || !root.TryGetProperty("maximum", out JsonElement maximum))
            return null;
        double[] low = [.. minimum.EnumerateArray().Select(e => e.GetDouble())];
        double[] high = [.. maximum.EnumerateArray().Select(e => e.GetDouble())];
        return new FeatureScaling(low, high);
    }

    private string DataJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("dataset", Dataset);
            json.WriteString("name", Name);
            json.WriteNumber("rows", Rows);
            if (Label is not null)
                json.WriteString("label", Label);
            json.WriteStartObject("split");
            json.WriteNumber("train", Split.Train);
            json.WriteNumber("validation", Split.Validation);
            json.WriteNumber("test", Split.Test);
            if (Split.Seed is { } seed)
                json.WriteNumber("seed", seed);
            json.WriteEndObject();
            json.WriteStartArray("classes");
            foreach (string name in Classes)
                json.WriteStringValue(name);
            json.WriteEndArray();
            if (Scaling is not null)
            {
                WriteNumbers(json, "minimum", Scaling.Minimum);
                WriteNumbers(json, "maximum", Scaling.Maximum);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, ReadOnlySpan<double> values)
    {
        json.WriteStartArray(name);
        foreach (double value in values)
            json.WriteNumberValue(value);
        json.WriteEndArray();
    }
}
