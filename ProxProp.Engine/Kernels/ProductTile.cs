using System.Numerics;
using System.Runtime.CompilerServices;

namespace ProxProp.Engine.Kernels;

/// <summary>One tile of C, wherever it lies.</summary>
internal static unsafe class ProductTile
{
    /// <summary>The diagonal of a product of which everything is wanted.</summary>
    public const int NoDiagonal = int.MaxValue;

    /// <summary>
    /// Rows of the next tile: a short one ends what is less than a tall one, and two of them what is a little more, if A is not packed. Of any multiple of
    /// 4 from 16 on, nothing is then computed in vain; of packed rows four are, where four are left.
    /// </summary>
    /// <param name="left">Rows that are left.</param>
    /// <param name="isPacked">Whether A is packed: a tile begins with a panel then, and so with every MR-th row.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int RowsOf<T, TTile>(int left, bool isPacked)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TTile : struct, ITile<T>
    {
        bool isShort = left <= TTile.ShortRows || (!isPacked && left > TTile.Rows && left <= 2 * TTile.ShortRows);
        return isShort ? TTile.ShortRows : TTile.Rows;
    }

    /// <summary>Sums a tile and brings it into C.</summary>
    /// <param name="operands">Where the panels of A and B are.</param>
    /// <param name="n">Columns of C.</param>
    /// <param name="height">Rows of the tile, see <see cref="RowsOf"/>; the last may stick out of C.</param>
    /// <param name="i">Its first row among the operand's.</param>
    /// <param name="j">Its first column.</param>
    /// <param name="b">The panel of B.</param>
    /// <param name="bStep">Its step of k.</param>
    /// <param name="c">Where the tile lies in C.</param>
    /// <param name="cRow">Step between rows of C.</param>
    /// <param name="store">How it gets there; the bias begins with the tile.</param>
    /// <param name="diagonal">Row less column of the tile's first element: of its row p, columns up to diagonal + p are wanted.</param>
    /// <param name="ahead">What is fetched meanwhile.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run<T, TTile>(
        in PackJob<T, TTile> operands, int n, int height, int i, int j, T* b, nint bStep, T* c, nint cRow, in TileStore<T> store, int diagonal, TileAhead<T>* ahead)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TTile : struct, ITile<T>
    {
        bool isWhole = i + height <= operands.Rows.Lanes && j + TTile.Columns <= n && diagonal >= TTile.Columns - 1;
        if (!isWhole || store.HasEpilogue)
        {
            RunInMemory(operands, n, height, i, j, b, bStep, c, cRow, store, diagonal, ahead);
            return;
        }

        T* a = operands.Rows.At(i, TTile.Rows, out nint aLane, out nint aStep);
        if (height == TTile.ShortRows)
            TTile.MultiplyShort(operands.Rows.Kc, a, aLane, aStep, b, bStep, c, cRow, store.Update, ahead);
        else
            TTile.Multiply(operands.Rows.Kc, a, aLane, aStep, b, bStep, c, cRow, store.Update, ahead);
    }

    // A tile that is not simply stored: it sticks out of C, crosses the diagonal of a lower triangle, or gets bias or ReLU.
    [SkipLocalsInit]
    private static void RunInMemory<T, TTile>(
        in PackJob<T, TTile> operands, int n, int height, int i, int j, T* b, nint bStep, T* c, nint cRow, in TileStore<T> store, int diagonal, TileAhead<T>* ahead)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TTile : struct, ITile<T>
    {
        T* sums = stackalloc T[TTile.Rows * TTile.Columns];
        int rows = Math.Min(height, operands.Rows.Lanes - i), columns = Math.Min(TTile.Columns, n - j);
        if (diagonal < columns - rows)
            columns = diagonal + rows;

        // What would stick out of an operand that is read where it lies: the tile moves back inside, and its last rows and columns count.
        int up = operands.Rows.IsPacked ? 0 : Math.Max(0, i + TTile.PartRows(rows, columns) - operands.Rows.Lanes);
        int left = operands.Columns.IsPacked ? 0 : Math.Max(0, j + TTile.PartColumns(columns) - n);
        T* a = operands.Rows.At(i, TTile.Rows, out nint aLane, out nint aStep);
        TTile.MultiplyPart(rows, columns, operands.Rows.Kc, a - (up * aLane), aLane, aStep, b - left, bStep, sums, ahead);
        sums += (up * TTile.Columns) + left;
        if (diagonal >= columns - 1)
        {
            TTile.UpdatePart(sums, rows, columns, c, cRow, store);
            return;
        }

        for (int row = 0; row < rows; row++)
            TTile.UpdatePart(sums + (row * TTile.Columns), 1, Math.Min(columns, diagonal + row + 1), c + (row * cRow), cRow, store);
    }
}
