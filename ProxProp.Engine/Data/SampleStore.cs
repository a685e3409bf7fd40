using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ProxProp.Engine.Kernels;

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

    /// <summary>Asks for a row that is copied soon.</summary>
    public abstract void Fetch(int row);

    /// <summary>Asks for the cache lines of some memory.</summary>
    protected static unsafe void Fetch<TItem>(ReadOnlySpan<TItem> items)
        where TItem : unmanaged
    {
        fixed (TItem* first = items)
            Prefetch.Range(first, (nint)items.Length * sizeof(TItem));
    }
}

/// <summary>Rows held as the numbers they are.</summary>
internal sealed class NumberStore<T>(ReadOnlyMemory<T> values, int features) : SampleStore<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public override long Bytes => (long)values.Length * Unsafe.SizeOf<T>();

    public override void CopyRow(int row, Span<T> destination) => values.Span.Slice(row * features, features).CopyTo(destination);

    public override void Fetch(int row) => Fetch(values.Span.Slice(row * features, features));
}

/// <summary>Rows held as bytes 0 … maximum; the feature is byte / maximum, rounded once.</summary>
internal sealed class ByteStore<T> : SampleStore<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly int _features, _maximum;
    private readonly T[] _table = new T[256];

    public ByteStore(ReadOnlyMemory<byte> bytes, int features, int maximum)
    {
        (_bytes, _features, _maximum) = (bytes, features, maximum);
        for (int i = 0; i < _table.Length; i++)
            _table[i] = T.CreateTruncating(i) / T.CreateTruncating(maximum);
    }

    public override long Bytes => _bytes.Length;

    public override void Fetch(int row) => Fetch(_bytes.Span.Slice(row * _features, _features));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override unsafe void CopyRow(int row, Span<T> destination)
    {
        ReadOnlySpan<byte> bytes = _bytes.Span.Slice(row * _features, _features);
        Span<T> numbers = destination[..bytes.Length];
        fixed (byte* from = bytes)
        fixed (T* to = numbers, table = _table)
        {
            int i = Avx2.IsSupported ? Divide(from, to, bytes.Length) : 0;
            for (; i < bytes.Length; i++)
                to[i] = table[from[i]];
        }
    }

    // As many as fill vectors.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private unsafe int Divide(byte* from, T* to, int count)
    {
        int i = 0;
        if (typeof(T) == typeof(float))
        {
            Vector256<float> maximum = Vector256.Create((float)_maximum);
            for (; i <= count - Vector256<float>.Count; i += Vector256<float>.Count)
                (Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(from + i)) / maximum).Store((float*)to + i);
        }
        else
        {
            Vector256<double> maximum = Vector256.Create((double)_maximum);
            for (; i <= count - Vector256<double>.Count; i += Vector256<double>.Count)
                (Avx.ConvertToVector256Double(Sse41.ConvertToVector128Int32(from + i)) / maximum).Store((double*)to + i);
        }

        return i;
    }
}
