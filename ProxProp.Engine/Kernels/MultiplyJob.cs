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

    // By so many tiles fetching leads, at most one in so many: with more, lines that lie a power of two apart are gone before they are copied.
    private const int MostLead = 7, LeadPart = 6;

    private int _firstRow, _itemRows, _itemColumns, _rowItems;
    private TileStore<T> _store;
    private bool _mirror;

    /// <summary>Items that multiply; those beyond pack.</summary>
    public int Items { get; private set; }

    /// <summary>Says what <see cref="Packed"/> will be when the job runs next: the block from this k and row on.</summary>
    public void PlanMultiplying(int k, int row, bool serial)
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
        (_itemRows, _itemColumns) = GemmBlocking.ItemOf(m, Product.N, TTile.Rows, TTile.Columns, serial ? 1 : Context.Team.Workers, _mirror);
        _rowItems = (m + _itemRows - 1) / _itemRows;
        Items = _rowItems * ((Product.N + _itemColumns - 1) / _itemColumns);
    }

    public readonly void Execute(int item, int worker)
    {
        if (item >= Items)
        {
            Next.Execute(item - Items, worker);
            return;
        }

        int i0 = item % _rowItems * _itemRows;
        int j0 = item / _rowItems * _itemColumns;
        int i1 = Math.Min(i0 + _itemRows, Packed.Rows.Lanes);
        int j1 = Math.Min(j0 + _itemColumns, Product.N);
        T* now = (T*)Context.WorkerScratch(worker);
        T* then = now + (TTile.Columns * Packed.Columns.Kc);

        // Loop 2: panels of B, each held in the first-level cache.
        for (int j = j0; j < j1; j += TTile.Columns)
        {
            int first = FirstRowOf(i0, j);
            if (first >= i1)
                break;
            int panel = j / TTile.Columns;
            bool isPrivate = Packed.Columns.IsPrivate(panel, TTile.Columns);
            if (isPrivate && j == j0)
                Packed.Columns.PackPanel(panel, TTile.Columns, now);
            nint bStep = TTile.Columns;
            T* b = isPrivate ? now : Packed.Columns.At(j, TTile.Columns, out _, out bStep);
            bool isLast = j + TTile.Columns >= j1 || FirstRowOf(i0, j + TTile.Columns) >= i1;
            bool packsNext = !isLast && Packed.Columns.IsPrivate(panel + 1, TTile.Columns);
            LinesAhead<T> later = isLast ? FirstLinesOf(item + Context.Team.Workers) : LinesOf(Packed.Columns, panel + 1);
            MultiplyPanel(first, i1, j, b, bStep, packsNext ? then : null, later);
            T* swap = now;
            now = then;
            then = swap;
        }

        if (_mirror)
            CopyAcrossDiagonal(_firstRow + i0, _firstRow + i1, j0, j1);
    }

    // Of the lower triangle, the rows from the diagonal on.
    private readonly int FirstRowOf(int i0, int j) =>
        Product.LowerOnly ? i0 + (Math.Max(0, j - _firstRow - i0) / TTile.Rows * TTile.Rows) : i0;

    // Of an item that this worker may well get next, in this block or the one that follows: the first panel of B.
    private readonly LinesAhead<T> FirstLinesOf(int item)
    {
        PanelSet<T> columns = item < Items ? Packed.Columns : Next.Columns;
        return LinesOf(columns, item % Items / _rowItems * _itemColumns / TTile.Columns);
    }

    // What all share or the cache holds is near already; what a single tile reads where it lies is fetched no sooner than it is read.
    private readonly LinesAhead<T> LinesOf(in PanelSet<T> columns, int panel)
    {
        bool isFar = !columns.IsPacked && columns.IsFar && Product.M > TTile.Rows;
        return isFar || columns.IsPrivate(panel, TTile.Columns) ? columns.Ahead(panel, TTile.Columns) : default;
    }

    // Loop 1: panels of A, streamed in the order in which they lie; meanwhile the next panel of B is packed: copied within the tiles if it lies as
    // they want it, or transposed between them, which within them takes as much of their time.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void MultiplyPanel(int i0, int i1, int j, T* b, nint bStep, T* next, in LinesAhead<T> later)
    {
        int m = Packed.Rows.Lanes, n = Product.N, kc = Packed.Rows.Kc;
        nint cRow = Product.CRow;
        TileStore<T> store = _store;
        if (store.Bias != null)
            store.Bias += j;
        int tiles = (i1 - i0 + TTile.Rows - 1) / TTile.Rows, panel = (j / TTile.Columns) + 1;
        bool copies = next != null && Packed.Columns.IsWhole(panel, TTile.Columns);

        // What is copied is fetched some tiles before, or it would be waited for, and copied at last, or it would be gone before it is used.
        int lead = next != null ? Math.Min(MostLead, tiles / LeadPart) : 0;
        int busy = copies ? TileAhead<T>.FewestTiles(kc, tiles - lead) : tiles - lead, start = tiles - busy;
        TileAhead<T> ahead = new(kc, cRow);
        if (later.Count == 0 && GemmBlocking.IsCached(m, n, sizeof(T)))
            ahead.Depth = kc;
        int packed = 0, tile = 0, height;
        for (int i = i0; i < i1; i += height, tile++)
        {
            height = ProductTile.RowsOf<T, TTile>(i1 - i, Packed.Rows.IsPacked);
            T* c = Product.C + ((_firstRow + i) * cRow) + j;
            ahead.C = c;
            if (tile == start - lead)
                ahead.BeginFetch(later, busy);
            if (copies && tile == start)
                ahead.BeginCopy(Packed.Columns.RowsOf(panel, TTile.Columns, next), busy);
            else if (next != null && !copies && (packed + PanelSet<T>.Slice) * tiles <= kc * tile)
                packed = PackSlices(panel, packed, kc * tile / tiles, next);

            int diagonal = Product.LowerOnly ? _firstRow + i - j : ProductTile.NoDiagonal;
            ProductTile.Run(Packed, n, height, i, j, b, bStep, c, cRow, store, diagonal, &ahead);
        }

        if (next != null)
            PackSlices(panel, copies ? kc - ahead.RowsLeft : packed, kc + PanelSet<T>.Slice, next);
    }

    // Whole slices of a panel from one value of k up to another; gives the value that comes next.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly int PackSlices(int panel, int k, int end, T* destination)
    {
        for (; k < Packed.Columns.Kc && k + PanelSet<T>.Slice <= end; k += PanelSet<T>.Slice)
            Packed.Columns.PackSlice(panel, TTile.Columns, k, destination);
        return k;
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
