using System.Numerics;

namespace ProxProp.Engine.Kernels;

/// <summary>Cache blocking of the matrix product. Only <see cref="DepthOf"/> has a say in the bits of the result.</summary>
internal static class GemmBlocking
{
    /// <summary>Rows of A packed at a time, shared by all workers: with KC values of k 2 MiB.</summary>
    public const int SharedRows = 1020;

    /// <summary>Columns of B packed at a time, shared by all workers: 4 MiB.</summary>
    public const int SharedColumns = 2048;

    private const long DepthBytes = 2048;
    private const long PanelPadding = 64;

    /// <summary>Bytes of packed A, with the padding between panels of at least 6 rows.</summary>
    public const long RowPanelBytes = (SharedRows * DepthBytes) + (SharedRows / 6 * PanelPadding);

    /// <summary>Bytes of packed B, with the padding between panels of at least 2 columns.</summary>
    public const long ColumnPanelBytes = (SharedColumns * DepthBytes) + (SharedColumns / 2 * PanelPadding);

    // An item streams its rows of A once for each panel of B. Many rows to few columns measured best: A arrives in the order in which it
    // lies, which the hardware foresees, and the change to the next panel of B, which it does not, is rare.
    private const int ItemRows = 504;
    private const int ItemColumns = 128;
    private const int LeastItems = 16;
    private const int LeastRows = 48;

    /// <summary>
    /// KC: how many values of k one block sums. Part of the contract on bits (see <see cref="Gemm"/>), so it depends on nothing but the type.
    /// 512 floats: a product over a batch of 500 is then one block, and C is written once.
    /// </summary>
    public static int DepthOf<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => typeof(T) == typeof(float) ? 512 : 256;

    /// <summary>Rows and columns of one item for a block of C, whole tiles each; smaller where there would be too few items to share out.</summary>
    public static (int Rows, int Columns) ItemOf(int m, int n, int tileRows, int tileColumns)
    {
        int rows = ItemRows / tileRows * tileRows;
        int columns = Math.Max(1, ItemColumns / tileColumns) * tileColumns;
        int columnItems = (n + columns - 1) / columns;
        while (rows > LeastRows && columnItems * ((m + rows - 1) / rows) < LeastItems)
            rows = Math.Max(1, rows / 2 / tileRows) * tileRows;
        return (rows, columns);
    }
}
