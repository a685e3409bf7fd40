using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>How much of a context's packing memory the products that were declared will touch; see <see cref="GemmDriver"/> for what is packed.</summary>
/// <param name="packedRows">Rows of A that are packed at a time.</param>
/// <param name="width">The vector width in force.</param>
/// <param name="workers">Number of workers.</param>
internal sealed class PackingPlan(int packedRows, SimdWidth width, int workers)
{
    // The first block of a product is packed in one buffer, the second one in the other, and so on in turns; rows in the first one if a worker is alone.
    private long _firstRows, _secondRows, _firstColumns, _secondColumns;
    private int _workers;

    /// <summary>Bytes that the declared products touch, the private memory of the workers included.</summary>
    public long Bytes => _firstRows + _secondRows + _firstColumns + _secondColumns + (_workers * GemmBlocking.PrivatePanelBytes);

    /// <summary>Declares a product of elements of <paramref name="size"/> bytes. One of which only the lower triangle is wanted counts as whole.</summary>
    /// <param name="m">Rows of A.</param>
    /// <param name="n">Columns of B.</param>
    /// <param name="k">Columns of A.</param>
    /// <param name="size">Bytes of an element.</param>
    /// <param name="transposed">Whether A is a transposed view.</param>
    public void Add(int m, int n, int k, int size, bool transposed)
    {
        if (m <= 0 || n <= 0 || k <= 0)
            return;
        int most = (int)(GemmBlocking.DepthBytes / size), tileColumns = 2 * Math.Max(1, (int)width / 8 / size);
        bool isAlone = workers == 1 || GemmDriver.IsSerial(m, n, k);
        bool packsRows = GemmBlocking.PacksRows(
            m, n, GemmBlocking.TallestTile, tileColumns, size, lowerOnly: false, row: transposed ? 1 : k, isAlone ? 1 : workers);
        int atOnce = packsRows ? GemmBlocking.RowsAtOnce(m, packedRows, GemmBlocking.TallestTile) : m;
        int rowBlocks = (m + atOnce - 1) / atOnce, blocks = rowBlocks * ((k + most - 1) / most);
        bool sharesColumns = GemmBlocking.SharesColumns(m, n, tileColumns, isAlone ? 1 : workers);
        for (int block = 0; block < blocks; block++)
        {
            int row = block % rowBlocks * atOnce, packed = packsRows ? Math.Min(m - row, atOnce) : 0;
            long bytes = (long)Math.Min(k - (block / rowBlocks * most), most) * size;
            if (sharesColumns)
                Raise(ref block % 2 == 0 ? ref _firstColumns : ref _secondColumns, GemmBlocking.Whole(n, tileColumns) * bytes);
            long panels = (GemmBlocking.Whole(packed, GemmBlocking.TallestTile) * bytes) + GemmBlocking.RowPadding(packed);
            Raise(ref block % 2 == 0 || isAlone ? ref _firstRows : ref _secondRows, Math.Min(panels, GemmBlocking.RowPanelBytes(packedRows)));
        }

        _workers = Math.Max(_workers, isAlone ? 1 : workers);
    }

    private static void Raise(ref long most, long bytes) => most = Math.Max(most, bytes);
}
