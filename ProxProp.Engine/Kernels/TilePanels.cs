using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

// Two packed panels, two steps of k at a time.
internal readonly unsafe partial struct Tile<TSimd, T, THeight>
{
    // How far ahead of what is read A is fetched. B is read through from its beginning to its end, which a processor foresees.
    private static int Lead => StepsAhead * Rows;

    // Both panels' steps are constants: lanes are offsets, and there is nothing to compute beside the multiply-adds but two pointers and a count.
    // That matters where a core's other half takes every second of its turns to issue instructions: what is left for 24 multiply-adds is 36 instructions,
    // and a step of 12 x 2 has 35 where half of the numbers of A are read by the multiply-adds themselves. All of them would be too many reads.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MultiplyPanels(nint kc, T* a, T* b, T* c, nint cStride, Update update, TileAhead<T>* ahead)
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
        nint pairs = kc / 2, most = Math.Max(1, ahead->Depth / 2);
        while (pairs > 0)
        {
            ahead->FetchPart(Rows, Columns);
            nint count = Math.Min(pairs, most);
            pairs -= count;
            for (; count != 0; count--)
            {
                Prefetch.ToFirstLevel(a + Lead);
                left = TSimd.Load(b);
                right = TSimd.Load(b + TSimd.Count);
                TSimd.MultiplyAddTo(ref l0, ref r0, left, right, a[0]);
                TSimd.MultiplyAddTo(ref l1, ref r1, left, right, a, 1);
                TSimd.MultiplyAddTo(ref l2, ref r2, left, right, a[2]);
                TSimd.MultiplyAddTo(ref l3, ref r3, left, right, a, 3);
                TSimd.MultiplyAddTo(ref l4, ref r4, left, right, a[4]);
                TSimd.MultiplyAddTo(ref l5, ref r5, left, right, a, 5);

                if (Rows > 6)
                {
                    TSimd.MultiplyAddTo(ref l6, ref r6, left, right, a[6]);
                    TSimd.MultiplyAddTo(ref l7, ref r7, left, right, a, 7);
                }

                if (Rows > 8)
                {
                    TSimd.MultiplyAddTo(ref l8, ref r8, left, right, a[8]);
                    TSimd.MultiplyAddTo(ref l9, ref r9, left, right, a, 9);
                    TSimd.MultiplyAddTo(ref l10, ref r10, left, right, a[10]);
                    TSimd.MultiplyAddTo(ref l11, ref r11, left, right, a, 11);
                }

                Prefetch.ToFirstLevel(a + (Rows + Lead));
                left = TSimd.Load(b + Columns);
                right = TSimd.Load(b + Columns + TSimd.Count);
                TSimd.MultiplyAddTo(ref l0, ref r0, left, right, a[Rows]);
                TSimd.MultiplyAddTo(ref l1, ref r1, left, right, a, Rows + 1);
                TSimd.MultiplyAddTo(ref l2, ref r2, left, right, a[Rows + 2]);
                TSimd.MultiplyAddTo(ref l3, ref r3, left, right, a, Rows + 3);
                TSimd.MultiplyAddTo(ref l4, ref r4, left, right, a[Rows + 4]);
                TSimd.MultiplyAddTo(ref l5, ref r5, left, right, a, Rows + 5);

                if (Rows > 6)
                {
                    TSimd.MultiplyAddTo(ref l6, ref r6, left, right, a[Rows + 6]);
                    TSimd.MultiplyAddTo(ref l7, ref r7, left, right, a, Rows + 7);
                }

                if (Rows > 8)
                {
                    TSimd.MultiplyAddTo(ref l8, ref r8, left, right, a[Rows + 8]);
                    TSimd.MultiplyAddTo(ref l9, ref r9, left, right, a, Rows + 9);
                    TSimd.MultiplyAddTo(ref l10, ref r10, left, right, a[Rows + 10]);
                    TSimd.MultiplyAddTo(ref l11, ref r11, left, right, a, Rows + 11);
                }

                a += 2 * Rows;
                b += 2 * Columns;
            }
        }

        if ((kc & 1) != 0)
        {
            left = TSimd.Load(b);
            right = TSimd.Load(b + TSimd.Count);
            TSimd.MultiplyAddTo(ref l0, ref r0, left, right, a[0]);
            TSimd.MultiplyAddTo(ref l1, ref r1, left, right, a, 1);
            TSimd.MultiplyAddTo(ref l2, ref r2, left, right, a[2]);
            TSimd.MultiplyAddTo(ref l3, ref r3, left, right, a, 3);
            TSimd.MultiplyAddTo(ref l4, ref r4, left, right, a[4]);
            TSimd.MultiplyAddTo(ref l5, ref r5, left, right, a, 5);

            if (Rows > 6)
            {
                TSimd.MultiplyAddTo(ref l6, ref r6, left, right, a[6]);
                TSimd.MultiplyAddTo(ref l7, ref r7, left, right, a, 7);
            }

            if (Rows > 8)
            {
                TSimd.MultiplyAddTo(ref l8, ref r8, left, right, a[8]);
                TSimd.MultiplyAddTo(ref l9, ref r9, left, right, a, 9);
                TSimd.MultiplyAddTo(ref l10, ref r10, left, right, a[10]);
                TSimd.MultiplyAddTo(ref l11, ref r11, left, right, a, 11);
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
