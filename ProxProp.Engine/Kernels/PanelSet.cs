using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Parallel;

namespace ProxProp.Engine.Kernels;

/// <summary>The panels of one operand: those before FirstPacked are read where they lie, the others from packed memory.</summary>
internal unsafe struct PanelSet<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public T* Source;
    public nint LaneStep, KStep;
    public int Lanes, Kc, FirstPacked;

    /// <summary>Memory that all workers share, filled before the panels are used; null where each worker packs for itself.</summary>
    public T* Shared;

    public static PanelSet<T> Create(T* source, nint laneStep, nint kStep, int lanes, int width, int kc, bool pack, T* shared) => new()
    {
        Source = source,
        LaneStep = laneStep,
        KStep = kStep,
        Lanes = lanes,
        Kc = kc,
        FirstPacked = pack ? 0 : lanes / width,
        Shared = shared,
    };

    /// <summary>Panels that have to be packed beforehand.</summary>
    public readonly int SharedPanels(int width) => Shared == null ? 0 : ((Lanes + width - 1) / width) - FirstPacked;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly T* Panel(int panel, int width, out nint laneStep, out nint kStep)
    {
        if (panel >= FirstPacked)
        {
            laneStep = 1;
            kStep = width;
            return Shared + ((panel - FirstPacked) * PanelPacking.PanelDistance<T>(width, Kc));
        }

        laneStep = LaneStep;
        kStep = KStep;
        return Source + (panel * width * LaneStep);
    }

    /// <summary>The same for panels of columns, packed into private memory where nobody has done it yet.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly T* Panel(int panel, int width, T* own, out nint kStep)
    {
        if (panel < FirstPacked || Shared != null)
            return Panel(panel, width, out _, out kStep);
        kStep = width;
        Pack(panel, 1, width, own);
        return own;
    }

    /// <summary>Packs some panels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Pack(int first, int panels, int width, T* destination) =>
        PanelPacking.Pack(Source + (first * width * LaneStep), LaneStep, KStep, Lanes - (first * width), panels, width, Kc, destination);

    /// <summary>The cache lines that packing a panel will read; none where it is not packed by the worker itself or does not exist.</summary>
    public readonly LinesAhead<T> LinesOf(int panel, int width)
    {
        if (Shared != null || panel < FirstPacked || panel * width >= Lanes)
            return default;
        int lanes = Math.Min(width, Lanes - (panel * width));
        T* source = Source + (panel * width * LaneStep);
        return LaneStep == 1 ? new(source, KStep, Kc, lanes) : new(source, LaneStep, lanes, Kc);
    }
}

/// <summary>
/// The cache lines of a few rows, fetched into the second-level cache a few at a time while something else is computed: what will be packed
/// next then waits in the cache, and packing it takes next to no time.
/// </summary>
internal unsafe struct LinesAhead<T>
    where T : unmanaged
{
    private const int Line = 64;
    private readonly nint _rowStep, _rowBytes;
    private byte* _row;
    private nint _at;
    private int _rows;

    public LinesAhead(T* source, nint rowStep, int rows, int length)
    {
        _row = (byte*)source;
        _rowStep = rowStep * sizeof(T);
        _rows = rows;
        _rowBytes = (nint)length * sizeof(T);
        // The last byte of each line's worth: a line that is cut by the row's beginning was fetched with its left neighbour.
        _at = (_rowBytes - 1) % Line;
        Count = rows * (int)((_rowBytes + Line - 1) / Line);
    }

    public int Count { get; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Fetch(int lines)
    {
        for (; lines > 0 && _rows > 0; lines--)
        {
            Prefetch.ToSecondLevel(_row + _at);
            _at += Line;
            if (_at < _rowBytes)
                continue;
            _at = (_rowBytes - 1) % Line;
            _row += _rowStep;
            _rows--;
        }
    }
}

/// <summary>Packs what all workers share: rows, or columns if there are few of them.</summary>
internal unsafe struct PackJob<T, TTile> : IParallelJob
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TTile : struct, ITile<T>
{
    private const int Group = 16;
    public PanelSet<T> Rows, Columns;

    public readonly int Items => RowItems + ItemsOf(Columns, TTile.Columns);

    private readonly int RowItems => ItemsOf(Rows, TTile.Rows);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Execute(int item, int worker)
    {
        if (item < RowItems)
            Pack(Rows, TTile.Rows, item);
        else
            Pack(Columns, TTile.Columns, item - RowItems);
    }

    private static int ItemsOf(in PanelSet<T> set, int width) => (set.SharedPanels(width) + Group - 1) / Group;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pack(in PanelSet<T> set, int width, int group)
    {
        int first = group * Group;
        T* destination = set.Shared + (first * PanelPacking.PanelDistance<T>(width, set.Kc));
        set.Pack(set.FirstPacked + first, Math.Min(Group, set.SharedPanels(width) - first), width, destination);
    }
}
