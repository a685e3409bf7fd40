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
        for (int i = 0; i < rows; i++, sums += stride, c += cStride)
        {
            int j = 0;
            for (; j <= columns - TSimd.Count; j += TSimd.Count)
                UpdateVector<TSimd, T>(TSimd.Load(sums + j), c, j, store);
            if (Simd128<T>.Count < TSimd.Count)
            {
                for (; j <= columns - Simd128<T>.Count; j += Simd128<T>.Count)
                    UpdateVector<Simd128<T>, T>(Simd128<T>.Load(sums + j), c, j, store);
            }

            for (; j < columns; j++)
                UpdateVector<Scalar<T>, T>(Scalar<T>.Load(sums + j), c, j, store);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void UpdateVector<TVector, T>(TVector sum, T* c, nint column, in TileStore<T> store)
        where TVector : unmanaged, ISimd<TVector, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
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
