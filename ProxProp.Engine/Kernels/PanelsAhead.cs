using System.Numerics;
using System.Runtime.CompilerServices;

namespace ProxProp.Engine.Kernels;

/// <summary>
/// The panels of B that come next, fetched and, if they are packed, packed one after the other while a run of tiles is summed: copied within the tiles
/// if they lie as they are wanted, or transposed between them, which within them takes as much of their time.
/// </summary>
/// <remarks>
/// What is packed is fetched some tiles before, or it would be waited for. What is copied is copied as late as its tiles allow, or it would be gone
/// from the near caches before it is used.
/// </remarks>
internal unsafe struct PanelsAhead<T, TTile>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TTile : struct, ITile<T>
{
    // By so many tiles fetching leads, at most one in so many: with more, lines that lie a power of two apart are gone before they are copied.
    private const int MostLead = 7, LeadPart = 6;

    private readonly int _tiles;
    private PanelSet<T> _columns;
    private T* _to;
    private int _panel, _left, _tile, _lead, _start, _busy, _packed;
    private bool _copies;

    /// <summary>Plans for a run of tiles.</summary>
    /// <param name="columns">The operand.</param>
    /// <param name="panel">The first panel.</param>
    /// <param name="panels">How many there are, one after the other.</param>
    /// <param name="to">Where they are packed, side by side; null where they are but fetched.</param>
    /// <param name="tiles">Number of tiles.</param>
    public PanelsAhead(in PanelSet<T> columns, int panel, int panels, T* to, int tiles)
    {
        _columns = columns;
        (_panel, _left) = (panel, panels);
        _to = to;
        _tiles = Math.Max(1, tiles / panels);
        Plan();
    }

    /// <summary>Whether there is nothing to do.</summary>
    public readonly bool IsIdle => _left == 0;

    /// <summary>What is due before a tile is summed.</summary>
    /// <param name="ahead">What is done beside its sums.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void BeforeTile(ref TileAhead<T> ahead)
    {
        if (_left > 0)
            Prepare(ref ahead);
    }

    /// <summary>What is left in the end.</summary>
    public void Finish(ref TileAhead<T> ahead)
    {
        while (_left > 0)
            EndPanel(ref ahead);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Prepare(ref TileAhead<T> ahead)
    {
        if (_tile == _tiles && _left > 1)
            EndPanel(ref ahead);
        if (_tile == _start - _lead)
            ahead.BeginFetch(_columns.Ahead(_panel, TTile.Columns), _busy);
        if (_copies && _tile == _start)
            ahead.BeginCopy(_columns.RowsOf(_panel, TTile.Columns, _to), _busy);
        else if (_to != null && !_copies && (_packed + PanelSet<T>.Slice) * (long)_tiles <= _columns.Kc * (long)_tile)
            _packed = PackSlices(_packed, (int)(_columns.Kc * (long)_tile / _tiles));
        _tile++;
    }

    private void EndPanel(ref TileAhead<T> ahead)
    {
        int kc = _columns.Kc;
        if (_to != null)
        {
            bool hasBegun = _copies && _tile > _start;
            PackSlices(hasBegun ? kc - ahead.RowsLeft : _packed, kc + PanelSet<T>.Slice);
            _to += TTile.Columns * (nint)kc;
        }

        ahead.BeginFetch(default, 1);
        ahead.BeginCopy(default, 1);
        _panel++;
        _left--;
        Plan();
    }

    private void Plan()
    {
        _tile = _packed = 0;
        _copies = _to != null && _left > 0 && _columns.IsWhole(_panel, TTile.Columns);
        _lead = _to != null ? Math.Min(MostLead, _tiles / LeadPart) : 0;
        _busy = _copies ? TileAhead<T>.FewestTiles(_columns.Kc, Math.Max(1, _tiles - _lead), TTile.Rows) : _tiles - _lead;
        _start = Math.Max(_lead, _tiles - _busy);
    }

    // Whole slices of a panel from one value of k up to another; gives the value that comes next.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly int PackSlices(int k, int end)
    {
        for (; k < _columns.Kc && k + PanelSet<T>.Slice <= end; k += PanelSet<T>.Slice)
            _columns.PackSlice(_panel, TTile.Columns, k, _to);
        return k;
    }
}
