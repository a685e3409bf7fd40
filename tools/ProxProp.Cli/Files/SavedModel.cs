using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ProxProp.Cli.Options;
using ProxProp.Cli.Output;
using ProxProp.Engine.Data;
using ProxProp.Engine.Training;

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
/// <param name="Checksum">Of those rows, by <see cref="DatasetFingerprint.InSinglePrecision"/>; null in a file of an older version.</param>
/// <param name="Label">The label column of a CSV file, or null.</param>
/// <param name="Features">The names of the feature columns of a CSV file with a header, or null.</param>
/// <param name="LabelName">The name of the label's column beside them, or null.</param>
/// <param name="Split">Which rows did what.</param>
/// <param name="Classes">The classes' names.</param>
/// <param name="Scaling">Scaling of a CSV file, or null.</param>
internal sealed record SavedModel(
    string Model,
    string Run,
    string Dataset,
    string Name,
    int Rows,
    string? Checksum,
    string? Label,
    IReadOnlyList<string>? Features,
    string? LabelName,
    SplitPlan Split,
    IReadOnlyList<string> Classes,
    FeatureScaling? Scaling)
{
    private const string ModelKey = "proxprop.model";
    private const string DataKey = "proxprop.data";
    private const string RunKey = "proxprop.run";

    /// <summary>The metadata to save.</summary>
    public Dictionary<string, string> ToMetadata() => new() { [ModelKey] = Model, [DataKey] = DataJson(), [RunKey] = Run };

    /// <summary>The model of an open file as JSON, or null. The C library saves it without a description of data.</summary>
    public static string? ModelOf(SafetensorsReader reader) => reader.Metadata.GetValueOrDefault(ModelKey);

    /// <summary>Whether weights are stored in double. What a checkpoint keeps beside them says nothing: its sums are in double always.</summary>
    public static bool IsDouble(SafetensorsReader reader)
    {
        foreach (SafetensorsEntry entry in reader.Entries)
        {
            if (!Checkpoint.Owns(entry.Name))
                return entry.Type == SafetensorsType.F64;
        }

        return false;
    }

    /// <summary>A CSV file as a network is to see it that goes on from a saved one: with the classes, the scaling and the names described there, if they are.</summary>
    /// <param name="request">The data set that is asked for.</param>
    /// <param name="start">The saved file, or null.</param>
    /// <exception cref="FailureException">Its description is damaged.</exception>
    public static DataRequest Describe(DataRequest request, SafetensorsReader? start) =>
        start is null || request.Kind != DataOptions.Csv ? request : Read(start)?.Describe(request) ?? request;

    /// <summary>The header of a saved file, read once for all that it tells. The file itself is closed: what is saved may replace it.</summary>
    /// <exception cref="DataFormatException">The file is missing or damaged.</exception>
    public static SafetensorsReader? HeaderOf(string? path)
    {
        SafetensorsReader? reader = path is null ? null : SafetensorsReader.Open(path);
        reader?.Dispose();
        return reader;
    }

    /// <summary>The request of a CSV file with these classes, this scaling and these names, if they are a CSV file's; any other as it is.</summary>
    public DataRequest Describe(DataRequest request) =>
        Dataset == DataOptions.Csv && request.Kind == DataOptions.Csv
            ? request with { Classes = Classes, Scaling = Scaling, Features = Features, LabelName = LabelName }
            : request;

    /// <summary>Reads the metadata of an open file; null if it does not describe its data.</summary>
    /// <exception cref="FailureException">The metadata are damaged.</exception>
    public static SavedModel? Read(SafetensorsReader reader)
    {
        if (ModelOf(reader) is not { } model || !reader.Metadata.TryGetValue(DataKey, out string? data))
            return null;
        try
        {
            Dictionary<string, List<string>> leaves = Leaves(data);
            return new SavedModel(
                model,
                reader.Metadata.GetValueOrDefault(RunKey, string.Empty),
                Text(leaves, "dataset"),
                Text(leaves, "name"),
                Int(Text(leaves, "rows")),
                leaves.ContainsKey("checksum") ? Text(leaves, "checksum") : null,
                leaves.ContainsKey("label") ? Text(leaves, "label") : null,
                leaves.GetValueOrDefault("features"),
                leaves.ContainsKey("labelName") ? Text(leaves, "labelName") : null,
                new SplitPlan(
                    Int(Text(leaves, "train")),
                    Int(Text(leaves, "validation")),
                    Int(Text(leaves, "test")),
                    leaves.ContainsKey("seed") ? ulong.Parse(Text(leaves, "seed"), CultureInfo.InvariantCulture) : null),
                leaves["classes"],
                leaves.TryGetValue("minimum", out List<string>? minimum) ? new FeatureScaling(Numbers(minimum), Numbers(leaves["maximum"])) : null);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or OverflowException or ArgumentException)
        {
            throw new FailureException(
                $"{reader.Name}: the description of its data ({DataKey}) is damaged ({e.Message}). Train again, or take an undamaged copy.", e);
        }
    }

    // No two members of the description have the same name, whatever object they are in: each with its texts and numbers as written.
    private static Dictionary<string, List<string>> Leaves(string json)
    {
        var leaves = new Dictionary<string, List<string>>();
        List<string> current = [];
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json), new JsonReaderOptions { MaxDepth = 4 });
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.PropertyName)
                leaves.Add(reader.GetString()!, current = []);
            else if (reader.TokenType == JsonTokenType.String)
                current.Add(reader.GetString()!);
            else if (reader.TokenType == JsonTokenType.Number)
                current.Add(Encoding.UTF8.GetString(reader.ValueSpan));
        }

        return leaves;
    }

    private static string Text(Dictionary<string, List<string>> leaves, string name) => leaves[name] is [string text]
        ? text
        : throw new FormatException($"'{name}' has {leaves[name].Count} values where one was expected.");

    private static int Int(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static double[] Numbers(List<string> texts) => [.. texts.ConvertAll(t => double.Parse(t, CultureInfo.InvariantCulture))];

    private string DataJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("dataset", Dataset);
            json.WriteString("name", Name);
            json.WriteNumber("rows", Rows);
            if (Checksum is not null)
                json.WriteString("checksum", Checksum);
            if (Label is not null)
                json.WriteString("label", Label);
            json.WriteStartObject("split");
            json.WriteNumber("train", Split.Train);
            json.WriteNumber("validation", Split.Validation);
            json.WriteNumber("test", Split.Test);
            if (Split.Seed is { } seed)
                json.WriteNumber("seed", seed);
            json.WriteEndObject();
            WriteTexts(json, "classes", Classes);
            if (Features is not null)
                WriteTexts(json, "features", Features);
            if (LabelName is not null)
                json.WriteString("labelName", LabelName);
            if (Scaling is not null)
            {
                WriteNumbers(json, "minimum", Scaling.Minimum);
                WriteNumbers(json, "maximum", Scaling.Maximum);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        foreach (string text in texts)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, ReadOnlySpan<double> values)
    {
        json.WriteStartArray(name);
        foreach (double value in values)
            json.WriteFraction(value);
        json.WriteEndArray();
    }
}
