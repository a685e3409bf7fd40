using System.Runtime.CompilerServices;

namespace ProxProp.Engine.Kernels;

/// <summary>What the micro-kernel fetches into the caches while it sums a tile: the tile's own part of C, and lines that somebody needs later.</summary>
/// <remarks>
/// A core can wait for a dozen or two of cache lines at a time. Asked for in one go they leave nothing for the panels, and all multiply-adds wait
/// for memory; asked for a few at a time between steps of k they cost no more than their instructions.
/// </remarks>
internal unsafe struct TileAhead<T>
    where T : unmanaged
{
    /// <summary>Into how many parts the steps of a tile are cut; its rows are a multiple.</summary>
    public const int Parts = 6;

    private readonly nint _cStride;
    private readonly int _linesPerPart;
    private LinesAhead<T> _later;

    /// <summary>Plans for a run of tiles over one panel.</summary>
    /// <param name="kc">Values of k.</param>
    /// <param name="cStride">Distance of two rows of C.</param>
    /// <param name="later">What is to be fetched by the end of the run.</param>
    /// <param name="tiles">Number of tiles in the run.</param>
    public TileAhead(int kc, nint cStride, in LinesAhead<T> later, int tiles)
    {
        Depth = PartOf(kc);
        _cStride = cStride;
        _later = later;
        _linesPerPart = (later.Count + (tiles * Parts) - 1) / (tiles * Parts);
    }

    /// <summary>Values of k from one part to the next.</summary>
    public nint Depth { get; set; }

    /// <summary>First row of C that has not been asked for.</summary>
    public T* C { get; set; }

    /// <summary>Values of k of one part of so many.</summary>
    public static int PartOf(int kc) => Math.Max(2, (kc + Parts - 1) / Parts);

    /// <summary>Asks for the lines of one part.</summary>
    /// <param name="rows">Rows of the whole tile; a constant at each call site.</param>
    /// <param name="columns">Its columns.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void FetchPart(int rows, int columns)
    {
        T* c = C;
        for (int row = 0; row < rows / Parts; row++, c += _cStride)
            Prefetch.Span(c, columns);
        C = c;
        _later.Fetch(_linesPerPart);
    }

    /// <summary>Asks for the lines of all parts at once, where a tile is not summed in parts; before its sums are born, not beside them.</summary>
    public void FetchAll(int rows, int columns)
    {
        for (int part = 0; part < Parts; part++)
            FetchPart(rows, columns);
    }
}
