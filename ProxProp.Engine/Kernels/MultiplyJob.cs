using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Parallel;

namespace ProxProp.Engine.Kernels;

/// <summary>
/// The inner loops: multiplies one packed block, then packs the next one. An item of the job is a strand of work, one for each worker: it takes items
/// of the block, each before the one at hand is done, so that it knows which panels of B come next.
/// </summary>
internal unsafe struct MultiplyJob<T, TTile> : IParallelJob
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TTile : struct, ITile<T>
{
    public ComputeContext Context;
    public Product<T> Product;
    public PackJob<T, TTile> Packed, Next;
    public ProductBlock<T> Block, NextBlock;

    /// <summary>One for each strand.</summary>
    public Strand* Strands;

    /// <summary>One for each strand, and one more for what is packed, which is shared out by itself.</summary>
    public WorkShare* Shares;

    private int _number, _strands;

    /// <summary>Items that multiply, and items that pack.</summary>
    public readonly int Items => Block.Items + Next.Items;

    /// <summary>What was the next block is now to be multiplied; what comes after it is yet to be planned.</summary>
    public void Advance()
    {
        Packed = Next;
        Block = NextBlock;
        Next = default;
        NextBlock = default;
        _number++;
    }

    /// <summary>Runs so many strands.</summary>
    public static void Run(ComputeContext context, int strands, ref MultiplyJob<T, TTile> job)
    {
        if (strands == 0)
            return;
        job._strands = strands;
        job.Shares[strands].Set(0, job.Next.Items);
        WorkShare.Divide(job.Block.Items, new(job.Shares, strands));
        GemmDriver.Execute(context, strands == 1, strands, ref job);
    }

    public readonly void Execute(int strand, int worker)
    {
        // Where each has but an item or two, another's last is nobody's to take in advance: it would wait here for the one at hand, while its owner may
        // be about to begin.
        int spared = Block.Items <= 2 * _strands ? 1 : 0;
        for (int item = Take(strand, spared: 0); item >= 0;)
        {
            int next = Take(strand, spared);
            Multiply(item, next, strand);
            item = next >= 0 ? next : Take(strand, spared: 0);
        }

        for (int item; (item = Shares[_strands].TakeFirst()) >= 0;)
            Next.Execute(item, worker);
    }

    private readonly bool IsStreamed => Mirror.IsStreamed<T>(Product.N, Product.CRow);

    // The next item of a strand's own share, or the last of another's that has more than so many: shares are as far apart as may be, so that no two
    // workers write to neighbouring lines, which would pass to and fro between their caches. −1 for none.
    private readonly int Take(int strand, int spared)
    {
        int item;
        do
            item = WorkShare.Take(new(Shares, _strands), strand, spared);
        while (item >= 0 && Product.LowerOnly && IsAboveDiagonal(Block[item]));
        return item;
    }

    private readonly bool IsAboveDiagonal((int I0, int I1, int J0, int J1) item) => FirstRowOf(item.I0, item.I1, item.J0) >= item.I1;

    // One item, and meanwhile the panels of B of the strand's next one, be it in this block or the first in the block that follows.
    private readonly void Multiply(int item, int next, int strand)
    {
        ref Strand own = ref Strands[strand];
        (int i0, int i1, int j0, int j1) = Block[item];
        int panel = j0 / TTile.Columns, panels = PanelsOf(j0, j1);
        bool isPrivate = Packed.Columns.IsPrivate(panel, TTile.Columns);
        T* now = Panels(strand, own.Half);
        if (isPrivate && (own.ReadyBlock != _number || own.ReadyItem != item))
        {
            for (int p = 0; p < panels; p++)
                Packed.Columns.PackPanel(panel + p, TTile.Columns, now + (p * Packed.Columns.Kc * TTile.Columns));
            (own.ReadyBlock, own.ReadyItem) = (_number, item);
        }

        int first = FirstRowOf(i0, i1, j0), tiles = (i1 - first + TTile.Rows - 1) / TTile.Rows * panels;
        PanelsAhead<T, TTile> later = default;
        if (next >= 0)
        {
            // Other rows of the same columns have the same panels.
            if (Block[next].J0 != j0)
                later = Prepare(Packed.Columns, Block[next], Other(strand), tiles);
            (own.ReadyBlock, own.ReadyItem) = (_number, next);
        }
        else if (WorkShare.Begin(NextBlock.Items, strand, _strands) is int begin && begin < NextBlock.Items)
        {
            later = Prepare(Next.Columns, NextBlock[begin], Other(strand), tiles);
            (own.ReadyBlock, own.ReadyItem) = (_number + 1, begin);
        }

        MultiplyPanels(first, i1, j0, panels, tiles, isPrivate ? now : null, ref later);
        if (Block.Mirrors)
            Mirror.Copy(Product.C, Product.CRow, Block.FirstRow + i0, Block.FirstRow + i1, j0, j1, IsStreamed);
    }

    private readonly T* Panels(int strand, int half) => (T*)(Context.WorkerScratch(strand) + (half * (GemmBlocking.PrivatePanelBytes / 2)));

    // From now on the other half is that of the next item.
    private readonly T* Other(int strand) => Panels(strand, Strands[strand].Half = 1 - Strands[strand].Half);

    private static int PanelsOf(int j0, int j1) => (j1 - j0 + TTile.Columns - 1) / TTile.Columns;

    // Of the lower triangle, the rows from the diagonal on; or from the tile on that holds it, where tiles begin with a panel or end with the item.
    private readonly int FirstRowOf(int i0, int i1, int j)
    {
        int above = Product.LowerOnly ? Math.Max(0, j - Block.FirstRow - i0) : 0;
        bool isFree = !Packed.Rows.IsPacked && i1 == Packed.Rows.Lanes;
        return i0 + (isFree ? above : above / TTile.Rows * TTile.Rows);
    }

    // What all share or the cache holds is near already; what a single tile reads where it lies is fetched no sooner than it is read.
    private readonly PanelsAhead<T, TTile> Prepare(in PanelSet<T> columns, (int I0, int I1, int J0, int J1) item, T* to, int tiles)
    {
        int panel = item.J0 / TTile.Columns;
        bool isFar = !columns.IsPacked && columns.IsFar && Product.M > TTile.Rows, isPrivate = columns.IsPrivate(panel, TTile.Columns);
        return isFar || isPrivate ? new(columns, panel, PanelsOf(item.J0, item.J1), isPrivate ? to : null, tiles) : default;
    }

    // Loop 2 is over panels of A, streamed in the order in which they lie; loop 1 over a few panels of B, which the second-level cache holds, so that
    // A is streamed once for all of them.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void MultiplyPanels(int i0, int i1, int j0, int panels, int tiles, T* first, ref PanelsAhead<T, TTile> later)
    {
        int n = Product.N, kc = Packed.Rows.Kc, j1 = j0 + (panels * TTile.Columns);
        nint cRow = Product.CRow, bStep = TTile.Columns, bPanel = TTile.Columns * (nint)kc;
        if (first == null)
        {
            first = Packed.Columns.At(j0, TTile.Columns, out _, out bStep);
            bPanel = (nint)(Packed.Columns.At(j0 + TTile.Columns, TTile.Columns, out _, out _) - first);
        }

        TileStore<T> store = Block.Store;
        TileAhead<T> ahead = new(kc, TTile.Rows, cRow);
        if (later.IsIdle && GemmBlocking.IsCached(Packed.Rows.Lanes, n, sizeof(T)))
            ahead.Depth = kc;
        if (Block.Mirrors && !IsStreamed)
        {
            LinesAhead<T> across = new(Product.C + (j0 * cRow) + Block.FirstRow + i0, cRow, Math.Min(j1, n) - j0, i1 - i0);
            ahead.BeginFetchAcross(across, tiles);
        }

        bool packsAlong = Packed.Rows.IsPackedAlong && j0 == 0;
        int height;
        for (int i = i0; i < i1; i += height)
        {
            if (packsAlong)
                Packed.Rows.PackAlong<TTile>(i / TTile.Rows, panels, ref ahead);
            height = ProductTile.RowsOf<T, TTile>(i1 - i, Packed.Rows.IsPacked);
            T* c = Product.C + ((Block.FirstRow + i) * cRow) + j0, b = first;
            for (int j = j0; j < j1; j += TTile.Columns, c += TTile.Columns, b += bPanel)
            {
                int diagonal = Product.LowerOnly ? Block.FirstRow + i - j : ProductTile.NoDiagonal;
                if (diagonal <= -height)
                    continue;
                if (store.Bias != null)
                    store.Bias = Block.Store.Bias + j;
                later.BeforeTile(ref ahead);
                ahead.BeginTile(c);
                ProductTile.Run(Packed, n, height, i, j, b, bStep, c, cRow, store, diagonal, &ahead);
            }
        }

        later.Finish(ref ahead);
    }
}
