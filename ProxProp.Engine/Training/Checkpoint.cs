using System.Globalization;
using System.Numerics;
using ProxProp.Engine.Data;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Randomness;

namespace ProxProp.Engine.Training;

/// <summary>
/// Saves a training run in the middle so that it can go on to the bit: one safetensors file with the weights under the names that
/// <see cref="Weights"/> gives them, and beside them everything else that the next step depends on.
/// </summary>
/// <remarks>
/// <para>Tensors <c>checkpoint.step.*</c>: steps done (with the network's seed they are the state of dropout), the optimizer's vectors and
/// update count, each layer's damping, the factor that preconditions conjugate gradients with its age, whose turn the Levenberg-Marquardt
/// trial is. <c>checkpoint.run.*</c>: epoch and batch, the shuffling generator's state at the start of the epoch, sums over the epoch so far,
/// figures of the completed epochs. Metadata: the version of this layout, every setting that the numbers depend on
/// (<c>proxprop.setting.*</c>), and a CRC-32C of all the rest.</para>
/// <para>What a step computes afresh (activations, Gram matrices, factors of exact steps) is not kept, for nothing depends on it. The number
/// of threads and the vector width do not count either: a run may go on on another machine.</para>
/// <para>The file is written by <see cref="AtomicFile"/>: a process that is killed while it saves leaves the checkpoint before.</para>
/// </remarks>
public static class Checkpoint
{
    internal const string ChecksumKey = KeyPrefix + "checksum";
    private const string KeyPrefix = "proxprop.checkpoint.";
    private const string VersionKey = KeyPrefix + "version";
    private const string SettingPrefix = "proxprop.setting.";
    internal const string TensorPrefix = "checkpoint.";
    private const string StepPrefix = TensorPrefix + "step";
    private const string RunPrefix = TensorPrefix + "run";
    private const int Version = 1, EpochFigures = 6, MostDifferences = 3, LongestName = 60, LongestText = 200;

    /// <summary>Saves a run between two steps.</summary>
    /// <param name="step">The step with its network, optimizer and damping.</param>
    /// <param name="path">The file, replaced if it exists.</param>
    /// <param name="position">How far the run has come; null where the caller keeps that.</param>
    /// <param name="settings">What else the run depends on, by name: <see cref="Load"/> refuses other values.</param>
    /// <param name="metadata">Texts to keep beside.</param>
    /// <exception cref="InvalidOperationException">The network has a number that is not finite, which no load would take; an old file is untouched.</exception>
    /// <exception cref="IOException">The file cannot be written; an old one is untouched.</exception>
    public static void Save<T>(
        TrainingStep<T> step, string path, TrainingPosition? position = null, IEnumerable<KeyValuePair<string, string>>? settings = null,
        IEnumerable<KeyValuePair<string, string>>? metadata = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Writer(step, position, settings, metadata).Save(path);

    /// <summary>Brings a step, and its network, to where they were.</summary>
    /// <param name="step">A step made in the same way as the one saved; unchanged if the file does not fit.</param>
    /// <param name="path">The file.</param>
    /// <param name="settings">What else the run depends on, by name.</param>
    /// <returns>How far the run had come.</returns>
    /// <exception cref="DataFormatException">The file is damaged, no checkpoint, or one of a run with other settings, which the message names.</exception>
    public static TrainingPosition Load<T>(TrainingStep<T> step, string path, IEnumerable<KeyValuePair<string, string>>? settings = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(step);
        using SafetensorsReader reader = SafetensorsReader.Open(path);
        return Restore(step, reader, settings);
    }

    /// <summary>Steps that the run in a checkpoint has done.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="DataFormatException">The file is damaged or no checkpoint.</exception>
    public static long StepsDone(string path)
    {
        using SafetensorsReader reader = SafetensorsReader.Open(path);
        CheckVersion(reader);
        reader.CheckChecksum(ChecksumKey);
        return ReadPosition(reader).Step;
    }

    internal static TrainingPosition Restore<T>(TrainingStep<T> step, SafetensorsReader reader, IEnumerable<KeyValuePair<string, string>>? settings)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(step);
        Check(reader, [.. step.Settings(), .. settings ?? []]);

        // All is read and checked before anything is changed.
        List<T[]> weights = Weights.Read(step.Network, reader, string.Empty, exact: true);
        var states = new StateReader(reader);
        step.VisitState(states, StepPrefix);
        TrainingPosition position = ReadPosition(reader);
        Weights.Write(step.Network, weights);
        step.VisitState(states.Restoring(), StepPrefix);
        return position;
    }

    /// <summary>Whether a tensor of that name belongs to a checkpoint rather than to the weights.</summary>
    public static bool Owns(string tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return tensor.StartsWith(TensorPrefix, StringComparison.Ordinal);
    }

    /// <summary>Whether metadata of that name have a meaning only beside a checkpoint's tensors: in a file of weights they would look like a damaged one.</summary>
    internal static bool OwnsMetadata(string key) =>
        key.StartsWith(KeyPrefix, StringComparison.Ordinal) || key.StartsWith(SettingPrefix, StringComparison.Ordinal);

    internal static SafetensorsWriter Writer<T>(
        TrainingStep<T> step, TrainingPosition? position, IEnumerable<KeyValuePair<string, string>>? settings,
        IEnumerable<KeyValuePair<string, string>>? metadata)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(step);
        Weights.CheckFinite(step.Network);
        SafetensorsWriter writer = Begin([.. step.Settings(), .. settings ?? []], metadata);
        Weights.AddTo(writer, step.Network);
        step.VisitState(new StateWriter(writer), StepPrefix);
        AddPosition(writer, position ?? new TrainingPosition { Step = step.StepsDone });
        writer.SetChecksum(ChecksumKey);
        return writer;
    }

    /// <summary>A file that says what its numbers depend on; <see cref="SafetensorsWriter.SetChecksum"/> ends it.</summary>
    internal static SafetensorsWriter Begin(IEnumerable<KeyValuePair<string, string>> settings, IEnumerable<KeyValuePair<string, string>>? metadata = null)
    {
        var writer = new SafetensorsWriter();
        writer.SetMetadata("format", "pt");
        foreach ((string name, string text) in metadata ?? [])
            writer.SetMetadata(name, text);
        foreach ((string name, string text) in settings)
            writer.SetMetadata(SettingPrefix + name, text);
        writer.SetMetadata(VersionKey, Version.ToString(CultureInfo.InvariantCulture));
        return writer;
    }

    /// <summary>Refuses a file that is damaged, no checkpoint, or one with other settings.</summary>
    internal static void Check(SafetensorsReader reader, IReadOnlyList<KeyValuePair<string, string>> settings)
    {
        CheckVersion(reader);
        CheckSettings(reader, settings);
        reader.CheckChecksum(ChecksumKey);
    }

    private static void CheckVersion(SafetensorsReader reader)
    {
        if (!reader.Metadata.TryGetValue(VersionKey, out string? version))
            throw new DataFormatException(reader.Name, "header", "no checkpoint (weights alone cannot be resumed)", "a file saved as a checkpoint");
        if (version != Version.ToString(CultureInfo.InvariantCulture))
            throw new DataFormatException(reader.Name, "header", $"checkpoint version {DataFormatException.Short(version, LongestName)}", $"version {Version}, the one that this program reads");
    }

    private static void CheckSettings(SafetensorsReader reader, IReadOnlyList<KeyValuePair<string, string>> settings)
    {
        var saved = new Dictionary<string, string>();
        foreach ((string name, string text) in reader.Metadata)
        {
            if (name.StartsWith(SettingPrefix, StringComparison.Ordinal))
                saved.Add(name[SettingPrefix.Length..], text);
        }

        var (foundTexts, expectedTexts) = (new List<string>(), new List<string>());
        foreach ((string name, string text) in settings)
        {
            bool isSaved = saved.Remove(name, out string? value);
            string found = isSaved ? value! : "nothing";
            if (found != text && (isSaved || !name.StartsWith(StepSettings.SolverOfLayer, StringComparison.Ordinal)))
                Differ(name, found, text);
        }

        foreach ((string name, string text) in saved)
            Differ(name, text, "nothing");
        if (foundTexts.Count == 0)
            return;
        throw new DataFormatException(
            reader.Name,
            string.Empty,
            $"a checkpoint of a run with other settings ({string.Join("; ", foundTexts)})",
            $"those of this run ({string.Join("; ", expectedTexts)}), or another checkpoint");

        void Differ(string name, string found, string expected)
        {
            if (foundTexts.Count == MostDifferences)
                return;
            name = DataFormatException.Short(name, LongestName);
            foundTexts.Add($"{name}: {DataFormatException.Short(found, LongestText)}");
            expectedTexts.Add($"{name}: {DataFormatException.Short(expected, LongestText)}");
        }
    }

    private static void AddPosition(SafetensorsWriter writer, TrainingPosition p)
    {
        writer.Add<long>(
            $"{RunPrefix}.counts", [6], [p.Step, p.Epoch, p.Batch, p.Correct, p.EpochSamples, p.Samples]);
        writer.Add<double>($"{RunPrefix}.sums", [2], [p.LossSum, p.Seconds]);
        GeneratorState s = p.EpochState ?? default;
        writer.Add<long>(
            $"{RunPrefix}.shuffle", [4], [unchecked((long)s.S0), unchecked((long)s.S1), unchecked((long)s.S2), unchecked((long)s.S3)]);
        var figures = new List<double>();
        foreach (EpochResult e in p.Epochs)
            figures.AddRange([e.Epoch, e.TrainLoss, e.TrainAccuracy, e.ValidationLoss, e.ValidationAccuracy, e.Seconds]);
        writer.Add<double>($"{RunPrefix}.epochs", [p.Epochs.Count, EpochFigures], [.. figures]);
    }

    private static TrainingPosition ReadPosition(SafetensorsReader reader)
    {
        Span<long> counts = stackalloc long[6], words = stackalloc long[4];
        Span<double> sums = stackalloc double[2];
        StateReader.Expect(reader, $"{RunPrefix}.counts", SafetensorsType.I64, counts.Length);
        StateReader.Expect(reader, $"{RunPrefix}.shuffle", SafetensorsType.I64, words.Length);
        StateReader.Expect(reader, $"{RunPrefix}.sums", SafetensorsType.F64, sums.Length);
        reader.ReadIntegers($"{RunPrefix}.counts", counts);
        reader.ReadIntegers($"{RunPrefix}.shuffle", words);
        reader.Read($"{RunPrefix}.sums", sums);
        if (counts.ContainsAnyInRange(long.MinValue, -1) || counts[1] > int.MaxValue || counts[2] > int.MaxValue)
            throw new DataFormatException(reader.Name, $"tensor '{RunPrefix}.counts'", "a count that is out of range", "whole numbers from 0 up");
        var state = new GeneratorState((ulong)words[0], (ulong)words[1], (ulong)words[2], (ulong)words[3]);
        return new TrainingPosition
        {
            Step = counts[0],
            Epoch = (int)counts[1],
            Batch = (int)counts[2],
            Correct = counts[3],
            EpochSamples = counts[4],
            Samples = counts[5],
            LossSum = sums[0],
            Seconds = sums[1],
            EpochState = state == default ? null : state,
            Epochs = ReadEpochs(reader),
        };
    }

    private static EpochResult[] ReadEpochs(SafetensorsReader reader)
    {
        const string Name = RunPrefix + ".epochs";
        SafetensorsEntry entry = reader.Find(Name);
        if (entry.Type != SafetensorsType.F64 || entry.Shape is not [_, EpochFigures] || entry.Count > int.MaxValue)
            throw new DataFormatException(reader.Name, $"tensor '{Name}'", $"the shape {entry.ShapeText}", $"F64 [epochs, {EpochFigures}]");
        var figures = new double[entry.Count];
        reader.Read(Name, figures.AsSpan());
        var epochs = new EpochResult[figures.Length / EpochFigures];
        for (int i = 0; i < epochs.Length; i++)
        {
            ReadOnlySpan<double> f = figures.AsSpan(i * EpochFigures, EpochFigures);
            epochs[i] = new EpochResult((int)f[0], f[1], f[2], f[3], f[4], f[5]);
        }

        return epochs;
    }
}
