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
        nint lane = aLane * sizeof(T), back = -lane, aBytes = aStep * sizeof(T), bBytes = bStep * sizeof(T);
        T* a3 = a + (3 * aLane);
        T* a8 = a + (8 * aLane);
        for (; kc != 0; kc--)
        {
            TSimd x = TSimd.Load(b);
            b = ByteDistance.At(b, bBytes);
            TSimd.MultiplyAddTo(ref s0, x, ByteDistance.At(a8, 8 * back));
            TSimd.MultiplyAddTo(ref s1, x, ByteDistance.At(a3, 2 * back));
            TSimd.MultiplyAddTo(ref s2, x, ByteDistance.At(a3, back));
            TSimd.MultiplyAddTo(ref s3, x, a3);
            TSimd.MultiplyAddTo(ref s4, x, ByteDistance.At(a3, lane));
            TSimd.MultiplyAddTo(ref s5, x, ByteDistance.At(a3, 2 * lane));
            TSimd.MultiplyAddTo(ref s6, x, ByteDistance.At(a8, 2 * back));
            TSimd.MultiplyAddTo(ref s7, x, ByteDistance.At(a8, back));
            TSimd.MultiplyAddTo(ref s8, x, a8);
            TSimd.MultiplyAddTo(ref s9, x, ByteDistance.At(a8, lane));
            TSimd.MultiplyAddTo(ref s10, x, ByteDistance.At(a8, 2 * lane));
            TSimd.MultiplyAddTo(ref s11, x, ByteDistance.At(a3, 8 * lane));
            a3 = ByteDistance.At(a3, aBytes);
            a8 = ByteDistance.At(a8, aBytes);
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
