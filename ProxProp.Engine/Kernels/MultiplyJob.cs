using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Parallel;

namespace ProxProp.Engine.Kernels;

/// <summary>The inner loops: multiplies one packed block, then packs the next one.</summary>
internal unsafe struct MultiplyJob<T, TTile> : IParallelJob
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TTile : struct, ITile<T>
{
    public ComputeContext Context;
    public Product<T> Product;
    public PackJob<T, TTile> Packed, Next;

    private int _firstRow, _itemRows, _itemColumns, _rowItems;
    private TileStore<T> _store;
    private bool _mirror;

    /// <summary>Items that multiply; those beyond pack.</summary>
    public int Items { get; private set; }

    /// <summary>Says what <see cref="Packed"/> will be when the job runs next: the block from this k and row on.</summary>
    public void PlanMultiplying(int k, int row)
    {
        int m = Next.Rows.Lanes;
        bool last = k + Next.Rows.Kc == Product.K;
        _firstRow = row;
        _store = new TileStore<T>
        {
            Update = k > 0 && Product.Update == Update.Assign ? Update.Add : Product.Update,
            Bias = last ? Product.Bias : null,
            Relu = last && Product.Relu,
        };
        _mirror = last && Product.Mirror;
        (_itemRows, _itemColumns) = GemmBlocking.ItemOf(m, Product.N, TTile.Rows, TTile.Columns);
        _rowItems = (m + _itemRows - 1) / _itemRows;
        Items = _rowItems * ((Product.N + _itemColumns - 1) / _itemColumns);
    }

    [SkipLocalsInit]
    public readonly void Execute(int item, int worker)
    {
        if (item >= Items)
        {
            Next.Execute(item - Items, worker);
            return;
        }

        int m = Packed.Rows.Lanes, n = Product.N;
        int i0 = item % _rowItems * _itemRows;
        int j0 = item / _rowItems * _itemColumns;
        int i1 = Math.Min(i0 + _itemRows, m);
        int j1 = Math.Min(j0 + _itemColumns, n);
        T* own = (T*)Context.WorkerScratch(worker);
        T* sums = stackalloc T[TTile.Rows * TTile.Columns];
        TileStore<T> store = _store;
        nint cRow = Product.CRow;

        // Loop 2: panels of B, each held in the first-level cache.
        for (int j = j0; j < j1; j += TTile.Columns)
        {
            // Of the lower triangle, the rows from the diagonal on.
            int first = Product.LowerOnly ? i0 + (Math.Max(0, j - _firstRow - i0) / TTile.Rows * TTile.Rows) : i0;
            if (first >= i1)
                break;
            T* b = Packed.Columns.Panel(j / TTile.Columns, TTile.Columns, own, out nint bStep);
            LinesAhead<T> ahead = Packed.Columns.LinesOf((j / TTile.Columns) + 1, TTile.Columns);
            int tiles = (i1 - first + TTile.Rows - 1) / TTile.Rows;
            int slice = (ahead.Count + tiles - 1) / tiles;
            store.Bias = _store.Bias == null ? null : _store.Bias + j;

            // Loop 1: panels of A, streamed in the order in which they lie.
            for (int i = first; i < i1; i += TTile.Rows)
            {
                T* a = Packed.Rows.Panel(i / TTile.Rows, TTile.Rows, out nint aLane, out nint aStep);
                T* c = Product.C + ((_firstRow + i) * cRow) + j;
                Prefetch.Rows(c, cRow, TTile.Rows);
                ahead.Fetch(slice);
                bool crossesDiagonal = Product.LowerOnly && j + TTile.Columns - 1 > _firstRow + i;
                bool isFull = i + TTile.Rows <= m && j + TTile.Columns <= n && !crossesDiagonal;
                if (isFull && !store.HasEpilogue)
                {
                    TTile.Multiply(Packed.Rows.Kc, a, aLane, aStep, b, bStep, c, cRow, store.Update);
                    continue;
                }

                TTile.Multiply(Packed.Rows.Kc, a, aLane, aStep, b, bStep, sums, TTile.Columns, Update.Assign);
                int rows = Math.Min(TTile.Rows, m - i), columns = Math.Min(TTile.Columns, n - j);
                if (!crossesDiagonal)
                {
                    TTile.UpdatePart(sums, rows, columns, c, cRow, store);
                    continue;
                }

                for (int row = 0; row < rows; row++)
                {
                    int inTriangle = Math.Min(columns, _firstRow + i + row - j + 1);
                    TTile.UpdatePart(sums + (row * TTile.Columns), 1, inTriangle, c + (row * cRow), cRow, store);
                }
            }
        }

        if (_mirror)
            CopyAcrossDiagonal(_firstRow + i0, _firstRow + i1, j0, j1);
    }

    private readonly void CopyAcrossDiagonal(int i0, int i1, int j0, int j1)
    {
        T* c = Product.C;
        nint cRow = Product.CRow;
        for (int i = Math.Max(i0, j0 / 4 * 4); i < i1; i += 4)
        {
            int rows = Math.Min(4, i1 - i);
            int below = Math.Clamp(i, j0, j1);
            SmallTranspose.Run(c + (i * cRow) + j0, cRow, rows, below - j0, c + (j0 * cRow) + i, cRow);
            for (int row = i; row < i + rows; row++)
            {
                for (int j = below; j < Math.Min(j1, row); j++)
                    c[(j * cRow) + row] = c[(row * cRow) + j];
            }
        }
    }
}
