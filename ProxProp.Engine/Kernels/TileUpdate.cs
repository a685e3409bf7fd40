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
        // In registers, for what is written to c might be in what is referred to.
        TileStore<T> how = store;
        for (int i = 0; i < rows; i++, sums += stride, c += cStride)
        {
            int j = 0;
            for (; j <= columns - TSimd.Count; j += TSimd.Count)
                UpdateVector<TSimd, T>(sums, c, j, how);
            if (j == columns)
                continue;
            if (Simd256<T>.Count < TSimd.Count)
                j = UpdateRest<Simd256<T>, T>(sums, c, j, columns, how);
            if (Simd128<T>.Count < TSimd.Count)
                j = UpdateRest<Simd128<T>, T>(sums, c, j, columns, how);
            for (; j < columns; j++)
                UpdateVector<Scalar<T>, T>(sums, c, j, how);
        }
    }

    // Whole vectors of what is left. What does not depend on C may be computed twice: then one that overlaps the one before does the rest.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int UpdateRest<TVector, T>(T* sums, T* c, int j, int columns, in TileStore<T> store)
        where TVector : unmanaged, ISimd<TVector, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (; j <= columns - TVector.Count; j += TVector.Count)
            UpdateVector<TVector, T>(sums, c, j, store);
        if (store.Update != Update.Assign || j == columns || columns < TVector.Count)
            return j;
        UpdateVector<TVector, T>(sums, c, columns - TVector.Count, store);
        return columns;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void UpdateVector<TVector, T>(T* sums, T* c, nint column, in TileStore<T> store)
        where TVector : unmanaged, ISimd<TVector, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TVector sum = TVector.Load(sums + column);
        if (store.Update == Update.Add)
            sum = TVector.Load(c + column) + sum;
        else if (store.Update == Update.Subtract)
            sum = TVector.Load(c + column) - sum;
        if (store.Bias != null)
            sum += TVector.Load(store.Bias + column);
        if (store.Relu)
            sum = TVector.Select(TVector.LessThanOrEqual(sum, TVector.Zero), TVector.Zero, sum);
        TVector.Store(sum, c + column);
    }
}
