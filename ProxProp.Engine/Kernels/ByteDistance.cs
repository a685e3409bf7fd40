using System.Runtime.CompilerServices;

namespace ProxProp.Engine.Kernels;

/// <summary>Distances in bytes, where a kernel has them ready: a multiple of one is then part of an address.</summary>
internal static unsafe class ByteDistance
{
    /// <summary>What lies so many bytes from here.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T* At<T>(T* here, nint bytes)
        where T : unmanaged => (T*)((byte*)here + bytes);
}
