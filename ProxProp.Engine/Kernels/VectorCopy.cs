using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>Copies of a few elements, too short for a call of the runtime's, by vectors of which the last may overlap the one before.</summary>
internal static unsafe class VectorCopy
{
    /// <summary>Copies so many elements, as many as a vector has at least.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run<TVector, T>(T* from, T* to, int count)
        where TVector : unmanaged, ISimd<TVector, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < count - TVector.Count; i += TVector.Count)
            TVector.Store(TVector.Load(from + i), to + i);
        TVector.Store(TVector.Load(from + count - TVector.Count), to + count - TVector.Count);
    }

    /// <summary>Copies rows of so many elements, one at least, by the longest vectors that a row has room for.</summary>
    /// <param name="from">The first row.</param>
    /// <param name="fromStep">From one row to the next.</param>
    /// <param name="to">Where the first row goes.</param>
    /// <param name="toStep">From there to where the next goes.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="count">Elements of a row.</param>
    public static void Rows<T>(T* from, nint fromStep, T* to, nint toStep, int rows, int count)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (Vector256.IsHardwareAccelerated && count >= Simd256<T>.Count)
            Rows<Simd256<T>, T>(from, fromStep, to, toStep, rows, count);
        else if (count >= Simd128<T>.Count)
            Rows<Simd128<T>, T>(from, fromStep, to, toStep, rows, count);
        else
            Rows<Scalar<T>, T>(from, fromStep, to, toStep, rows, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Rows<TVector, T>(T* from, nint fromStep, T* to, nint toStep, int rows, int count)
        where TVector : unmanaged, ISimd<TVector, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (; rows > 0; rows--, from += fromStep, to += toStep)
            Run<TVector, T>(from, to, count);
    }
}
