using System.Runtime.CompilerServices;

namespace ProxProp.Engine.Kernels;

/// <summary>
/// What the micro-kernel does beside the sums of a tile: it fetches the tile's own part of C and lines that somebody needs later into the caches, and
/// copies rows of B into the next panel.
/// </summary>
/// <remarks>
/// A core can wait for a dozen or two of cache lines at a time. Asked for in one go they leave nothing for the panels, and all multiply-adds wait
/// for memory; asked for one or two at a time between steps of k they cost no more than their instructions. So it is with copies: between two tiles
/// nothing else would be done meanwhile.
/// </remarks>
internal unsafe struct TileAhead<T>
    where T : unmanaged
{
    // Into how many parts the steps of a tile are cut: twice as many where each then still has so many rows times values of k.
    private const int FewestParts = 6, MostParts = 24, LeastPart = 192;

    private readonly nint _cStride;
    private readonly int _parts;
    private Stream _later, _nextRows, _across;
    private RowsAhead<T> _copy;
    private T* _c;
    private int _rowsPerPart, _rowsDue;

    /// <summary>Plans for a run of tiles over one panel.</summary>
    /// <param name="kc">Values of k.</param>
    /// <param name="rows">Rows of a tile.</param>
    /// <param name="cStride">Distance of two rows of C.</param>
    public TileAhead(int kc, int rows, nint cStride)
    {
        _parts = PartsOf(kc, rows);
        _cStride = cStride;
        Depth = PartOf(kc);
    }

    /// <summary>Values of k from one part to the next.</summary>
    public nint Depth { get; set; }

    /// <summary>Rows that are yet to be copied.</summary>
    public readonly int RowsLeft => _copy.Left;

    /// <summary>In how few tiles, one at least, so many rows can be copied, no more at a time than where so many tiles share them out.</summary>
    /// <param name="rows">Rows to copy, the values of k of the tiles.</param>
    /// <param name="tiles">Tiles there are.</param>
    /// <param name="tileRows">Rows of a tile.</param>
    public static int FewestTiles(int rows, int tiles, int tileRows)
    {
        int parts = PartsOf(rows, tileRows), perTile = Math.Max(1, PerPart(rows, tiles, parts)) * parts;
        return Math.Max(1, (rows + perTile - 1) / perTile);
    }

    /// <summary>Begins with the tile that lies here in C.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void BeginTile(T* c)
    {
        _c = c;
        _rowsDue = 0;
    }

    /// <summary>From now on lines are fetched.</summary>
    /// <param name="lines">Which.</param>
    /// <param name="tiles">Within how many tiles.</param>
    public void BeginFetch(in LinesAhead<T> lines, int tiles) => _later = new(lines, PerPart(lines.Count, tiles, _parts));

    /// <summary>From now on the next rows of A are fetched too.</summary>
    /// <param name="lines">Which.</param>
    /// <param name="tiles">Within how many tiles.</param>
    public void BeginFetchRows(in LinesAhead<T> lines, int tiles) => _nextRows = new(lines, PerPart(lines.Count, tiles, _parts));

    /// <summary>From now on lines above a diagonal are fetched too, to which what is below it is copied in the end.</summary>
    /// <param name="lines">Which.</param>
    /// <param name="tiles">Within how many tiles.</param>
    public void BeginFetchAcross(in LinesAhead<T> lines, int tiles) => _across = new(lines, PerPart(lines.Count, tiles, _parts));

    /// <summary>From now on rows are copied.</summary>
    /// <param name="rows">Which.</param>
    /// <param name="tiles">Within how many tiles.</param>
    public void BeginCopy(in RowsAhead<T> rows, int tiles)
    {
        _copy = rows;
        _rowsPerPart = PerPart(rows.Left, tiles, _parts);
    }

    /// <summary>Values of k of one part of so many: the largest even number, for tiles that take two at a time, of which there are parts enough.</summary>
    public readonly int PartOf(int kc) => Math.Max(2, (kc - 1) / (_parts - 1) / 2 * 2);

    /// <summary>Asks for the lines of one part, and copies its rows.</summary>
    /// <param name="rows">Rows of the whole tile; a constant at each call site.</param>
    /// <param name="columns">Its columns.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void FetchPart(int rows, int columns)
    {
        for (_rowsDue += rows; _rowsDue >= _parts; _rowsDue -= _parts, _c += _cStride)
            Prefetch.Span(_c, columns);
        _later.Fetch();
        _nextRows.Fetch();
        _across.Fetch();
        if (_rowsPerPart > 0)
            _copy.Copy(_rowsPerPart, columns);
    }

    /// <summary>Does all parts of so many values of k at once, where a tile is not summed in parts; before its sums are born, not beside them.</summary>
    public void FetchAll(nint kc, int rows, int columns)
    {
        for (; kc > 0; kc -= Depth)
            FetchPart(rows, columns);
    }

    private static int PartsOf(int kc, int rows)
    {
        int parts = FewestParts;
        while (parts < MostParts && 2L * parts * LeastPart <= (long)kc * rows)
            parts *= 2;
        return parts;
    }

    private static int PerPart(int count, int tiles, int parts) => (count + (tiles * parts) - 1) / (tiles * parts);

    // Lines of which so many are due in each part.
    private struct Stream(LinesAhead<T> lines, int perPart)
    {
        private LinesAhead<T> _lines = lines;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Fetch()
        {
            if (perPart > 0)
                _lines.Fetch(perPart);
        }
    }
}
