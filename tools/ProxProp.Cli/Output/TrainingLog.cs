using System.Buffers;
using System.Text.Json;
using ProxProp.Engine.Training;

namespace ProxProp.Cli.Output;

/// <summary>
/// One JSON object per line: for every step <c>step</c>, <c>epoch</c>, <c>loss</c> (before the update); for every epoch <c>epoch</c>,
/// <c>trainLoss</c>, <c>trainAccuracy</c>, <c>validationLoss</c>, <c>validationAccuracy</c> (null without validation data), <c>seconds</c>.
/// </summary>
/// <remarks>A disk that fills up must not cost the training: the log stops there and <see cref="Failure"/> says why.</remarks>
internal sealed class TrainingLog : IProgress<TrainingProgress>, IDisposable
{
    private readonly FileStream _file;
    private readonly ArrayBufferWriter<byte> _lines = new(1 << 16);
    private readonly Utf8JsonWriter _json;
    private bool _disposed;

    /// <summary>Creates the file, or empties it, or goes on at its end.</summary>
    /// <exception cref="FailureException">It cannot be written.</exception>
    public TrainingLog(string path, bool append = false)
    {
        Path = path;
        try
        {
            _file = new FileStream(path, append ? FileMode.Append : FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new FailureException(
                $"Cannot write the log {path}: {e.Message} Give --log a path in a folder that exists and may be written to.", e);
        }

        _json = new Utf8JsonWriter(_lines);
    }

    public string Path { get; }

    /// <summary>Why the log ends early, or null.</summary>
    public string? Failure { get; private set; }

    public void Report(TrainingProgress value)
    {
        if (Failure is not null)
            return;
        _json.WriteStartObject();
        _json.WriteNumber("step", value.Step);
        _json.WriteNumber("epoch", value.Epoch);
        WriteNumber("loss", value.Loss);
        EndLine();
        if (value.EpochEnd is { } epoch)
        {
            _json.WriteStartObject();
            _json.WriteNumber("epoch", epoch.Epoch);
            WriteNumber("trainLoss", epoch.TrainLoss);
            WriteNumber("trainAccuracy", epoch.TrainAccuracy);
            WriteNumber("validationLoss", epoch.ValidationLoss);
            WriteNumber("validationAccuracy", epoch.ValidationAccuracy);
            WriteNumber("seconds", epoch.Seconds);
            EndLine();
        }

        if (value.EpochEnd is not null || _lines.WrittenCount > 1 << 15)
            Flush();
    }

    /// <summary>Writes what is left.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        Flush();
        _json.Dispose();
        try
        {
            _file.Dispose();
        }
        catch (IOException e)
        {
            Failure ??= e.Message;
        }
    }

    private void WriteNumber(string name, double value)
    {
        if (double.IsFinite(value))
            _json.WriteNumber(name, value);
        else
            _json.WriteNull(name);
    }

    private void EndLine()
    {
        _json.WriteEndObject();
        _json.Flush();
        _json.Reset();
        _lines.Write("\n"u8);
    }

    private void Flush()
    {
        if (Failure is not null)
            return;
        try
        {
            _file.Write(_lines.WrittenSpan);
            _lines.ResetWrittenCount();
        }
        catch (IOException e)
        {
            Failure = e.Message;
        }
    }
}
