using System.Globalization;
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
        return $"{data.Count} rows of {data.Features} features in {data.Classes} classes, checksum {Checksum(data, single: false):x8}";
    }

    /// <summary>
    /// A checksum of all samples, rounded to single precision, and labels in order, as eight hexadecimal digits: what a file or its like gives is the
    /// same whether it was loaded as float or as double. Reads everything once.
    /// </summary>
    /// <typeparam name="T">float or double.</typeparam>
    public static string InSinglePrecision<T>(Dataset<T> data)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(data);
        return Checksum(data, single: typeof(T) != typeof(float)).ToString("x8", CultureInfo.InvariantCulture);
    }

    private static uint Checksum<T>(Dataset<T> data, bool single)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int rows = Math.Max(1, ChunkElements / data.Features);
        var samples = new T[Math.Min(rows, Math.Max(1, data.Count)) * data.Features];
        var rounded = new float[single ? samples.Length : 0];
        var labels = new int[samples.Length / data.Features];
        Crc32C crc = default;
        for (int first = 0; first < data.Count; first += labels.Length)
        {
            int count = Math.Min(labels.Length, data.Count - first);
            data.CopyRange(first, count, samples, labels);
            int elements = count * data.Features;
            for (int i = 0; single && i < elements; i++)
                rounded[i] = float.CreateTruncating(samples[i]);
            crc.Append(single ? MemoryMarshal.AsBytes(rounded.AsSpan(0, elements)) : MemoryMarshal.AsBytes(samples.AsSpan(0, elements)));
            crc.Append(MemoryMarshal.AsBytes(labels.AsSpan(0, count)));
        }

        return crc.Value;
    }
}
