using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace ProxProp.Engine.Kernels;

/// <summary>
/// Hints to the cache, for any address, valid or not. No effect on results, none at all where the instruction set has no such hint in .NET.
/// </summary>
internal static unsafe class Prefetch
{
    /// <summary>Asks for the cache lines of a block of rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Rows<T>(T* start, nint stride, int rows, int columns)
        where T : unmanaged
    {
        if (!Sse.IsSupported)
            return;
        const int Line = 64;
        byte* row = (byte*)start;
        nint step = stride * sizeof(T), last = ((columns * sizeof(T)) - 1) & -Line;
        for (int i = 0; i < rows; i++, row += step)
        {
            Sse.Prefetch0(row);
            for (nint at = last; at > 0; at -= Line)
                Sse.Prefetch0(row + at);
        }
    }

    /// <summary>Asks for the line of an address, to be kept out of the first-level cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToSecondLevel(void* address)
    {
        if (Sse.IsSupported)
            Sse.Prefetch1(address);
    }

    /// <summary>Asks for every cache line of a range of bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Range(void* start, nint bytes)
    {
        if (!Sse.IsSupported)
            return;
        for (byte* at = (byte*)start, end = at + bytes; at < end; at += 64)
            Sse.Prefetch0(at);
    }
}
