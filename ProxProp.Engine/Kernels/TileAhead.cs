using System.Runtime.CompilerServices;

namespace ProxProp.Engine.Kernels;

/// <summary>
/// What the micro-kernel does beside the sums of a tile: it fetches the tile's own part of C and lines that somebody needs later into the caches, and
/// copies rows of B into the next panel.
/// </summary>
/// <remarks>
/// A core can wait for a dozen or two of cache lines at a time. Asked for in one go they leave nothing for the panels, and all multiply-adds wait
/// for memory; asked for a few at a time between steps of k they cost no more than their instructions. So it is with copies: between two tiles
/// nothing else would be done meanwhile.
/// </remarks>
internal unsafe struct TileAhead<T>
    where T : unmanaged
{
    /// <summary>Into how many parts the steps of a tile are cut; the rows of a tall one are a multiple.</summary>
    public const int Parts = 6;

    private readonly nint _cStride;
    private LinesAhead<T> _later, _nextRows;
    private RowsAhead<T> _copy;
    private int _linesPerPart, _rowLinesPerPart, _rowsPerPart;

    /// <summary>Plans for a run of tiles over one panel.</summary>
    /// <param name="kc">Values of k.</param>
    /// <param name="cStride">Distance of two rows of C.</param>
    public TileAhead(int kc, nint cStride)
    {
        Depth = PartOf(kc);
        _cStride = cStride;
    }

    /// <summary>Values of k from one part to the next.</summary>
    public nint Depth { get; set; }

    /// <summary>First row of C that has not been asked for.</summary>
    public T* C { get; set; }

    /// <summary>Rows that are yet to be copied.</summary>
    public readonly int RowsLeft => _copy.Left;

    /// <summary>In how few tiles, one at least, so many rows can be copied, no more at a time than where so many tiles share them out.</summary>
    public static int FewestTiles(int rows, int tiles)
    {
        int perTile = Math.Max(1, PerPart(rows, tiles)) * Parts;
        return Math.Max(1, (rows + perTile - 1) / perTile);
    }

    /// <summary>From now on lines are fetched.</summary>
    /// <param name="lines">Which.</param>
    /// <param name="tiles">Within how many tiles.</param>
    public void BeginFetch(in LinesAhead<T> lines, int tiles)
    {
        _later = lines;
        _linesPerPart = PerPart(lines.Count, tiles);
    }

    /// <summary>From now on the next rows of A are fetched too.</summary>
    /// <param name="lines">Which.</param>
    /// <param name="tiles">Within how many tiles.</param>
    public void BeginFetchRows(in LinesAhead<T> lines, int tiles)
    {
        _nextRows = lines;
        _rowLinesPerPart = PerPart(lines.Count, tiles);
    }

    /// <summary>From now on rows are copied.</summary>
    /// <param name="rows">Which.</param>
    /// <param name="tiles">Within how many tiles.</param>
    public void BeginCopy(in RowsAhead<T> rows, int tiles)
    {
        _copy = rows;
        _rowsPerPart = PerPart(rows.Left, tiles);
    }

    /// <summary>Values of k of one part of so many.</summary>
    public static int PartOf(int kc) => Math.Max(2, (kc + Parts - 1) / Parts);

    /// <summary>Asks for the lines of one part, and copies its rows.</summary>
    /// <param name="rows">Rows of the whole tile; a constant at each call site.</param>
    /// <param name="columns">Its columns.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void FetchPart(int rows, int columns)
    {
        T* c = C;
        for (int row = 0; row < rows / Parts; row++, c += _cStride)
            Prefetch.Span(c, columns);
        C = c;
        if (_linesPerPart > 0)
            _later.Fetch(_linesPerPart);
        if (_rowLinesPerPart > 0)
            _nextRows.Fetch(_rowLinesPerPart);
        if (_rowsPerPart > 0)
            _copy.Copy(_rowsPerPart, columns);
    }

    /// <summary>Does all parts at once, where a tile is not summed in parts; before its sums are born, not beside them.</summary>
    public void FetchAll(int rows, int columns)
    {
        for (int part = 0; part < Parts; part++)
            FetchPart(rows, columns);
    }

    private static int PerPart(int count, int tiles) => (count + (tiles * Parts) - 1) / (tiles * Parts);
}
