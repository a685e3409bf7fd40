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

    private const string CurvesFolder = "curves";

    private readonly string _curves;
    private readonly string _checkpoints;
    private readonly string _data;

    /// <summary>Opens a folder, making it if need be.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="data">The <see cref="PaperData.Fingerprint"/> of the rows that its runs must be on.</param>
    public CurveStore(string folder, string data)
    {
        Folder = folder;
        _data = data;
        _curves = Path.Combine(folder, CurvesFolder);
        _checkpoints = Path.Combine(folder, "checkpoints");
        Directory.CreateDirectory(_curves);
    }

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>Whether a folder is that of an evaluation.</summary>
    public static bool Exists(string folder) => Directory.Exists(Path.Combine(folder, CurvesFolder));

    /// <summary>What a run has given so far; null if it has not begun.</summary>
    /// <exception cref="DataFormatException">The file is no record of a run.</exception>
    /// <exception cref="ArgumentException">The run is on other data.</exception>
    public CurveResult? Find(Curve curve) => ReadRun(PathOf(curve));

    /// <summary>Every run that has begun, by its <see cref="Curve.Id"/>.</summary>
    /// <exception cref="DataFormatException">A file is no record of a run.</exception>
    /// <exception cref="ArgumentException">A run is on other data.</exception>
    public IReadOnlyDictionary<string, CurveResult> All() => Directory.GetFiles(_curves, "*.json")
        .Order(StringComparer.Ordinal).Select(p => ReadRun(p)!).ToDictionary(r => r.Curve.Id);

    /// <summary>Keeps what a run has given so far.</summary>
    public void Save(CurveResult result) => Write(PathOf(result.Curve), result);

    /// <summary>The file of an unfinished run's checkpoint.</summary>
    public string CheckpointOf(Curve curve)
    {
        Directory.CreateDirectory(_checkpoints);
        return Path.Combine(_checkpoints, curve.Id + ".safetensors");
    }

    /// <summary>Forgets a finished run's checkpoint.</summary>
    public void DropCheckpoint(Curve curve) => File.Delete(CheckpointOf(curve));

    /// <summary>Removes the checkpoints' folder if it is empty. For when no run is under way: one would lose the place for its next checkpoint.</summary>
    public void Tidy()
    {
        if (Directory.Exists(_checkpoints) && !Directory.EnumerateFileSystemEntries(_checkpoints).Any())
            Directory.Delete(_checkpoints);
    }

    /// <summary>A record of this folder by its file name; null if there is none.</summary>
    public T? ReadNamed<T>(string name)
        where T : class => Read<T>(Path.Combine(Folder, name));

    /// <summary>Keeps a record under a file name.</summary>
    public void WriteNamed<T>(string name, T value)
        where T : class => Write(Path.Combine(Folder, name), value);

    private string PathOf(Curve curve) => Path.Combine(_curves, curve.Id + ".json");

    private CurveResult? ReadRun(string path)
    {
        if (Read<CurveResult>(path) is not { } run)
            return null;
        if (run.Curve?.Step is null || run.Curve.Optimizer is null || run.Epochs is null || path != PathOf(run.Curve) || !IsInOrder(run))
            throw Damaged(path, string.Empty, "a record that is not of the run that the file is named after, or not whole");
        if (run.Data != _data)
        {
            throw new ArgumentException(
                $"The folder {Folder} holds runs on other data ({run.Data}), but these are {_data}; use another folder.");
        }

        return run;
    }

    // A run that was killed between its checkpoint and its record lacks an epoch until it ends.
    private static bool IsInOrder(CurveResult run) =>
        run.Epochs.Select((point, i) => point?.Epoch > (i == 0 ? 0 : run.Epochs[i - 1].Epoch)).All(right => right) && (run.Status != CurveStatus.Completed || run.Epochs.Count > 0);

    private static T? Read<T>(string path)
        where T : class
    {
        if (!File.Exists(path))
            return null;
        try
        {
            using FileStream stream = File.OpenRead(path);
            return JsonSerializer.Deserialize<T>(stream, s_json) ?? throw Damaged(path, string.Empty, "nothing");
        }
        catch (JsonException e)
        {
            throw Damaged(path, $"line {e.LineNumber + 1}", "text that is no record of an evaluation");
        }
    }

    private static DataFormatException Damaged(string path, string place, string found) =>
        new(path, place, found, "what an earlier run wrote; delete the file to compute it again");

    private static void Write<T>(string path, T value) =>
        AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, value, s_json));
}
