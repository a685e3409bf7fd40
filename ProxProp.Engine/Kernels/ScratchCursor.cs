namespace ProxProp.Engine.Kernels;

/// <summary>
/// Cuts a scratch span into cache-line aligned pieces. The same sequence of calls on a cursor without memory measures how much is needed.
/// </summary>
internal unsafe struct ScratchCursor<T>
    where T : unmanaged
{
    private const int Granule = 16;
    private readonly T* _base;
    private long _used;

    /// <summary>Cuts from <paramref name="memory"/>, which need not be aligned; null to measure.</summary>
    public ScratchCursor(T* memory)
    {
        const nuint mask = Memory.AlignedBuffer<T>.Alignment - 1;
        _base = (T*)(((nuint)memory + mask) & ~mask);
    }

    /// <summary>Elements that a span needs to hold everything taken so far, wherever it begins.</summary>
    public readonly long Length => _used + Granule;

    /// <summary>The next <paramref name="count"/> elements.</summary>
    public T* Take(long count)
    {
        T* piece = _base + _used;
        _used += (count + Granule - 1) / Granule * Granule;
        return piece;
    }

    /// <summary>Room for <paramref name="count"/> integers; T has at least their size.</summary>
    public int* TakeIntegers(long count) => (int*)Take(count);
}
