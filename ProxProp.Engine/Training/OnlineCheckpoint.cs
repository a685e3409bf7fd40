using System.Globalization;
using System.Numerics;
using ProxProp.Engine.Data;
using ProxProp.Engine.Proximal;

namespace ProxProp.Engine.Training;

/// <summary>
/// Saves a layer that learns sample by sample, so that it goes on after a restart as if there had been none: no sample is kept anywhere, so what they
/// told is in the parameters and in the factor of I/τ_θ + Σ aaᵀ.
/// </summary>
/// <remarks>
/// One safetensors file in the manner of <see cref="Checkpoint"/>: tensors <c>checkpoint.online.*</c>, the settings as metadata, and a CRC-32C of all the rest. It is
/// written by <see cref="AtomicFile"/>: a process that is killed while it saves leaves the file before.
/// </remarks>
public static class OnlineCheckpoint
{
    private const string Prefix = Checkpoint.TensorPrefix + "online";

    /// <summary>Saves a layer between two samples.</summary>
    /// <param name="online">The layer.</param>
    /// <param name="path">The file, replaced if it exists.</param>
    /// <exception cref="InvalidOperationException">The layer has a number that is not finite; an old file is untouched.</exception>
    /// <exception cref="IOException">The file cannot be written; an old one is untouched.</exception>
    public static void Save<T>(OnlineLinear<T> online, string path)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(online);
        SafetensorsWriter writer = Checkpoint.Begin(Settings(online));
        online.VisitState(new StateWriter(writer, online.Compute), Prefix);
        writer.SetChecksum(Checkpoint.ChecksumKey);
        writer.Save(path);
    }

    /// <summary>Brings a layer to where it was.</summary>
    /// <param name="online">A layer made in the same way as the one saved; unchanged if the file does not fit.</param>
    /// <param name="path">The file.</param>
    /// <exception cref="DataFormatException">
    /// The file is damaged, no checkpoint, one of a layer with other settings, which the message names, or has a number that is not finite.
    /// </exception>
    public static void Load<T>(OnlineLinear<T> online, string path)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(online);
        using SafetensorsReader reader = SafetensorsReader.Open(path);
        Checkpoint.Check(reader, [.. Settings(online)]);

        // All is read and checked before anything is changed.
        var states = new StateReader(reader, online.Compute);
        online.VisitState(states, Prefix);
        online.VisitState(states.Restoring(), Prefix);
    }

    private static IEnumerable<KeyValuePair<string, string>> Settings<T>(OnlineLinear<T> online)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        yield return new("number type", typeof(T).Name);
        yield return new("inputs", online.Inputs.ToString(CultureInfo.InvariantCulture));
        yield return new("outputs", online.Outputs.ToString(CultureInfo.InvariantCulture));
        yield return new("bias", online.HasBias ? "yes" : "no");
        yield return new("tauTheta", online.TauTheta.ToString("R", CultureInfo.InvariantCulture));
    }
}
