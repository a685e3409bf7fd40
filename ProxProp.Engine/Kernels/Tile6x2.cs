using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>The micro-kernel of 6 rows by two vectors.</summary>
/// <remarks>
/// <para>Layout: A in panels of 6 rows, B in panels of two vectors, or either where it lies if its steps allow (see <see cref="ITile{T}"/>).</para>
/// <para>Registers: 12 sums, 2 vectors of B, 1 broadcast of A: 15 (256 bits with AVX2, 128 bits with SSE: 16 registers).</para>
/// <para>Remainders: the caller pads panels with zeros and stores a part of the tile; the sums are the same.</para>
/// <para>Source: F. Van Zee, R. van de Geijn, BLIS, ACM TOMS 41 (2015); the tile shape is that of its x86 kernels, turned for row-major C.</para>
/// </remarks>
internal readonly unsafe struct Tile6x2<TSimd, T> : ITile<T>
    where TSimd : unmanaged, ISimd<TSimd, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static int Rows => 6;

    public static int Columns => 2 * TSimd.Count;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(nint kc, T* a, nint aLane, nint aStep, T* b, nint bStep, T* c, nint cStride, in TileStore<T> store)
    {
        TSimd l0 = TSimd.Zero, r0 = TSimd.Zero;
        TSimd l1 = TSimd.Zero, r1 = TSimd.Zero;
        TSimd l2 = TSimd.Zero, r2 = TSimd.Zero;
        TSimd l3 = TSimd.Zero, r3 = TSimd.Zero;
        TSimd l4 = TSimd.Zero, r4 = TSimd.Zero;
        TSimd l5 = TSimd.Zero, r5 = TSimd.Zero;

        // Base pointers three rows apart: with one and two lanes as offsets every row is one addressing mode away.
        T* a3 = a + (3 * aLane);
        nint lane2 = 2 * aLane;
        Prefetch.Rows(c, cStride, Rows);
        for (; kc > 0; kc--)
        {
            TSimd left = TSimd.Load(b);
            TSimd right = TSimd.Load(b + TSimd.Count);
            TSimd x = TSimd.Broadcast(*a);
            TSimd.MultiplyAddTo(ref l0, x, left);
            TSimd.MultiplyAddTo(ref r0, x, right);
            x = TSimd.Broadcast(a[aLane]);
            TSimd.MultiplyAddTo(ref l1, x, left);
            TSimd.MultiplyAddTo(ref r1, x, right);
            x = TSimd.Broadcast(a[lane2]);
            TSimd.MultiplyAddTo(ref l2, x, left);
            TSimd.MultiplyAddTo(ref r2, x, right);
            x = TSimd.Broadcast(*a3);
            TSimd.MultiplyAddTo(ref l3, x, left);
            TSimd.MultiplyAddTo(ref r3, x, right);
            x = TSimd.Broadcast(a3[aLane]);
            TSimd.MultiplyAddTo(ref l4, x, left);
            TSimd.MultiplyAddTo(ref r4, x, right);
            x = TSimd.Broadcast(a3[lane2]);
            TSimd.MultiplyAddTo(ref l5, x, left);
            TSimd.MultiplyAddTo(ref r5, x, right);
            a += aStep;
            a3 += aStep;
            b += bStep;
        }

        if (store.IsPlain)
        {
            StorePlain(l0, r0, c);
            StorePlain(l1, r1, c + cStride);
            StorePlain(l2, r2, c + (2 * cStride));
            StorePlain(l3, r3, c + (3 * cStride));
            StorePlain(l4, r4, c + (4 * cStride));
            StorePlain(l5, r5, c + (5 * cStride));
            return;
        }

        TileStoring.StoreRow<TSimd, T>(l0, r0, c, store);
        c += cStride;
        TileStoring.StoreRow<TSimd, T>(l1, r1, c, store);
        c += cStride;
        TileStoring.StoreRow<TSimd, T>(l2, r2, c, store);
        c += cStride;
        TileStoring.StoreRow<TSimd, T>(l3, r3, c, store);
        c += cStride;
        TileStoring.StoreRow<TSimd, T>(l4, r4, c, store);
        c += cStride;
        TileStoring.StoreRow<TSimd, T>(l5, r5, c, store);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StorePlain(TSimd left, TSimd right, T* c)
    {
        TSimd.Store(left, c);
        TSimd.Store(right, c + TSimd.Count);
    }

    public static void StorePart(T* sums, int rows, int columns, T* c, nint cStride, in TileStore<T> store) =>
        TileStoring.StorePart<TSimd, T>(sums, Columns, rows, columns, c, cStride, store);
}
