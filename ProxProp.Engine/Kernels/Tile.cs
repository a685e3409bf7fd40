using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>Height of a tile: a constant to the compiler.</summary>
internal interface ITileHeight
{
    /// <summary>MR.</summary>
    static abstract int Rows { get; }
}

/// <summary>6 rows, for 16 registers.</summary>
internal readonly struct SixRows : ITileHeight
{
    public static int Rows => 6;
}

/// <summary>8 rows: a short tile, where 12 are too many.</summary>
internal readonly struct EightRows : ITileHeight
{
    public static int Rows => 8;
}

/// <summary>12 rows, for 32 registers.</summary>
internal readonly struct TwelveRows : ITileHeight
{
    public static int Rows => 12;
}

/// <summary>The micro-kernel: 6, 8 or 12 rows by two vectors.</summary>
/// <remarks>
/// <para>Layout: A in panels of MR rows, B in panels of two vectors, or either where it lies if its steps allow (see <see cref="ITile{T}"/>).</para>
/// <para>Registers: 6 rows have 12 sums, 2 vectors of B, 1 broadcast of A: 15 (256 bits with AVX2, 128 bits with SSE: 16 registers); 12 rows have
/// 24 sums: 27 (512 bits with AVX-512, 128 bits with NEON: 32 registers); 8 rows, the short tile beside 12, have 16, enough to wait for none. Sums of rows that a height has not are never born.</para>
/// <para>Remainders: the caller pads panels with zeros and keeps a part of the tile; the sums are the same.</para>
/// <para>The steps are written out, in a loop of its own for each way in which A lies: where a helper passes a sum on by reference, or where there is too
/// much in one method, the JIT gives up keeping sums, or pointers, in registers. Sums go by reference to <see cref="ISimd{TSelf, T}"/>, and no farther.</para>
/// <para>Source: F. Van Zee, R. van de Geijn, BLIS, ACM TOMS 41 (2015); the tile shape is that of its x86 kernels, turned for row-major C.</para>
/// </remarks>
internal readonly unsafe partial struct Tile<TSimd, T, THeight> : ITile<T>
    where TSimd : unmanaged, ISimd<TSimd, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where THeight : struct, ITileHeight
{
    public static int Rows => THeight.Rows;

    public static int Columns => 2 * TSimd.Count;

    // Of k, for what is fetched: as far ahead as a line takes to come from the second-level cache and a little farther.
    private const int StepsAhead = 16;

    private static bool IsTall => THeight.Rows == 12;

    public static int ShortRows => IsTall ? EightRows.Rows : Rows;

    // The left half of a tall tile is enough.
    private static bool IsNarrow(int columns) => IsTall && columns <= TSimd.Count;

    public static int PartRows(int rows, int columns) => rows <= ShortRows && !IsNarrow(columns) ? ShortRows : Rows;

    public static int PartColumns(int columns) => IsNarrow(columns) ? TSimd.Count : Columns;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply(
        nint kc, T* a, nint aLane, nint aStep, T* b, nint bStep, T* c, nint cStride, Update update, TileAhead<T>* ahead)
    {
        if (aLane == 1 && aStep == Rows && bStep == Columns)
            MultiplyPanels(kc, a, b, c, cStride, update, ahead);
        else if (aLane == 1)
            MultiplyColumns(kc, a, aStep, b, bStep, c, cStride, update, ahead);
        else
            MultiplyRows(kc, a, aLane, b, bStep, c, cStride, update, ahead);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyShort(
        nint kc, T* a, nint aLane, nint aStep, T* b, nint bStep, T* c, nint cStride, Update update, TileAhead<T>* ahead)
    {
        if (IsTall)
            Tile<TSimd, T, EightRows>.Multiply(kc, a, aLane, aStep, b, bStep, c, cStride, update, ahead);
        else
            Multiply(kc, a, aLane, aStep, b, bStep, c, cStride, update, ahead);
    }

    public static void MultiplyPart(int rows, int columns, nint kc, T* a, nint aLane, nint aStep, T* b, nint bStep, T* sums, TileAhead<T>* ahead)
    {
        if (IsNarrow(columns))
        {
            ahead->FetchAll(kc, Rows, Columns);
            NarrowTile<TSimd, T>.Multiply(kc, a, aLane, aStep, b, bStep, sums, Columns);
        }
        else if (rows <= ShortRows)
        {
            MultiplyShort(kc, a, aLane, aStep, b, bStep, sums, Columns, Update.Assign, ahead);
        }
        else
        {
            Multiply(kc, a, aLane, aStep, b, bStep, sums, Columns, Update.Assign, ahead);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(TSimd left, TSimd right, T* c, Update update)
    {
        if (update != Update.Assign)
        {
            TSimd oldLeft = TSimd.Load(c), oldRight = TSimd.Load(c + TSimd.Count);
            left = update == Update.Add ? oldLeft + left : oldLeft - left;
            right = update == Update.Add ? oldRight + right : oldRight - right;
        }

        TSimd.Store(left, c);
        TSimd.Store(right, c + TSimd.Count);
    }

    public static void UpdatePart(T* sums, int rows, int columns, T* c, nint cStride, in TileStore<T> store) =>
        TileUpdate.Run<TSimd, T>(sums, Columns, rows, columns, c, cStride, store);

    public static void Substitute(T* diagonal, T* sums, T* x, T* b, nint bStride)
    {
        TileSubstitution.SolveGroup<TSimd, T>(diagonal, Rows, sums, x, b, bStride);
        if (!IsTall)
            return;
        TileSubstitution.AddGroup<TSimd, T>(diagonal + TriangularBlock.Group, Rows, x, sums + (TriangularBlock.Group * Columns));
        TileSubstitution.SolveGroup<TSimd, T>(
            diagonal + (TriangularBlock.Group * (Rows + 1)), Rows, sums + (TriangularBlock.Group * Columns), x + (TriangularBlock.Group * Columns),
            b + (TriangularBlock.Group * bStride), bStride);
    }
}
