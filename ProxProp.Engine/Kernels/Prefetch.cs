using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace ProxProp.Engine.Kernels;

/// <summary>
/// Hints to the cache, for any address, valid or not. No effect on results, none at all where the instruction set has no such hint in .NET.
/// </summary>
internal static unsafe class Prefetch
{
    /// <summary>Bytes of a cache line.</summary>
    public const int LineBytes = 64;

    // Far enough for a line of one of several streams to arrive, near enough for it to be there still.
    private const int BytesAhead = 2048;

    /// <summary>Asks for the lines of at most 128 bytes, wherever they begin.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Span<T>(T* start, int length)
        where T : unmanaged
    {
        if (!Sse.IsSupported)
            return;
        Sse.Prefetch0(start);
        if (length * sizeof(T) > LineBytes)
            Sse.Prefetch0(start + (length / 2));
        Sse.Prefetch0(start + length - 1);
    }

    /// <summary>Asks for the line of an address.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToFirstLevel(void* address)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(address);
    }

    /// <summary>Asks for the line of an address, to be kept out of the first-level cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToSecondLevel(void* address)
    {
        if (Sse.IsSupported)
            Sse.Prefetch1(address);
    }

    /// <summary>Asks for the line that a pass over memory comes to soon.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Ahead(void* at)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0((byte*)at + BytesAhead);
    }

    /// <summary>Asks for every cache line of a range of bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Range(void* start, nint bytes)
    {
        if (!Sse.IsSupported)
            return;
        for (byte* at = (byte*)start, end = at + bytes; at < end; at += LineBytes)
            Sse.Prefetch0(at);
    }
}
