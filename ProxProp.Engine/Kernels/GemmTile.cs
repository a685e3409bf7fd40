using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>What becomes of the sums of one block of k.</summary>
internal enum Update
{
    /// <summary>C = s.</summary>
    Assign,

    /// <summary>C = C + s.</summary>
    Add,

    /// <summary>C = C − s.</summary>
    Subtract,
}

/// <summary>How a tile leaves the registers: c ← relu(update(c, s) + bias); bias and ReLU only after the last block of k.</summary>
internal unsafe struct TileStore<T>
    where T : unmanaged
{
    public Update Update;
    public bool Relu;

    // One value per column of the tile, or null.
    public T* Bias;

    public readonly bool IsPlain => Update == Update.Assign && !Relu && Bias == null;
}

/// <summary>
/// The micro-kernel's contract: s_ij = Σ_k a_ik·b_kj over kc values of k, one fused multiply-add each, k ascending from s = +0; then
/// <see cref="TileStore{T}"/>. A is read at a[i·aLane + k·aStep], B at b[k·bStep + j]: a packed panel is one choice of these steps, a matrix
/// that needs no packing another, and both give the same bits.
/// </summary>
internal unsafe interface ITile<T>
    where T : unmanaged
{
    /// <summary>MR, rows of the tile.</summary>
    static abstract int Rows { get; }

    /// <summary>NR, columns of the tile.</summary>
    static abstract int Columns { get; }

    /// <summary>Computes one full tile. c points to its first element.</summary>
    static abstract void Multiply(nint kc, T* a, nint aLane, nint aStep, T* b, nint bStep, T* c, nint cStride, in TileStore<T> store);

    /// <summary>The same arithmetic as the store of <see cref="Multiply"/>, for a part of a tile whose sums lie in <paramref name="sums"/>.</summary>
    static abstract void StorePart(T* sums, int rows, int columns, T* c, nint cStride, in TileStore<T> store);
}

/// <summary>The store, written once for vectors and for the single elements of partial tiles.</summary>
internal static unsafe class TileStoring
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreRow<TSimd, T>(TSimd left, TSimd right, T* c, in TileStore<T> store)
        where TSimd : unmanaged, ISimd<TSimd, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        StoreVector<TSimd, T>(left, c, 0, store);
        StoreVector<TSimd, T>(right, c, TSimd.Count, store);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreVector<TSimd, T>(TSimd sum, T* c, nint column, in TileStore<T> store)
        where TSimd : unmanaged, ISimd<TSimd, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (store.Update == Update.Add)
            sum = TSimd.Load(c + column) + sum;
        else if (store.Update == Update.Subtract)
            sum = TSimd.Load(c + column) - sum;
        if (store.Bias != null)
            sum += TSimd.Load(store.Bias + column);
        if (store.Relu)
            sum = TSimd.Select(TSimd.LessThanOrEqual(sum, TSimd.Zero), TSimd.Zero, sum);
        TSimd.Store(sum, c + column);
    }

    /// <summary>Stores the top left rows × columns of a tile of sums that lies row by row at <paramref name="sums"/>.</summary>
    public static void StorePart<TSimd, T>(T* sums, nint stride, int rows, int columns, T* c, nint cStride, in TileStore<T> store)
        where TSimd : unmanaged, ISimd<TSimd, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < rows; i++, sums += stride, c += cStride)
        {
            int j = 0;
            for (; j <= columns - TSimd.Count; j += TSimd.Count)
                StoreVector<TSimd, T>(TSimd.Load(sums + j), c, j, store);
            for (; j < columns; j++)
                StoreVector<Scalar<T>, T>(Scalar<T>.Load(sums + j), c, j, store);
        }
    }
}
