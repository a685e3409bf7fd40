using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>The micro-kernel of 6 rows by two vectors.</summary>
/// <remarks>
/// <para>Layout: A in panels of 6 rows, B in panels of two vectors, or either where it lies if its steps allow (see <see cref="ITile{T}"/>).</para>
/// <para>Registers: 12 sums, 2 vectors of B, 1 broadcast of A: 15 (256 bits with AVX2, 128 bits with SSE: 16 registers).</para>
/// <para>Remainders: the caller pads panels with zeros and keeps a part of the tile; the sums are the same.</para>
/// <para>The steps are written out, and no more of them than 64 multiply-adds in all: beyond that, or where a helper passes a sum on by
/// reference, the JIT gives up keeping sums in registers.</para>
/// <para>Source: F. Van Zee, R. van de Geijn, BLIS, ACM TOMS 41 (2015); the tile shape is that of its x86 kernels, turned for row-major C.</para>
/// </remarks>
internal readonly unsafe struct Tile6x2<TSimd, T> : ITile<T>
    where TSimd : unmanaged, ISimd<TSimd, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static int Rows => 6;

    public static int Columns => 2 * TSimd.Count;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(nint kc, T* a, nint aLane, nint aStep, T* b, nint bStep, T* sums, nint stride)
    {
        TSimd l0 = TSimd.Zero, r0 = TSimd.Zero;
        TSimd l1 = TSimd.Zero, r1 = TSimd.Zero;
        TSimd l2 = TSimd.Zero, r2 = TSimd.Zero;
        TSimd l3 = TSimd.Zero, r3 = TSimd.Zero;
        TSimd l4 = TSimd.Zero, r4 = TSimd.Zero;
        TSimd l5 = TSimd.Zero, r5 = TSimd.Zero;
        TSimd left, right, x;
        if (aLane == 1 && aStep == Rows && bStep == Columns)
        {
            // Packed panels: constant steps become immediate offsets, and four values of k pay for one branch.
            for (; kc >= 4; kc -= 4, a += 4 * Rows, b += 4 * Columns)
            {
                left = TSimd.Load(b);
                right = TSimd.Load(b + TSimd.Count);
                x = TSimd.Broadcast(a[0]);
                TSimd.MultiplyAddTo(ref l0, x, left);
                TSimd.MultiplyAddTo(ref r0, x, right);
                x = TSimd.Broadcast(a[1]);
                TSimd.MultiplyAddTo(ref l1, x, left);
                TSimd.MultiplyAddTo(ref r1, x, right);
                x = TSimd.Broadcast(a[2]);
                TSimd.MultiplyAddTo(ref l2, x, left);
                TSimd.MultiplyAddTo(ref r2, x, right);
                x = TSimd.Broadcast(a[3]);
                TSimd.MultiplyAddTo(ref l3, x, left);
                TSimd.MultiplyAddTo(ref r3, x, right);
                x = TSimd.Broadcast(a[4]);
                TSimd.MultiplyAddTo(ref l4, x, left);
                TSimd.MultiplyAddTo(ref r4, x, right);
                x = TSimd.Broadcast(a[5]);
                TSimd.MultiplyAddTo(ref l5, x, left);
                TSimd.MultiplyAddTo(ref r5, x, right);

                left = TSimd.Load(b + Columns);
                right = TSimd.Load(b + Columns + TSimd.Count);
                x = TSimd.Broadcast(a[6]);
                TSimd.MultiplyAddTo(ref l0, x, left);
                TSimd.MultiplyAddTo(ref r0, x, right);
                x = TSimd.Broadcast(a[7]);
                TSimd.MultiplyAddTo(ref l1, x, left);
                TSimd.MultiplyAddTo(ref r1, x, right);
                x = TSimd.Broadcast(a[8]);
                TSimd.MultiplyAddTo(ref l2, x, left);
                TSimd.MultiplyAddTo(ref r2, x, right);
                x = TSimd.Broadcast(a[9]);
                TSimd.MultiplyAddTo(ref l3, x, left);
                TSimd.MultiplyAddTo(ref r3, x, right);
                x = TSimd.Broadcast(a[10]);
                TSimd.MultiplyAddTo(ref l4, x, left);
                TSimd.MultiplyAddTo(ref r4, x, right);
                x = TSimd.Broadcast(a[11]);
                TSimd.MultiplyAddTo(ref l5, x, left);
                TSimd.MultiplyAddTo(ref r5, x, right);

                left = TSimd.Load(b + (2 * Columns));
                right = TSimd.Load(b + (2 * Columns) + TSimd.Count);
                x = TSimd.Broadcast(a[12]);
                TSimd.MultiplyAddTo(ref l0, x, left);
                TSimd.MultiplyAddTo(ref r0, x, right);
                x = TSimd.Broadcast(a[13]);
                TSimd.MultiplyAddTo(ref l1, x, left);
                TSimd.MultiplyAddTo(ref r1, x, right);
                x = TSimd.Broadcast(a[14]);
                TSimd.MultiplyAddTo(ref l2, x, left);
                TSimd.MultiplyAddTo(ref r2, x, right);
                x = TSimd.Broadcast(a[15]);
                TSimd.MultiplyAddTo(ref l3, x, left);
                TSimd.MultiplyAddTo(ref r3, x, right);
                x = TSimd.Broadcast(a[16]);
                TSimd.MultiplyAddTo(ref l4, x, left);
                TSimd.MultiplyAddTo(ref r4, x, right);
                x = TSimd.Broadcast(a[17]);
                TSimd.MultiplyAddTo(ref l5, x, left);
                TSimd.MultiplyAddTo(ref r5, x, right);

                left = TSimd.Load(b + (3 * Columns));
                right = TSimd.Load(b + (3 * Columns) + TSimd.Count);
                x = TSimd.Broadcast(a[18]);
                TSimd.MultiplyAddTo(ref l0, x, left);
                TSimd.MultiplyAddTo(ref r0, x, right);
                x = TSimd.Broadcast(a[19]);
                TSimd.MultiplyAddTo(ref l1, x, left);
                TSimd.MultiplyAddTo(ref r1, x, right);
                x = TSimd.Broadcast(a[20]);
                TSimd.MultiplyAddTo(ref l2, x, left);
                TSimd.MultiplyAddTo(ref r2, x, right);
                x = TSimd.Broadcast(a[21]);
                TSimd.MultiplyAddTo(ref l3, x, left);
                TSimd.MultiplyAddTo(ref r3, x, right);
                x = TSimd.Broadcast(a[22]);
                TSimd.MultiplyAddTo(ref l4, x, left);
                TSimd.MultiplyAddTo(ref r4, x, right);
                x = TSimd.Broadcast(a[23]);
                TSimd.MultiplyAddTo(ref l5, x, left);
                TSimd.MultiplyAddTo(ref r5, x, right);
            }
        }

        // Base pointers three rows apart: with one and two lanes as offsets every row is one addressing mode away.
        T* a3 = a + (3 * aLane);
        nint lane2 = 2 * aLane;
        for (; kc > 0; kc--)
        {
            left = TSimd.Load(b);
            right = TSimd.Load(b + TSimd.Count);
            x = TSimd.Broadcast(*a);
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

        Store(l0, r0, sums);
        Store(l1, r1, sums + stride);
        Store(l2, r2, sums + (2 * stride));
        Store(l3, r3, sums + (3 * stride));
        Store(l4, r4, sums + (4 * stride));
        Store(l5, r5, sums + (5 * stride));
    }

    public static void Update(T* sums, T* c, nint cStride, in TileStore<T> store) =>
        TileStoring.Update<TSimd, T>(sums, Rows, c, cStride, store);

    public static void UpdatePart(T* sums, int rows, int columns, T* c, nint cStride, in TileStore<T> store) =>
        TileStoring.UpdatePart<TSimd, T>(sums, rows, columns, c, cStride, store);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(TSimd left, TSimd right, T* sums)
    {
        TSimd.Store(left, sums);
        TSimd.Store(right, sums + TSimd.Count);
    }
}
