namespace ProxProp.Engine.Memory;

/// <summary>Zeroed memory that begins on a cache line (64 bytes) and never moves.</summary>
/// <typeparam name="T">Element type.</typeparam>
public sealed unsafe class AlignedBuffer<T> : IDisposable
    where T : unmanaged
{
    /// <summary>Alignment in bytes: one cache line, and the widest vector.</summary>
    public const int Alignment = PinnedBytes.Line;

    private PinnedBytes _data;

    /// <summary>Allocates <paramref name="length"/> zeroed elements.</summary>
    /// <param name="length">Number of elements, 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative or does not fit in a span.</exception>
    public AlignedBuffer(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, int.MaxValue);
        Length = (int)length;
        _data = new PinnedBytes(length * sizeof(T));
        HugePages.Ask(_data.Pointer, length * sizeof(T));
    }

    /// <summary>Number of elements.</summary>
    public int Length { get; }

    /// <summary>Size in bytes.</summary>
    public long Bytes => (long)Length * sizeof(T);

    /// <summary>The elements.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was disposed.</exception>
    public Span<T> Span => Data.Span<T>(0, Length);

    /// <summary>Address of the first element, valid until the buffer is disposed or out of reach.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was disposed.</exception>
    public T* Pointer => (T*)Data.Pointer;

    private PinnedBytes Data
    {
        get
        {
            PinnedBytes data = _data;
            ObjectDisposedException.ThrowIf(data.IsEmpty, this);
            return data;
        }
    }

    /// <summary>Gives the memory back as soon as no span of it is in use.</summary>
    public void Dispose() => _data = default;
}
