using System.Buffers;
using System.Numerics;
using System.Text.Json;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Solvers;
using ProxProp.Engine.Training;

namespace ProxProp.Cli.Output;

/// <summary>
/// One JSON object per line: first <c>plan</c>, how each layer's direction will be made; for every step <c>step</c>, <c>epoch</c>, <c>loss</c>
/// (before the update) and where it was measured <c>layers</c>, how each was made; for every epoch <c>epoch</c>, <c>trainLoss</c>,
/// <c>trainAccuracy</c>, <c>validationLoss</c>, <c>validationAccuracy</c> (null without validation data), <c>seconds</c>.
/// </summary>
/// <remarks>
/// A run that goes on from a checkpoint goes on in its log: what stands there behind the checkpoint is cut off, and no second plan is written.
/// A disk that fills up must not cost the training: the log stops there and <see cref="Failure"/> says why.
/// </remarks>
internal sealed class TrainingLog : IProgress<TrainingProgress>, IDisposable
{
    private readonly FileStream _file;
    private readonly bool _append, _isNew;
    private readonly ArrayBufferWriter<byte> _lines = new(1 << 16);
    private readonly Utf8JsonWriter _json;
    private LayerReport[] _layers = [];
    private int _skipped;
    private bool _measured;
    private bool _begun;
    private bool _disposed;

    /// <summary>Opens the file, or creates it. With the first record it is emptied, or gone on with.</summary>
    /// <exception cref="FailureException">It cannot be written.</exception>
    public TrainingLog(string path, bool append = false)
    {
        (Path, _append) = (path, append);
        try
        {
            _isNew = new FileInfo(path) is { Exists: false, LinkTarget: null };
            _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new FailureException(
                $"Cannot write the log {path}: {e.Message} Give --log a path in a folder that exists and may be written to.", e);
        }

        if (!append && _file is { CanSeek: true, Length: > 0 } && FirstByte() is >= 0 and not '{' and var first)
        {
            _file.Dispose();
            throw new FailureException(
                $"Cannot write the log {path}: it would be emptied, but begins with {(first is > ' ' and <= '~' ? $"'{(char)first}'" : $"the byte {first}")}, "
                + "not with '{' as a log does. Give --log the name of a log or of a new file.");
        }

        _json = new Utf8JsonWriter(_lines);
    }

    public string Path { get; }

    /// <summary>Why the log ends early, or null.</summary>
    public string? Failure { get; private set; }

    /// <summary>Writes what is planned for each layer.</summary>
    public void WritePlan<T>(TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        _layers = new LayerReport[step.Plans.Count];
        _json.WriteStartObject();
        _json.WriteStartArray("plan");
        for (int i = 0; i < step.Plans.Count; i++)
        {
            if (step.Plans[i] is not { } plan)
                continue;
            _json.WriteStartObject();
            _json.WriteNumber("layer", i);
            _json.WriteString("kind", step.Network.Layers[i].Kind);
            _json.WriteString("solver", plan.Solver.ToString());
            WriteNumber("flops", plan.Flops);
            _json.WriteNumber("bytes", plan.Bytes);
            _json.WriteString("reason", plan.Reason);
            _json.WriteEndObject();
        }

        _json.WriteEndArray();
        EndLine();
    }

    /// <summary>Keeps the layers' reports for the line of this step.</summary>
    public void Report(in StepReport report)
    {
        _measured = report.Result.Updated;
        report.Layers.CopyTo(_layers);
    }

    public void Report(TrainingProgress value)
    {
        if (Failure is not null)
            return;
        int before = _lines.WrittenCount;
        _json.WriteStartObject();
        _json.WriteNumber("step", value.Step);
        _json.WriteNumber("epoch", value.Epoch);
        WriteNumber("loss", value.Loss);
        if (!_begun)
        {
            _json.Flush();
            Begin(value.Step, before);
        }

        if (_measured)
            WriteLayers();
        _measured = false;
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

    /// <summary>Writes what is left; of a run that has done no step there is nothing: an earlier log stays, and where there was none there is none again.</summary>
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
            if (_isNew && !_begun)
                File.Delete(Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Failure ??= e.Message;
        }
    }

    // Not before a step is done: until then the training may turn out to be impossible, which must not cost an earlier log.
    private void Begin(long step, int plan)
    {
        _begun = true;
        try
        {
            if (!_file.CanSeek)
                return;
            long? end = !_append ? 0 : _file.Length > 0 ? EndOfEarlier(step, _lines.WrittenSpan[plan..]) : null;
            if (end < _file.Length)
                _file.SetLength(end.Value);
            if (end > 0)
                _skipped = plan;
            _file.Seek(0, SeekOrigin.End);
        }
        catch (IOException e)
        {
            Failure = e.Message;
        }
    }

    // A log that may be written but not read is gone on with at its end.
    private long? EndOfEarlier(long step, ReadOnlySpan<byte> record)
    {
        try
        {
            using var earlier = new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1 << 16);
            return EarlierLog.End(earlier, step, record);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // -1 of a file that may not be read.
    private int FirstByte()
    {
        try
        {
            using var earlier = new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            return earlier.ReadByte();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return -1;
        }
    }

    private void WriteLayers()
    {
        _json.WriteStartArray("layers");
        for (int i = 0; i < _layers.Length; i++)
        {
            LayerReport layer = _layers[i];
            if (layer == default)
                continue;
            _json.WriteStartObject();
            _json.WriteNumber("layer", i);
            _json.WriteString("solver", layer.Solver.ToString());
            _json.WriteString("status", layer.Status.ToString());
            _json.WriteBoolean("inDouble", layer.InDouble);
            _json.WriteNumber("iterations", layer.Iterations);
            WriteNumber("damping", layer.Shift > 0 ? layer.Shift : double.NaN);
            WriteNumber("residual", layer.RelativeResidual);
            WriteNumber("innerProduct", layer.InnerProduct);
            WriteNumber("normRatio", layer.NormRatio);
            WriteNumber("cosine", layer.Cosine);
            _json.WriteEndObject();
        }

        _json.WriteEndArray();
    }

    private void WriteNumber(string name, double value)
    {
        if (double.IsFinite(value))
            _json.WriteFraction(name, value);
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

    /// <summary>Writes what there is so far.</summary>
    public void Flush()
    {
        if (!_begun || Failure is not null)
            return;
        try
        {
            _file.Write(_lines.WrittenSpan[_skipped..]);
            _lines.ResetWrittenCount();
            _skipped = 0;
        }
        catch (IOException e)
        {
            Failure = e.Message;
        }
    }
}
