using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Parallel;

namespace ProxProp.Engine.Kernels;

/// <summary>The panels of one operand, read from packed memory or where they lie.</summary>
internal unsafe struct PanelSet<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Values of k that are packed at a time between two tiles.</summary>
    public const int Slice = 16;

    /// <summary>Panels that are packed together where their lanes lie side by side, a row of the source through all of them at a time.</summary>
    public const int Together = 16;

    public T* Source;
    public nint LaneStep, KStep;
    public int Lanes, Kc;
    public bool IsPacked;

    /// <summary>Whether a panel in shared memory is packed when the first tile wants it, not beforehand.</summary>
    public bool IsPackedAlong;

    /// <summary>Memory that all workers share, filled before a panel is used; null where each worker packs for itself, or nobody packs.</summary>
    public T* Shared;

    public static PanelSet<T> Create(T* source, nint laneStep, nint kStep, int lanes, int kc, bool pack, T* shared) => new()
    {
        Source = source,
        LaneStep = laneStep,
        KStep = kStep,
        Lanes = lanes,
        Kc = kc,
        IsPacked = pack,
        Shared = shared,
    };

    /// <summary>Panels that have to be packed beforehand.</summary>
    public readonly int SharedPanels(int width) => Shared != null && !IsPackedAlong ? Panels(width) : 0;

    private readonly int Panels(int width) => (Lanes + width - 1) / width;

    /// <summary>Where a tile that begins with this lane, the first of a panel if they are packed, is read, and its steps.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly T* At(int lane, int width, out nint laneStep, out nint kStep)
    {
        if (IsPacked)
        {
            laneStep = 1;
            kStep = width;
            return Shared + (lane / width * PanelPacking.PanelDistance<T>(width, Kc));
        }

        laneStep = LaneStep;
        kStep = KStep;
        return Source + (lane * LaneStep);
    }

    /// <summary>Whether every panel is in shared memory or read where it lies.</summary>
    public readonly bool IsReadable => Shared != null || !IsPacked;

    /// <summary>Whether the operand is more than the cache holds.</summary>
    public readonly bool IsFar => !GemmBlocking.IsCached(Lanes, Kc, sizeof(T));

    /// <summary>Whether a panel exists that each worker packs for itself.</summary>
    public readonly bool IsPrivate(int panel, int width) => IsPacked && Shared == null && panel * width < Lanes;

    /// <summary>Packs so many panels into shared memory, or those that there are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void PackShared(int first, int panels, int width) => PanelPacking.Pack(
        Source + (first * width * LaneStep), LaneStep, KStep, Lanes - (first * width), Math.Min(panels, Panels(width) - first), width, Kc,
        At(first * width, width, out _, out _), PanelPacking.PanelDistance<T>(width, Kc), fetch: true);

    /// <summary>Packs <see cref="Slice"/> values of k of one panel; see <see cref="Ahead"/> for who fetches them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void PackSlice(int panel, int width, int k, T* destination)
    {
        int lanes = Math.Min(width, Lanes - (panel * width)), depth = Math.Min(Slice, Kc - k);
        T* source = Source + (panel * width * LaneStep) + (k * KStep);
        PanelPacking.Pack(source, LaneStep, KStep, lanes, 1, width, depth, destination + (k * width), 0, fetch: false);
    }

    /// <summary>Whether the values of k of a panel are rows of its full width.</summary>
    public readonly bool IsWhole(int panel, int width) => LaneStep == 1 && (panel + 1) * width <= Lanes;

    /// <summary>The rows of such a panel, to be copied.</summary>
    public readonly RowsAhead<T> RowsOf(int panel, int width, T* destination) => new(Source + (panel * width), KStep, Kc, destination);

    /// <summary>Packs a whole panel slice by slice; unless the panel was fetched already, each slice is fetched while the one before is packed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void PackPanel(int panel, int width, T* destination, bool isFetched = false)
    {
        LinesAhead<T> lines = isFetched ? default : Ahead(panel, width);
        int perSlice = (lines.Count + (Kc / Slice)) / ((Kc / Slice) + 1);
        lines.Fetch(perSlice);
        for (int k = 0; k < Kc; k += Slice)
        {
            lines.Fetch(perSlice);
            PackSlice(panel, width, k, destination);
        }
    }

    /// <summary>
    /// Packs a panel of rows into shared memory, each after the one before, and has the lines of the next one fetched within so many tiles. Rows that lie
    /// side by side are packed for many panels at a time: for a single one each value of k costs a line, and the page that it is on.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void PackAlong<TTile>(int panel, int tiles, ref TileAhead<T> ahead)
        where TTile : struct, ITile<T>
    {
        if (LaneStep == 1)
        {
            if (panel % Together == 0)
                PackShared(panel, Together, TTile.Rows);
            return;
        }

        PackPanel(panel, TTile.Rows, At(panel * TTile.Rows, TTile.Rows, out _, out _), isFetched: panel > 0);
        ahead.BeginFetchRows((panel + 1) * TTile.Rows < Lanes ? Ahead(panel + 1, TTile.Rows) : default, tiles);
    }

    /// <summary>The cache lines of one panel, in the order in which slices need them.</summary>
    public readonly LinesAhead<T> Ahead(int panel, int width)
    {
        T* source = Source + (panel * width * LaneStep);
        int lanes = Math.Min(width, Lanes - (panel * width));
        return LaneStep == 1 ? new(source, KStep, Kc, lanes) : LinesAhead<T>.AcrossRows(source, LaneStep, lanes, Kc);
    }
}

/// <summary>Packs what all workers share: rows, or columns if there are few of them.</summary>
internal unsafe struct PackJob<T, TTile> : IParallelJob
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TTile : struct, ITile<T>
{
    // Panels of an item. Of columns there are but few.
    private const int RowGroup = PanelSet<T>.Together, ColumnGroup = 1;
    public PanelSet<T> Rows, Columns;

    public readonly int Items => RowItems + ItemsOf(Columns, TTile.Columns, ColumnGroup);

    private readonly int RowItems => ItemsOf(Rows, TTile.Rows, RowGroup);

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public readonly void Execute(int item, int worker)
    {
        if (item < RowItems)
            Rows.PackShared(item * RowGroup, RowGroup, TTile.Rows);
        else
            Columns.PackShared((item - RowItems) * ColumnGroup, ColumnGroup, TTile.Columns);
    }

    private static int ItemsOf(in PanelSet<T> set, int width, int group) => (set.SharedPanels(width) + group - 1) / group;
}
