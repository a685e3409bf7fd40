using System.Numerics;
using System.Runtime.InteropServices;

namespace ProxProp.Engine.Data;

/// <summary>Tells one data set from another by size and content.</summary>
public static class DatasetFingerprint
{
    private const int ChunkElements = 1 << 14;

    /// <summary>
    /// Rows, features, classes and a checksum of all samples (as <typeparamref name="T"/>) and labels in order, as a short text. Names do not
    /// count. Reads everything once.
    /// </summary>
    /// <typeparam name="T">float or double.</typeparam>
    public static string Of<T>(Dataset<T> data)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(data);
        int rows = Math.Max(1, ChunkElements / data.Features);
        var samples = new T[Math.Min(rows, Math.Max(1, data.Count)) * data.Features];
        var labels = new int[samples.Length / data.Features];
        Crc32C crc = default;
        for (int first = 0; first < data.Count; first += labels.Length)
        {
            int count = Math.Min(labels.Length, data.Count - first);
            data.CopyRange(first, count, samples, labels);
            crc.Append(MemoryMarshal.AsBytes(samples.AsSpan(0, count * data.Features)));
            crc.Append(MemoryMarshal.AsBytes(labels.AsSpan(0, count)));
        }

        return $"{data.Count} rows of {data.Features} features in {data.Classes} classes, checksum {crc.Value:x8}";
    }
}
