using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

// Columns of A where they lie, beside any B.
internal readonly unsafe partial struct Tile<TSimd, T, THeight>
{
    // Each step is on another page, and no processor sees by itself what comes next.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MultiplyColumns(nint kc, T* a, nint aStep, T* b, nint bStep, T* c, nint cStride, Update update, TileAhead<T>* ahead)
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
        nint aFetch = StepsAhead * aStep, bFetch = StepsAhead * bStep;
        while (kc > 0)
        {
            ahead->FetchPart(Rows, Columns);
            nint steps = Math.Min(kc, ahead->Depth);
            kc -= steps;
            for (; steps != 0; steps--)
            {
                Fetch(a + aFetch, b + bFetch);
                left = TSimd.Load(b);
                right = TSimd.Load(b + TSimd.Count);
                b += bStep;
                TSimd.MultiplyAddTo(ref l0, ref r0, left, right, a[0]);
                TSimd.MultiplyAddTo(ref l1, ref r1, left, right, a[1]);
                TSimd.MultiplyAddTo(ref l2, ref r2, left, right, a[2]);
                TSimd.MultiplyAddTo(ref l3, ref r3, left, right, a[3]);
                TSimd.MultiplyAddTo(ref l4, ref r4, left, right, a[4]);
                TSimd.MultiplyAddTo(ref l5, ref r5, left, right, a[5]);

                if (Rows > 6)
                {
                    TSimd.MultiplyAddTo(ref l6, ref r6, left, right, a[6]);
                    TSimd.MultiplyAddTo(ref l7, ref r7, left, right, a[7]);
                }

                if (Rows > 8)
                {
                    TSimd.MultiplyAddTo(ref l8, ref r8, left, right, a[8]);
                    TSimd.MultiplyAddTo(ref l9, ref r9, left, right, a[9]);
                    TSimd.MultiplyAddTo(ref l10, ref r10, left, right, a[10]);
                    TSimd.MultiplyAddTo(ref l11, ref r11, left, right, a[11]);
                }

                a += aStep;
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

    // Less than a line of A that begins in another than it ends in begins in that of the tile before.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fetch(T* a, T* b)
    {
        if (Rows * sizeof(T) > Prefetch.LineBytes)
            Prefetch.ToFirstLevel(a);
        Prefetch.ToFirstLevel(a + Rows - 1);
        Prefetch.ToFirstLevel(b);
        if (TSimd.Count * sizeof(T) >= Prefetch.LineBytes)
            Prefetch.ToFirstLevel(b + TSimd.Count);
    }
}
