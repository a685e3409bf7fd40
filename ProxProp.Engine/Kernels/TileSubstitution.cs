using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>Substitution within the diagonal tile of a triangular block (see <see cref="TriangularBlock"/>), for two vectors of right-hand sides.</summary>
/// <remarks>
/// <para>Layout: element (p, q) of the tile at diagonal[q·stride + p], the reciprocal for p = q, −g elsewhere in a group; rows of x and sums two vectors
/// apart.</para>
/// <para>Registers: 12 for six rows of two vectors, 1 broadcast: 13. As soon as a row is solved it is taken from those below, so that no row waits for more than
/// the one before.</para>
/// <para>Remainders: missing rows have zeros in the tile; what is computed for them is not used.</para>
/// </remarks>
internal static unsafe class TileSubstitution
{
    /// <summary>Solves a group of six rows: reads right-hand sides from b, writes the solution both there and to x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SolveGroup<TSimd, T>(T* diagonal, nint stride, T* sums, T* x, T* b, nint bStride)
        where TSimd : unmanaged, ISimd<TSimd, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        nint next = TSimd.Count, width = 2 * TSimd.Count;
        T* at = b;
        TSimd g;
        TSimd l0 = TSimd.Load(at) - TSimd.Load(sums), r0 = TSimd.Load(at + next) - TSimd.Load(sums + next);
        at += bStride;
        sums += width;
        TSimd l1 = TSimd.Load(at) - TSimd.Load(sums), r1 = TSimd.Load(at + next) - TSimd.Load(sums + next);
        at += bStride;
        sums += width;
        TSimd l2 = TSimd.Load(at) - TSimd.Load(sums), r2 = TSimd.Load(at + next) - TSimd.Load(sums + next);
        at += bStride;
        sums += width;
        TSimd l3 = TSimd.Load(at) - TSimd.Load(sums), r3 = TSimd.Load(at + next) - TSimd.Load(sums + next);
        at += bStride;
        sums += width;
        TSimd l4 = TSimd.Load(at) - TSimd.Load(sums), r4 = TSimd.Load(at + next) - TSimd.Load(sums + next);
        at += bStride;
        sums += width;
        TSimd l5 = TSimd.Load(at) - TSimd.Load(sums), r5 = TSimd.Load(at + next) - TSimd.Load(sums + next);

        g = TSimd.Broadcast(diagonal[0]);
        l0 *= g;
        r0 *= g;
        g = TSimd.Broadcast(diagonal[1]);
        TSimd.MultiplyAddTo(ref l1, g, l0);
        TSimd.MultiplyAddTo(ref r1, g, r0);
        g = TSimd.Broadcast(diagonal[2]);
        TSimd.MultiplyAddTo(ref l2, g, l0);
        TSimd.MultiplyAddTo(ref r2, g, r0);
        g = TSimd.Broadcast(diagonal[3]);
        TSimd.MultiplyAddTo(ref l3, g, l0);
        TSimd.MultiplyAddTo(ref r3, g, r0);
        g = TSimd.Broadcast(diagonal[4]);
        TSimd.MultiplyAddTo(ref l4, g, l0);
        TSimd.MultiplyAddTo(ref r4, g, r0);
        g = TSimd.Broadcast(diagonal[5]);
        TSimd.MultiplyAddTo(ref l5, g, l0);
        TSimd.MultiplyAddTo(ref r5, g, r0);
        diagonal += stride;

        g = TSimd.Broadcast(diagonal[1]);
        l1 *= g;
        r1 *= g;
        g = TSimd.Broadcast(diagonal[2]);
        TSimd.MultiplyAddTo(ref l2, g, l1);
        TSimd.MultiplyAddTo(ref r2, g, r1);
        g = TSimd.Broadcast(diagonal[3]);
        TSimd.MultiplyAddTo(ref l3, g, l1);
        TSimd.MultiplyAddTo(ref r3, g, r1);
        g = TSimd.Broadcast(diagonal[4]);
        TSimd.MultiplyAddTo(ref l4, g, l1);
        TSimd.MultiplyAddTo(ref r4, g, r1);
        g = TSimd.Broadcast(diagonal[5]);
        TSimd.MultiplyAddTo(ref l5, g, l1);
        TSimd.MultiplyAddTo(ref r5, g, r1);
        diagonal += stride;

        g = TSimd.Broadcast(diagonal[2]);
        l2 *= g;
        r2 *= g;
        g = TSimd.Broadcast(diagonal[3]);
        TSimd.MultiplyAddTo(ref l3, g, l2);
        TSimd.MultiplyAddTo(ref r3, g, r2);
        g = TSimd.Broadcast(diagonal[4]);
        TSimd.MultiplyAddTo(ref l4, g, l2);
        TSimd.MultiplyAddTo(ref r4, g, r2);
        g = TSimd.Broadcast(diagonal[5]);
        TSimd.MultiplyAddTo(ref l5, g, l2);
        TSimd.MultiplyAddTo(ref r5, g, r2);
        diagonal += stride;

        g = TSimd.Broadcast(diagonal[3]);
        l3 *= g;
        r3 *= g;
        g = TSimd.Broadcast(diagonal[4]);
        TSimd.MultiplyAddTo(ref l4, g, l3);
        TSimd.MultiplyAddTo(ref r4, g, r3);
        g = TSimd.Broadcast(diagonal[5]);
        TSimd.MultiplyAddTo(ref l5, g, l3);
        TSimd.MultiplyAddTo(ref r5, g, r3);
        diagonal += stride;

        g = TSimd.Broadcast(diagonal[4]);
        l4 *= g;
        r4 *= g;
        g = TSimd.Broadcast(diagonal[5]);
        TSimd.MultiplyAddTo(ref l5, g, l4);
        TSimd.MultiplyAddTo(ref r5, g, r4);
        diagonal += stride;

        g = TSimd.Broadcast(diagonal[5]);
        l5 *= g;
        r5 *= g;

        Store(l0, r0, x, b);
        Store(l1, r1, x += width, b += bStride);
        Store(l2, r2, x += width, b += bStride);
        Store(l3, r3, x += width, b += bStride);
        Store(l4, r4, x += width, b += bStride);
        Store(l5, r5, x += width, b += bStride);
    }

    /// <summary>Adds to the sums of the next group what the group just solved contributes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddGroup<TSimd, T>(T* tile, nint stride, T* x, T* sums)
        where TSimd : unmanaged, ISimd<TSimd, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        nint width = 2 * TSimd.Count;
        for (int p = 0; p < TriangularBlock.Group; p++, sums += width)
        {
            TSimd left = TSimd.Load(sums), right = TSimd.Load(sums + TSimd.Count);
            for (nint q = 0; q < TriangularBlock.Group; q++)
            {
                TSimd g = TSimd.Broadcast(tile[(q * stride) + p]);
                TSimd.MultiplyAddTo(ref left, g, TSimd.Load(x + (q * width)));
                TSimd.MultiplyAddTo(ref right, g, TSimd.Load(x + (q * width) + TSimd.Count));
            }

            TSimd.Store(left, sums);
            TSimd.Store(right, sums + TSimd.Count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TSimd, T>(TSimd left, TSimd right, T* x, T* b)
        where TSimd : unmanaged, ISimd<TSimd, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TSimd.Store(left, x);
        TSimd.Store(right, x + TSimd.Count);
        TSimd.Store(left, b);
        TSimd.Store(right, b + TSimd.Count);
    }
}
