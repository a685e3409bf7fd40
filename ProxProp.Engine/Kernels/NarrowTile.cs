using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>12 rows by one vector: what is left of a tall tile at the right edge of C costs half a tile.</summary>
/// <remarks>
/// <para>Layout: that of the full tile, see <see cref="ITile{T}"/>; of each row of B only the first vector is read.</para>
/// <para>Registers: 12 sums, 1 vector of B, the broadcasts of A in the multiply-adds themselves where the processor can; with an index in the address,
/// as in every second row of A where it lies, it takes them apart again.</para>
/// <para>Remainders: none; the caller keeps a part of the sums.</para>
/// </remarks>
internal static unsafe class NarrowTile<TSimd, T>
    where TSimd : unmanaged, ISimd<TSimd, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The sums of 12 rows, stored <paramref name="stride"/> apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply(nint kc, T* a, nint aLane, nint aStep, T* b, nint bStep, T* sums, nint stride)
    {
        if (aLane == 1)
            MultiplyColumns(kc, a, aStep, b, bStep, sums, stride);
        else
            MultiplyRows(kc, a, aLane, b, bStep, sums, stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void MultiplyRows(nint kc, T* a, nint aLane, T* b, nint bStep, T* sums, nint stride)
    {
        TSimd s0 = TSimd.Zero, s1 = TSimd.Zero, s2 = TSimd.Zero;
        TSimd s3 = TSimd.Zero, s4 = TSimd.Zero, s5 = TSimd.Zero;
        TSimd s6 = TSimd.Zero, s7 = TSimd.Zero, s8 = TSimd.Zero;
        TSimd s9 = TSimd.Zero, s10 = TSimd.Zero, s11 = TSimd.Zero;
        TSimd x;
        nint lane = aLane * sizeof(T), bBytes = bStep * sizeof(T);
        T* a0 = a, a2 = a0 + (2 * aLane), a4 = a2 + (2 * aLane), a6 = a4 + (2 * aLane), a8 = a6 + (2 * aLane), a10 = a8 + (2 * aLane);
        for (nint pairs = kc / 2; pairs != 0; pairs--)
        {
            x = TSimd.Load(b);
            TSimd.MultiplyAddTo(ref s0, x, a0);
            TSimd.MultiplyAddTo(ref s1, x, ByteDistance.At(a0, lane));
            TSimd.MultiplyAddTo(ref s2, x, a2);
            TSimd.MultiplyAddTo(ref s3, x, ByteDistance.At(a2, lane));
            TSimd.MultiplyAddTo(ref s4, x, a4);
            TSimd.MultiplyAddTo(ref s5, x, ByteDistance.At(a4, lane));
            TSimd.MultiplyAddTo(ref s6, x, a6);
            TSimd.MultiplyAddTo(ref s7, x, ByteDistance.At(a6, lane));
            TSimd.MultiplyAddTo(ref s8, x, a8);
            TSimd.MultiplyAddTo(ref s9, x, ByteDistance.At(a8, lane));
            TSimd.MultiplyAddTo(ref s10, x, a10);
            TSimd.MultiplyAddTo(ref s11, x, ByteDistance.At(a10, lane));

            x = TSimd.Load(ByteDistance.At(b, bBytes));
            TSimd.MultiplyAddTo(ref s0, x, a0 + 1);
            TSimd.MultiplyAddTo(ref s1, x, ByteDistance.At(a0, lane) + 1);
            TSimd.MultiplyAddTo(ref s2, x, a2 + 1);
            TSimd.MultiplyAddTo(ref s3, x, ByteDistance.At(a2, lane) + 1);
            TSimd.MultiplyAddTo(ref s4, x, a4 + 1);
            TSimd.MultiplyAddTo(ref s5, x, ByteDistance.At(a4, lane) + 1);
            TSimd.MultiplyAddTo(ref s6, x, a6 + 1);
            TSimd.MultiplyAddTo(ref s7, x, ByteDistance.At(a6, lane) + 1);
            TSimd.MultiplyAddTo(ref s8, x, a8 + 1);
            TSimd.MultiplyAddTo(ref s9, x, ByteDistance.At(a8, lane) + 1);
            TSimd.MultiplyAddTo(ref s10, x, a10 + 1);
            TSimd.MultiplyAddTo(ref s11, x, ByteDistance.At(a10, lane) + 1);

            a0 += 2;
            a2 += 2;
            a4 += 2;
            a6 += 2;
            a8 += 2;
            a10 += 2;
            b = ByteDistance.At(b, 2 * bBytes);
        }

        if ((kc & 1) != 0)
        {
            x = TSimd.Load(b);
            TSimd.MultiplyAddTo(ref s0, x, a0);
            TSimd.MultiplyAddTo(ref s1, x, ByteDistance.At(a0, lane));
            TSimd.MultiplyAddTo(ref s2, x, a2);
            TSimd.MultiplyAddTo(ref s3, x, ByteDistance.At(a2, lane));
            TSimd.MultiplyAddTo(ref s4, x, a4);
            TSimd.MultiplyAddTo(ref s5, x, ByteDistance.At(a4, lane));
            TSimd.MultiplyAddTo(ref s6, x, a6);
            TSimd.MultiplyAddTo(ref s7, x, ByteDistance.At(a6, lane));
            TSimd.MultiplyAddTo(ref s8, x, a8);
            TSimd.MultiplyAddTo(ref s9, x, ByteDistance.At(a8, lane));
            TSimd.MultiplyAddTo(ref s10, x, a10);
            TSimd.MultiplyAddTo(ref s11, x, ByteDistance.At(a10, lane));
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

    // Columns of A where they lie, or a panel.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void MultiplyColumns(nint kc, T* a, nint aStep, T* b, nint bStep, T* sums, nint stride)
    {
        TSimd s0 = TSimd.Zero, s1 = TSimd.Zero, s2 = TSimd.Zero;
        TSimd s3 = TSimd.Zero, s4 = TSimd.Zero, s5 = TSimd.Zero;
        TSimd s6 = TSimd.Zero, s7 = TSimd.Zero, s8 = TSimd.Zero;
        TSimd s9 = TSimd.Zero, s10 = TSimd.Zero, s11 = TSimd.Zero;
        nint aBytes = aStep * sizeof(T), bBytes = bStep * sizeof(T);
        for (; kc != 0; kc--)
        {
            TSimd x = TSimd.Load(b);
            TSimd.MultiplyAddTo(ref s0, x, a);
            TSimd.MultiplyAddTo(ref s1, x, a + 1);
            TSimd.MultiplyAddTo(ref s2, x, a + 2);
            TSimd.MultiplyAddTo(ref s3, x, a + 3);
            TSimd.MultiplyAddTo(ref s4, x, a + 4);
            TSimd.MultiplyAddTo(ref s5, x, a + 5);
            TSimd.MultiplyAddTo(ref s6, x, a + 6);
            TSimd.MultiplyAddTo(ref s7, x, a + 7);
            TSimd.MultiplyAddTo(ref s8, x, a + 8);
            TSimd.MultiplyAddTo(ref s9, x, a + 9);
            TSimd.MultiplyAddTo(ref s10, x, a + 10);
            TSimd.MultiplyAddTo(ref s11, x, a + 11);
            a = ByteDistance.At(a, aBytes);
            b = ByteDistance.At(b, bBytes);
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
