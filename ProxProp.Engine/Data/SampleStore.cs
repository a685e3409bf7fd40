using System.Numerics;

namespace ProxProp.Engine.Data;

/// <summary>
/// Where a data set keeps its samples: rows of equal length, read one at a time. Images stay the bytes they were (a quarter of a float), and
/// become numbers when a batch is gathered.
/// </summary>
internal abstract class SampleStore<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Bytes that the samples take.</summary>
    public abstract long Bytes { get; }

    /// <summary>Writes a row's features.</summary>
    public abstract void CopyRow(int row, Span<T> destination);
}

/// <summary>Rows held as the numbers they are.</summary>
internal sealed class NumberStore<T>(ReadOnlyMemory<T> values, int features) : SampleStore<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public override long Bytes => (long)values.Length * System.Runtime.CompilerServices.Unsafe.SizeOf<T>();

    public override void CopyRow(int row, Span<T> destination) => values.Span.Slice(row * features, features).CopyTo(destination);
}

/// <summary>Rows held as bytes 0 … maximum; the feature is byte / maximum, rounded once.</summary>
internal sealed class ByteStore<T> : SampleStore<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly int _features;
    private readonly T[] _table = new T[256];

    public ByteStore(ReadOnlyMemory<byte> bytes, int features, int maximum)
    {
        (_bytes, _features) = (bytes, features);
        for (int i = 0; i < _table.Length; i++)
            _table[i] = T.CreateTruncating(i) / T.CreateTruncating(maximum);
    }

    public override long Bytes => _bytes.Length;

    public override void CopyRow(int row, Span<T> destination)
    {
        ReadOnlySpan<byte> from = _bytes.Span.Slice(row * _features, _features);
        ReadOnlySpan<T> table = _table;
        Span<T> to = destination[..from.Length];
        for (int i = 0; i < from.Length; i++)
            to[i] = table[from[i]];
    }
}
