using System.Numerics;

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

    public readonly bool HasEpilogue => Relu || Bias != null;
}

/// <summary>
/// The micro-kernel's contract: s_ij = Σ_k a_ik·b_kj over kc values of k, one fused multiply-add each, k ascending from s = +0. A is read at
/// a[i·aLane + k·aStep], one of these steps being 1, B at b[k·bStep + j]: a packed panel is one choice of steps, a matrix that needs no packing another,
/// and both give the same bits.
/// </summary>
internal unsafe interface ITile<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>MR, rows of the tile.</summary>
    static abstract int Rows { get; }

    /// <summary>NR, columns of the tile.</summary>
    static abstract int Columns { get; }

    /// <summary>Rows of a short tile, for what a tall one would stick out of; MR where there is no such tile.</summary>
    static abstract int ShortRows { get; }

    /// <summary>Brings the sums of one full tile into C at the given stride, from register to memory, and fetches a tile's worth of what is planned ahead.</summary>
    static abstract void Multiply(
        nint kc, T* a, nint aLane, nint aStep, T* b, nint bStep, T* c, nint cStride, Update update, TileAhead<T>* ahead);

    /// <summary>The same for a short tile; the lines ahead may be fewer than it has.</summary>
    static abstract void MultiplyShort(
        nint kc, T* a, nint aLane, nint aStep, T* b, nint bStep, T* c, nint cStride, Update update, TileAhead<T>* ahead);

    /// <summary>Rows of A that <see cref="MultiplyPart"/> reads for so many rows and columns.</summary>
    static abstract int PartRows(int rows, int columns);

    /// <summary>Columns of B that <see cref="MultiplyPart"/> reads for so many columns.</summary>
    static abstract int PartColumns(int columns);

    /// <summary>
    /// The sums of at least the top left rows × columns of a tile, NR apart, the others undefined: what sticks out of C need not be computed.
    /// </summary>
    static abstract void MultiplyPart(int rows, int columns, nint kc, T* a, nint aLane, nint aStep, T* b, nint bStep, T* sums, TileAhead<T>* ahead);

    /// <summary>Brings the top left rows × columns of a block of sums, which lie NR apart, into C, with bias and ReLU if there are any.</summary>
    static abstract void UpdatePart(T* sums, int rows, int columns, T* c, nint cStride, in TileStore<T> store);

    /// <summary>Solves the diagonal tile of a triangular block for a panel of right-hand sides (see <see cref="TriangularBlock"/>).</summary>
    /// <param name="diagonal">Element (p, q) at q·MR + p: the reciprocal for p = q, −g within a group of <see cref="TriangularBlock.Group"/>, g else.</param>
    /// <param name="sums">What the unknowns before the tile contribute to its rows, NR apart; overwritten.</param>
    /// <param name="x">Where the MR unknowns go, NR apart.</param>
    /// <param name="b">The right-hand sides, overwritten by the unknowns too; may be x.</param>
    /// <param name="bStride">Distance of their rows.</param>
    static abstract void Substitute(T* diagonal, T* sums, T* x, T* b, nint bStride);
}
