using System.Numerics;

namespace ProxProp.Engine.Kernels;

/// <summary>Cache blocking of the matrix product. Only <see cref="DepthOf"/> has a say in the bits of the result.</summary>
internal static class GemmBlocking
{
    /// <summary>
    /// Rows of A packed at a time, shared by all workers: with KC values of k 2 MiB, streamed from the third-level cache. The more rows, the
    /// more tiles share the cost of packing a panel of B.
    /// </summary>
    public const int SharedRows = 1032;

    /// <summary>The fewest rows that may be packed at a time; the triangular solves need that much room too.</summary>
    public const int FewestSharedRows = 60;

    /// <summary>So many panels are few: packing what meets no more of them never pays, and B of so few is packed once for all workers.</summary>
    public const int FewPanels = 4;

    /// <summary>KC in bytes.</summary>
    public const long DepthBytes = 2048;

    /// <summary>Rows of the tallest tile.</summary>
    public const int TallestTile = 12;

    private const int WidestTile = 128 / sizeof(float);
    private const long PanelPadding = 64;

    // B that stays in the second-level cache is read where it lies, whatever its stride.
    private const long CachedBytes = 384 << 10;

    // Panels of B from which on packing A pays, for tiles of fewer columns and of so many bytes of columns, which do more with each element of A.
    private const int ManyPanels = 24, ManyWidePanels = 48;

    // From as few as those read block by block in place, where the second-level cache holds half a block of packed A beside what else it has to.
    private static readonly int LeastWidePanels = HasLargeCache ? ManyPanelsInPlace : ManyWidePanels;
    private const long WideTileBytes = 128;

    // Panels of B from which on rows of A are read block by block where they lie; or packed, if all of a tile share one set of the first-level cache.
    private const int ManyPanelsInPlace = 16;

    // Rows of A that lie side by side, so that each value of k is a line of another page, and columns of B, from which on A is packed where the second-level
    // cache is large.
    private const int TallColumns = 960, ManyColumns = 192;

    // What lies so far apart falls into the same set of most first-level caches: the dozen rows of a wide tile into 8 to 12 ways, with no room for B.
    private const long CacheWayBytes = 4096;

    /// <summary>Whether A is packed: where it is less than a tile or meets many panels of B.</summary>
    /// <param name="m">Rows of A.</param>
    /// <param name="n">Columns of B.</param>
    /// <param name="tileRows">MR.</param>
    /// <param name="tileColumns">NR.</param>
    /// <param name="size">Bytes of an element.</param>
    /// <param name="lowerOnly">Whether a row of A meets but half of the panels, which wide tiles feel.</param>
    /// <param name="row">Step from row to row.</param>
    /// <param name="workers">How many share the items.</param>
    public static bool PacksRows(int m, int n, int tileRows, int tileColumns, int size, bool lowerOnly, nint row, int workers)
    {
        if (row == 1 && !lowerOnly && PacksTallColumns(m, n, tileColumns, workers))
            return true;
        bool isCrowded = m >= LeastRows && row * size % CacheWayBytes == 0;
        int many = IsNarrow(tileColumns, size) ? ManyPanels
            : (isCrowded ? ManyPanelsInPlace : LeastWidePanels) * (lowerOnly ? 2 : 1);
        return m < tileRows || n > tileColumns * many;
    }

    // Elsewhere only what is more than one block, and by one worker: several share out what waiting that is.
    private static bool PacksTallColumns(int m, int n, int tileColumns, int workers) => HasLargeCache
        ? m >= TallColumns && n >= ManyColumns
        : workers == 1 && m > SharedRows && n > ManyPanelsInPlace * tileColumns;

    /// <summary>
    /// Whether B is packed: where it is a transposed view, less than a tile, or many rows of A meet more of it than the cache holds, or vectors of it that
    /// cross lines.
    /// </summary>
    /// <param name="column">Step from column to column.</param>
    /// <param name="isAligned">Whether each row begins with a line.</param>
    /// <param name="m">Rows of A.</param>
    /// <param name="n">Columns of B.</param>
    /// <param name="kc">Rows of B.</param>
    /// <param name="tileRows">MR.</param>
    /// <param name="tileColumns">NR.</param>
    /// <param name="size">Bytes of an element.</param>
    /// <param name="workers">How many share the items.</param>
    public static bool PacksColumns(nint column, bool isAligned, int m, int n, int kc, int tileRows, int tileColumns, int size, int workers) =>
        column != 1 || n < tileColumns || (!AreFew(m, tileRows) && !IsCached(n, kc, size))
        || (!isAligned && !IsNarrow(tileColumns, size) && m > LeastRows && kc >= LeastDepth && (workers == 1 || !AreFew(n, tileColumns)));

    /// <summary>Whether so many lanes of so many values of k stay in the second-level cache.</summary>
    public static bool IsCached(int lanes, int kc, int size) => (long)lanes * kc * size <= CachedBytes;

    // 1.5 MiB: a second-level cache with room for half a block of packed A and more.
    private static bool HasLargeCache => SecondLevelCache.Bytes >= 3 << 19;

    private static bool IsNarrow(int tileColumns, int size) => tileColumns * size < WideTileBytes;

    /// <summary>Whether so many rows or columns are few panels of this width.</summary>
    public static bool AreFew(int lanes, int width) => lanes <= FewPanels * width;

    /// <summary>So many rows or columns rounded up to whole panels.</summary>
    public static int Whole(int lanes, int width) => (lanes + width - 1) / width * width;

    /// <summary>Rows of A to pack at a time, of m: whole panels, of most at most, and no block much lower than the others.</summary>
    public static int RowsAtOnce(int m, int most, int tileRows)
    {
        int fit = most / tileRows * tileRows, blocks = Math.Max(1, (m + fit - 1) / fit);
        return Whole((m + blocks - 1) / blocks, tileRows);
    }

    /// <summary>
    /// Rows of an item where A is read as it lies: of many, which many panels of B each read all over again, no more than a cache nearby holds.
    /// </summary>
    public static int RowsInPlace(int m, int n, int tileRows, int tileColumns) =>
        n > ManyPanelsInPlace * tileColumns ? RowsAtOnce(m, SharedRows, tileRows) : m;

    /// <summary>Bytes of one block of so many rows of packed A, with the padding.</summary>
    public static long RowPanelBytes(int rows) => (rows * DepthBytes) + RowPadding(rows);

    /// <summary>Bytes of the padding between panels of at least 6 rows.</summary>
    public static long RowPadding(int rows) => rows / 6 * PanelPadding;

    /// <summary>Bytes of one block of shared B, which has few panels (see <see cref="FewPanels"/>).</summary>
    public const long ColumnPanelBytes = FewPanels * ((WidestTile * DepthBytes) + PanelPadding);

    // Panels of B that a worker multiplies at a time, if the first-level cache does not hold even one. A is read once for all of them, from a cache farther
    // away than theirs: with more there is little left to gain, and they crowd out what else is in the second-level cache.
    private static readonly int PanelsAtOnce = HasLargeCache ? 4 : 2;

    /// <summary>Bytes of the private panels of B of each worker: those in use and the next.</summary>
    public static long PrivatePanelBytes => 2 * PanelsAtOnce * WidestTile * DepthBytes;

    private const int ItemsPerWorker = 6, FewItemsPerWorker = 2;

    // Tall and short tiles, 12 and 8 rows, make up any multiple of 4 from 16 on.
    private const int CutRows = 4, LeastCutRows = 24;
    private const int LeastRows = 20 * TallestTile;

    // Values of k from which on B is worth packing for vectors that are lines and would cross them: with fewer, too little is computed beside which to copy.
    private const int LeastDepth = 96;

    /// <summary>
    /// KC: how many values of k one block sums. Part of the contract on bits (see <see cref="Gemm"/>), so it depends on nothing but the type.
    /// 512 floats: a product over a batch of 500 is then one block, and C is written once.
    /// </summary>
    public static int DepthOf<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => typeof(T) == typeof(float) ? 512 : 256;

    /// <summary>
    /// Whether all panels of B are packed once, for all workers: there are few of them, for one worker, or for many rows, or for more workers than panels,
    /// so that rows are cut. Otherwise a panel is wanted by one worker only, who packs it with nobody waiting.
    /// </summary>
    /// <param name="m">Rows of A.</param>
    /// <param name="n">Columns of B.</param>
    /// <param name="tileColumns">NR.</param>
    /// <param name="workers">How many share the items.</param>
    public static bool SharesColumns(int m, int n, int tileColumns, int workers) =>
        AreFew(n, tileColumns) && (workers == 1 || m > LeastRows || n <= (workers - 1) * tileColumns);

    /// <summary>
    /// Rows and columns of one item for a block of C, whole tiles each: the panels that are multiplied at a time, or half of them and so on, then fewer rows,
    /// where there would be too few items to share out. Each item has panels of B of its own, so rows are cut last, unless panels are shared (<see cref="SharesColumns"/>).
    /// </summary>
    public static (int Rows, int Columns) ItemOf(int m, int n, int tileRows, int tileColumns, int size, int workers)
    {
        if (workers > 1 && SharesColumns(m, n, tileColumns, workers))
        {
            int parts = FewItemsPerWorker * workers;
            return (Math.Max(LeastCutRows, Whole((m + parts - 1) / parts, tileRows == TallestTile ? CutRows : tileRows)), Whole(n, tileColumns));
        }

        int least = workers == 1 ? 1 : ItemsPerWorker * workers;
        int rows = Whole(m, tileRows), columns = (IsNarrow(tileColumns, size) ? 1 : PanelsAtOnce) * tileColumns;
        int Items(int r, int c) => ((m + r - 1) / r) * ((n + c - 1) / c);
        while (columns > tileColumns && Items(rows, columns) < least)
            columns = Whole(columns / 2, tileColumns);
        while (rows > LeastRows && Items(rows, columns) < least)
            rows = Whole(rows / 2, tileRows);
        return (rows, columns);
    }
}
