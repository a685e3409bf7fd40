using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

// Rows of A where they lie, beside any B.
internal readonly unsafe partial struct Tile<TSimd, T, THeight>
{
    // Rows 0, 3, 6 and 9, with one and two lanes on as offsets: every row is one addressing mode away, by five registers, and their numbers of two steps lie
    // side by side. The multiply-adds of these four rows read theirs by themselves; those of the others, whose addresses have an index, would not gain by it.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MultiplyRows(nint kc, T* a, nint aLane, T* b, nint bStep, T* c, nint cStride, Update update, TileAhead<T>* ahead)
    {
        TSimd l0 = TSimd.Zero, r0 = TSimd.Zero;
        TSimd l1 = TSimd.Zero, r1 = TSimd.Zero;
        TSimd l2 = TSimd.Zero, r2 = TSimd.Zero;
        TSimd l3 = TSimd.Zero, r3 = TSimd.Zero;
        TSimd l4 = TSimd.Zero, r4 = TSimd.Zero;
        TSimd l5 = TSimd.Zero, r5 = TSimd.Zero;
        TSimd l6 = TSimd.Zero, r6 = TSimd.Zero;
        TSimd l7 = TSimd.Zero, r7 = TSimd.Zero;
        TSimd l8 = TSimd.Zero, r8 = TSimd.Zero;
        TSimd l9 = TSimd.Zero, r9 = TSimd.Zero;
        TSimd l10 = TSimd.Zero, r10 = TSimd.Zero;
        TSimd l11 = TSimd.Zero, r11 = TSimd.Zero;
        TSimd left, right;
        nint lane = aLane * sizeof(T);
        T* a0 = a, a3 = a + (3 * aLane), a6 = a + (6 * aLane), a9 = a6 + (3 * aLane);
        while (kc > 1)
        {
            ahead->FetchPart(Rows, Columns);

            // Bytes are computed here, not beside the multiply-adds, or they would be kept in memory there.
            nint pairs = Math.Min(kc, Math.Max(2, ahead->Depth)) / 2, bBytes = bStep * sizeof(T);
            kc -= 2 * pairs;
            for (; pairs != 0; pairs--)
            {
                left = TSimd.Load(b);
                right = TSimd.Load(b + TSimd.Count);
                TSimd.MultiplyAddTo(ref l0, ref r0, left, right, a0, 0);
                TSimd.MultiplyAddTo(ref l1, ref r1, left, right, *ByteDistance.At(a0, lane));
                TSimd.MultiplyAddTo(ref l2, ref r2, left, right, *ByteDistance.At(a0, 2 * lane));
                TSimd.MultiplyAddTo(ref l3, ref r3, left, right, a3, 0);
                TSimd.MultiplyAddTo(ref l4, ref r4, left, right, *ByteDistance.At(a3, lane));
                TSimd.MultiplyAddTo(ref l5, ref r5, left, right, *ByteDistance.At(a3, 2 * lane));

                if (Rows > 6)
                {
                    TSimd.MultiplyAddTo(ref l6, ref r6, left, right, a6, 0);
                    TSimd.MultiplyAddTo(ref l7, ref r7, left, right, *ByteDistance.At(a6, lane));
                }

                if (Rows > 8)
                {
                    TSimd.MultiplyAddTo(ref l8, ref r8, left, right, *ByteDistance.At(a6, 2 * lane));
                    TSimd.MultiplyAddTo(ref l9, ref r9, left, right, a9, 0);
                    TSimd.MultiplyAddTo(ref l10, ref r10, left, right, *ByteDistance.At(a9, lane));
                    TSimd.MultiplyAddTo(ref l11, ref r11, left, right, *ByteDistance.At(a9, 2 * lane));
                }

                left = TSimd.Load(ByteDistance.At(b, bBytes));
                right = TSimd.Load(ByteDistance.At(b, bBytes) + TSimd.Count);
                TSimd.MultiplyAddTo(ref l0, ref r0, left, right, a0, 1);
                TSimd.MultiplyAddTo(ref l1, ref r1, left, right, *(ByteDistance.At(a0, lane) + 1));
                TSimd.MultiplyAddTo(ref l2, ref r2, left, right, *(ByteDistance.At(a0, 2 * lane) + 1));
                TSimd.MultiplyAddTo(ref l3, ref r3, left, right, a3, 1);
                TSimd.MultiplyAddTo(ref l4, ref r4, left, right, *(ByteDistance.At(a3, lane) + 1));
                TSimd.MultiplyAddTo(ref l5, ref r5, left, right, *(ByteDistance.At(a3, 2 * lane) + 1));

                if (Rows > 6)
                {
                    TSimd.MultiplyAddTo(ref l6, ref r6, left, right, a6, 1);
                    TSimd.MultiplyAddTo(ref l7, ref r7, left, right, *(ByteDistance.At(a6, lane) + 1));
                }

                if (Rows > 8)
                {
                    TSimd.MultiplyAddTo(ref l8, ref r8, left, right, *(ByteDistance.At(a6, 2 * lane) + 1));
                    TSimd.MultiplyAddTo(ref l9, ref r9, left, right, a9, 1);
                    TSimd.MultiplyAddTo(ref l10, ref r10, left, right, *(ByteDistance.At(a9, lane) + 1));
                    TSimd.MultiplyAddTo(ref l11, ref r11, left, right, *(ByteDistance.At(a9, 2 * lane) + 1));
                }

                a0 += 2;
                a3 += 2;
                a6 += 2;
                a9 += 2;
                b = ByteDistance.At(b, 2 * bBytes);
            }
        }

        if (kc != 0)
        {
            left = TSimd.Load(b);
            right = TSimd.Load(b + TSimd.Count);
            TSimd.MultiplyAddTo(ref l0, ref r0, left, right, a0, 0);
            TSimd.MultiplyAddTo(ref l1, ref r1, left, right, *ByteDistance.At(a0, lane));
            TSimd.MultiplyAddTo(ref l2, ref r2, left, right, *ByteDistance.At(a0, 2 * lane));
            TSimd.MultiplyAddTo(ref l3, ref r3, left, right, a3, 0);
            TSimd.MultiplyAddTo(ref l4, ref r4, left, right, *ByteDistance.At(a3, lane));
            TSimd.MultiplyAddTo(ref l5, ref r5, left, right, *ByteDistance.At(a3, 2 * lane));

            if (Rows > 6)
            {
                TSimd.MultiplyAddTo(ref l6, ref r6, left, right, a6, 0);
                TSimd.MultiplyAddTo(ref l7, ref r7, left, right, *ByteDistance.At(a6, lane));
            }

            if (Rows > 8)
            {
                TSimd.MultiplyAddTo(ref l8, ref r8, left, right, *ByteDistance.At(a6, 2 * lane));
                TSimd.MultiplyAddTo(ref l9, ref r9, left, right, a9, 0);
                TSimd.MultiplyAddTo(ref l10, ref r10, left, right, *ByteDistance.At(a9, lane));
                TSimd.MultiplyAddTo(ref l11, ref r11, left, right, *ByteDistance.At(a9, 2 * lane));
            }
        }

        Store(l0, r0, c, update);
        Store(l1, r1, c += cStride, update);
        Store(l2, r2, c += cStride, update);
        Store(l3, r3, c += cStride, update);
        Store(l4, r4, c += cStride, update);
        Store(l5, r5, c += cStride, update);
        if (Rows <= 6)
            return;
        Store(l6, r6, c += cStride, update);
        Store(l7, r7, c += cStride, update);
        if (Rows <= 8)
            return;
        Store(l8, r8, c += cStride, update);
        Store(l9, r9, c += cStride, update);
        Store(l10, r10, c += cStride, update);
        Store(l11, r11, c += cStride, update);
    }
}
