using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>How a block of sums in memory gets into C: updated, with bias and ReLU if there are any.</summary>
internal static unsafe class TileUpdate
{
    /// <summary>Brings the top left rows × columns of a block of sums into C.</summary>
    /// <param name="sums">The block.</param>
    /// <param name="stride">Distance of its rows.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="c">Where they go.</param>
    /// <param name="cStride">Distance of the rows there.</param>
    /// <param name="store">How they get there; the bias begins with the block.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TSimd, T>(T* sums, int stride, int rows, int columns, T* c, nint cStride, in TileStore<T> store)
        where TSimd : unmanaged, ISimd<TSimd, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int j = Columns<TSimd, T>(0, sums, stride, rows, columns, c, cStride, store);
        if (Simd256<T>.Count < TSimd.Count && j < columns)
            j = Columns<Simd256<T>, T>(j, sums, stride, rows, columns, c, cStride, store);
        if (Simd128<T>.Count < TSimd.Count && j < columns)
            j = Columns<Simd128<T>, T>(j, sums, stride, rows, columns, c, cStride, store);
        if (j < columns)
            Columns<Scalar<T>, T>(j, sums, stride, rows, columns, c, cStride, store);
    }

    // Whole vectors of the columns from j on. What does not depend on C may be computed twice: then one that overlaps the one before does the rest.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Columns<TVector, T>(int j, T* sums, int stride, int rows, int columns, T* c, nint cStride, in TileStore<T> store)
        where TVector : unmanaged, ISimd<TVector, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (; j <= columns - TVector.Count; j += TVector.Count)
            Column<TVector, T>(j, sums, stride, rows, c, cStride, store);
        if (store.Update != Update.Assign || j == columns || columns < TVector.Count)
            return j;
        Column<TVector, T>(columns - TVector.Count, sums, stride, rows, c, cStride, store);
        return columns;
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Column<TVector, T>(nint j, T* sums, nint stride, int rows, T* c, nint cStride, in TileStore<T> store)
        where TVector : unmanaged, ISimd<TVector, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        sums += j;
        c += j;
        Update update = store.Update;
        bool hasBias = store.Bias != null, relu = store.Relu;
        if (update == Update.Assign && !hasBias && !relu)
        {
            for (; rows > 0; rows--, sums += stride, c += cStride)
                TVector.Store(TVector.Load(sums), c);
            return;
        }

        TVector bias = hasBias ? TVector.Load(store.Bias + j) : TVector.Zero;
        for (; rows > 0; rows--, sums += stride, c += cStride)
        {
            TVector sum = TVector.Load(sums);
            if (update != Update.Assign)
                sum = update == Update.Add ? TVector.Load(c) + sum : TVector.Load(c) - sum;
            if (hasBias)
                sum += bias;
            if (relu)
                sum = TVector.Select(TVector.LessThanOrEqual(sum, TVector.Zero), TVector.Zero, sum);
            TVector.Store(sum, c);
        }
    }
}
