using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ProxProp.Engine.Memory;

/// <summary>Zeroed bytes that never move and begin on a cache line.</summary>
/// <remarks>
/// They live on the pinned heap, so a span of them keeps them alive by itself: one that outlives its owner reads stale numbers, never
/// freed memory, and an owner that nobody disposes leaks nothing. Who works by <see cref="Pointer"/> alone has a copy of this value and keeps it
/// (<see cref="Keep"/>) until the work is done: an owner drops its own when it is disposed, be it by another thread meanwhile.
/// </remarks>
internal readonly unsafe struct PinnedBytes
{
    /// <summary>Alignment in bytes: one cache line, and the widest vector.</summary>
    public const int Line = 64;

    // Nothing else: so a copy is whole, whatever the owner does with its own meanwhile.
    private readonly CacheLine[]? _lines;

    /// <summary>Allocates at least <paramref name="bytes"/> bytes.</summary>
    public PinnedBytes(long bytes) =>
        _lines = GC.AllocateArray<CacheLine>(checked((int)((bytes + Line - 1) / Line) + 1), pinned: true);

    /// <summary>Whether nothing was allocated.</summary>
    public bool IsEmpty => _lines is null;

    /// <summary>The first byte; valid as long as this value is held and <see cref="Keep"/> is still to come.</summary>
    public byte* Pointer
    {
        get
        {
            var start = (nuint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_lines!));
            return (byte*)((start + Line - 1) / Line * Line);
        }
    }

    /// <summary>Keeps the memory until here.</summary>
    public void Keep() => GC.KeepAlive(_lines);

    /// <summary>A reference that is alive as long as the memory is.</summary>
    public WeakReference Watch() => new(_lines);

    /// <summary><paramref name="count"/> elements from byte <paramref name="offset"/> on.</summary>
    public Span<T> Span<T>(long offset, int count)
        where T : unmanaged
    {
        var span = new Span<T>(Pointer + offset, count);
        GC.KeepAlive(_lines); // until the span, an interior reference, has taken over
        return span;
    }

    [StructLayout(LayoutKind.Sequential, Size = Line)]
    private struct CacheLine;
}
