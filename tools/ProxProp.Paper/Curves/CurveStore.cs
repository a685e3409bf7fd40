using System.Text.Json;
using System.Text.Json.Serialization;
using ProxProp.Engine.Data;

namespace ProxProp.Paper.Curves;

/// <summary>
/// The folder of an evaluation: a JSON file for each run, and the checkpoints of unfinished ones. Files are replaced as a whole, so that a killed
/// evaluation finds what was there.
/// </summary>
internal sealed class CurveStore
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    private readonly string _curves;
    private readonly string _checkpoints;

    /// <summary>Opens a folder, making it if need be.</summary>
    public CurveStore(string folder)
    {
        Folder = folder;
        _curves = Path.Combine(folder, "curves");
        _checkpoints = Path.Combine(folder, "checkpoints");
        Directory.CreateDirectory(_curves);
    }

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>What a run has given so far; null if it has not begun.</summary>
    /// <exception cref="DataFormatException">The file is no record of a run.</exception>
    public CurveResult? Find(Curve curve) => Read<CurveResult>(PathOf(curve));

    /// <summary>Keeps what a run has given so far.</summary>
    public void Save(CurveResult result) => Write(PathOf(result.Curve), result);

    /// <summary>The file of an unfinished run's checkpoint.</summary>
    public string CheckpointOf(Curve curve)
    {
        Directory.CreateDirectory(_checkpoints);
        return Path.Combine(_checkpoints, curve.Id + ".safetensors");
    }

    /// <summary>Forgets a finished run's checkpoint.</summary>
    public void DropCheckpoint(Curve curve)
    {
        File.Delete(CheckpointOf(curve));
        if (!Directory.EnumerateFileSystemEntries(_checkpoints).Any())
            Directory.Delete(_checkpoints);
    }

    /// <summary>A record of this folder by its file name; null if there is none.</summary>
    public T? ReadNamed<T>(string name)
        where T : class => Read<T>(Path.Combine(Folder, name));

    /// <summary>Keeps a record under a file name.</summary>
    public void WriteNamed<T>(string name, T value)
        where T : class => Write(Path.Combine(Folder, name), value);

    private string PathOf(Curve curve) => Path.Combine(_curves, curve.Id + ".json");

    private static T? Read<T>(string path)
        where T : class
    {
        if (!File.Exists(path))
            return null;
        try
        {
            using FileStream stream = File.OpenRead(path);
            return JsonSerializer.Deserialize<T>(stream, s_json);
        }
        catch (JsonException e)
        {
            throw new DataFormatException(path, $"line {e.LineNumber + 1}", "text that is no record of an evaluation", "what an earlier run wrote; delete the file to compute it again");
        }
    }

    private static void Write<T>(string path, T value) =>
        AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, value, s_json));
}
