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
/// The micro-kernel's contract: s_ij = Σ_k a_ik·b_kj over kc values of k, one fused multiply-add each, k ascending from s = +0. A is read at
/// a[i·aLane + k·aStep], B at b[k·bStep + j]: a packed panel is one choice of these steps, a matrix that needs no packing another, and both
/// give the same bits. What becomes of the sums is the business of <see cref="TileStore{T}"/>.
/// </summary>
internal unsafe interface ITile<T>
    where T : unmanaged
{
    /// <summary>MR, rows of the tile.</summary>
    static abstract int Rows { get; }

    /// <summary>NR, columns of the tile.</summary>
    static abstract int Columns { get; }

    /// <summary>Writes the sums of one full tile, row by row at the given stride: into C itself, or a block of its own.</summary>
    static abstract void Multiply(nint kc, T* a, nint aLane, nint aStep, T* b, nint bStep, T* sums, nint stride);

    /// <summary>Brings a block of sums into a full tile of C.</summary>
    static abstract void Update(T* sums, T* c, nint cStride, in TileStore<T> store);

    /// <summary>Brings the top left rows × columns of a block of sums into C, with the arithmetic of <see cref="Update"/>.</summary>
    static abstract void UpdatePart(T* sums, int rows, int columns, T* c, nint cStride, in TileStore<T> store);
}

/// <summary>The way from sums to C, written once for vectors and for the single elements of partial tiles.</summary>
internal static unsafe class TileStoring
{
    public static void Update<TSimd, T>(T* sums, int rows, T* c, nint cStride, in TileStore<T> store)
        where TSimd : unmanaged, ISimd<TSimd, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (store.Relu || store.Bias != null)
        {
            UpdatePart<TSimd, T>(sums, rows, 2 * TSimd.Count, c, cStride, store);
            return;
        }

        // The two updates of all but the last block of k have loops of their own: they run once for every tile.
        bool subtract = store.Update == Kernels.Update.Subtract;
        for (int i = 0; i < rows; i++, sums += 2 * TSimd.Count, c += cStride)
        {
            TSimd left = TSimd.Load(sums), right = TSimd.Load(sums + TSimd.Count);
            TSimd oldLeft = TSimd.Load(c), oldRight = TSimd.Load(c + TSimd.Count);
            TSimd.Store(subtract ? oldLeft - left : oldLeft + left, c);
            TSimd.Store(subtract ? oldRight - right : oldRight + right, c + TSimd.Count);
        }
    }

    public static void UpdatePart<TSimd, T>(T* sums, int rows, int columns, T* c, nint cStride, in TileStore<T> store)
        where TSimd : unmanaged, ISimd<TSimd, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < rows; i++, sums += 2 * TSimd.Count, c += cStride)
        {
            int j = 0;
            for (; j <= columns - TSimd.Count; j += TSimd.Count)
                UpdateVector<TSimd, T>(TSimd.Load(sums + j), c, j, store);
            for (; j < columns; j++)
                UpdateVector<Scalar<T>, T>(Scalar<T>.Load(sums + j), c, j, store);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void UpdateVector<TSimd, T>(TSimd sum, T* c, nint column, in TileStore<T> store)
        where TSimd : unmanaged, ISimd<TSimd, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (store.Update == Kernels.Update.Add)
            sum = TSimd.Load(c + column) + sum;
        else if (store.Update == Kernels.Update.Subtract)
            sum = TSimd.Load(c + column) - sum;
        if (store.Bias != null)
            sum += TSimd.Load(store.Bias + column);
        if (store.Relu)
            sum = TSimd.Select(TSimd.LessThanOrEqual(sum, TSimd.Zero), TSimd.Zero, sum);
        TSimd.Store(sum, c + column);
    }
}
