using System.Numerics;
using System.Runtime.CompilerServices;

namespace ProxProp.Engine.Kernels;

/// <summary>A tile that is not simply stored: it sticks out of C, crosses the diagonal of a lower triangle, or gets bias or ReLU.</summary>
internal static unsafe class EdgeTile
{
    /// <summary>Sums it in memory of its own and brings into C what belongs there.</summary>
    /// <param name="operands">Where the panels of A and B are.</param>
    /// <param name="n">Columns of C.</param>
    /// <param name="i">First row of the tile among the operand's.</param>
    /// <param name="j">Its first column.</param>
    /// <param name="b">The panel of B.</param>
    /// <param name="bStep">Its step of k.</param>
    /// <param name="c">Where the tile lies in C.</param>
    /// <param name="cRow">Step between rows of C.</param>
    /// <param name="store">How it gets there; the bias begins with the tile.</param>
    /// <param name="diagonal">Row less column of the tile's first element: of its row p, columns up to diagonal + p are wanted.</param>
    /// <param name="ahead">What is fetched meanwhile.</param>
    [SkipLocalsInit]
    public static void Run<T, TTile>(
        in PackJob<T, TTile> operands, int n, int i, int j, T* b, nint bStep, T* c, nint cRow, in TileStore<T> store, int diagonal, TileAhead<T>* ahead)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TTile : struct, ITile<T>
    {
        T* sums = stackalloc T[TTile.Rows * TTile.Columns];
        int rows = Math.Min(TTile.Rows, operands.Rows.Lanes - i), columns = Math.Min(TTile.Columns, n - j);

        // What would stick out of an operand that is read where it lies: the tile moves back inside, and its last rows and columns count.
        int up = operands.Rows.IsPacked(i / TTile.Rows) ? 0 : TTile.PartRows(rows, columns) - rows;
        int left = operands.Columns.IsPacked(j / TTile.Columns) ? 0 : TTile.PartColumns(columns) - columns;
        T* a = operands.Rows.Panel(i / TTile.Rows, TTile.Rows, out nint aLane, out nint aStep);
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
