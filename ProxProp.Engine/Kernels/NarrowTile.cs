using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>12 rows by one vector: what is left of a tall tile at the right edge of C costs half a tile.</summary>
/// <remarks>
/// <para>Layout: that of the full tile, see <see cref="ITile{T}"/>; of each row of B only the first vector is read.</para>
/// <para>Registers: 12 sums, 1 vector of B, the broadcasts of A in the multiply-adds themselves where the processor can.</para>
/// <para>Remainders: none; the caller keeps a part of the sums.</para>
/// </remarks>
internal static unsafe class NarrowTile<TSimd, T>
    where TSimd : unmanaged, ISimd<TSimd, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The sums of 12 rows, stored <paramref name="stride"/> apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(nint kc, T* a, nint aLane, nint aStep, T* b, nint bStep, T* sums, nint stride)
    {
        TSimd s0 = TSimd.Zero, s1 = TSimd.Zero, s2 = TSimd.Zero;
        TSimd s3 = TSimd.Zero, s4 = TSimd.Zero, s5 = TSimd.Zero;
        TSimd s6 = TSimd.Zero, s7 = TSimd.Zero, s8 = TSimd.Zero;
        TSimd s9 = TSimd.Zero, s10 = TSimd.Zero, s11 = TSimd.Zero;
        nint lane2 = 2 * aLane;
        T* a3 = a + (3 * aLane);
        T* a6 = a3 + (3 * aLane);
        T* a9 = a6 + (3 * aLane);
        for (; kc > 0; kc--, b += bStep)
        {
            TSimd x = TSimd.Load(b);
            TSimd.MultiplyAddTo(ref s0, TSimd.Broadcast(*a), x);
            TSimd.MultiplyAddTo(ref s1, TSimd.Broadcast(a[aLane]), x);
            TSimd.MultiplyAddTo(ref s2, TSimd.Broadcast(a[lane2]), x);
            a += aStep;
            TSimd.MultiplyAddTo(ref s3, TSimd.Broadcast(*a3), x);
            TSimd.MultiplyAddTo(ref s4, TSimd.Broadcast(a3[aLane]), x);
            TSimd.MultiplyAddTo(ref s5, TSimd.Broadcast(a3[lane2]), x);
            a3 += aStep;
            TSimd.MultiplyAddTo(ref s6, TSimd.Broadcast(*a6), x);
            TSimd.MultiplyAddTo(ref s7, TSimd.Broadcast(a6[aLane]), x);
            TSimd.MultiplyAddTo(ref s8, TSimd.Broadcast(a6[lane2]), x);
            a6 += aStep;
            TSimd.MultiplyAddTo(ref s9, TSimd.Broadcast(*a9), x);
            TSimd.MultiplyAddTo(ref s10, TSimd.Broadcast(a9[aLane]), x);
            TSimd.MultiplyAddTo(ref s11, TSimd.Broadcast(a9[lane2]), x);
            a9 += aStep;
        }

        TSimd.Store(s0, sums);
        TSimd.Store(s1, sums += stride);
        TSimd.Store(s2, sums += stride);
        TSimd.Store(s3, sums += stride);
        TSimd.Store(s4, sums += stride);
        TSimd.Store(s5, sums += stride);
        TSimd.Store(s6, sums += stride);
        TSimd.Store(s7, sums += stride);
        TSimd.Store(s8, sums += stride);
        TSimd.Store(s9, sums += stride);
        TSimd.Store(s10, sums += stride);
        TSimd.Store(s11, sums += stride);
    }
}
