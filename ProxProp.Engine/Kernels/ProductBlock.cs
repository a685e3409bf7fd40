using System.Numerics;
using ProxProp.Engine.Parallel;

namespace ProxProp.Engine.Kernels;

/// <summary>One block of a product, some rows of C and one block of k: how it gets into C, and the items it is cut into.</summary>
internal unsafe struct ProductBlock<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Row of C at which the block begins.</summary>
    public int FirstRow;

    /// <summary>How its tiles leave the registers; the bias is that of all columns.</summary>
    public TileStore<T> Store;

    /// <summary>Whether what is below the diagonal is copied above it.</summary>
    public bool Mirrors;

    /// <summary>Number of items.</summary>
    public int Items;

    private readonly int _rows, _columns, _itemRows, _itemColumns, _rowItems, _columnItems, _workers;
    private readonly bool _columnsFirst, _isTriangle;

    /// <summary>Cuts a block.</summary>
    /// <param name="product">The product.</param>
    /// <param name="k">First value of k.</param>
    /// <param name="kc">Values of k.</param>
    /// <param name="row">First row of C.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="inPlace">Whether A is read where it lies.</param>
    /// <param name="tileRows">MR.</param>
    /// <param name="tileColumns">NR.</param>
    /// <param name="workers">How many share the items.</param>
    public ProductBlock(in Product<T> product, int k, int kc, int row, int rows, bool inPlace, int tileRows, int tileColumns, int workers)
    {
        bool last = k + kc == product.K;
        FirstRow = row;
        Store = new TileStore<T>
        {
            Update = k > 0 && product.Update == Update.Assign ? Update.Add : product.Update,
            Bias = last ? product.Bias : null,
            Relu = last && product.Relu,
        };
        Mirrors = last && product.Mirror;
        (_rows, _columns, _workers) = (rows, product.N, workers);
        int height = inPlace ? GemmBlocking.RowsInPlace(rows, product.N, tileRows, tileColumns) : rows;
        _columnsFirst = height < rows;
        int each = _columnsFirst ? (int)((((long)workers * height) + rows - 1) / rows) : workers;
        (_itemRows, _itemColumns) = GemmBlocking.ItemOf(height, product.N, tileRows, tileColumns, sizeof(T), each);
        _rowItems = (rows + _itemRows - 1) / _itemRows;
        _columnItems = (product.N + _itemColumns - 1) / _itemColumns;
        _isTriangle = product.LowerOnly && _rowItems == 1;
        if (_isTriangle)
            _columnItems = (Math.Min(_columns, row + rows) + _itemColumns - 1) / _itemColumns;
        Items = _rowItems * _columnItems;
    }

    /// <summary>Rows I0 up to I1 of the block, columns J0 up to J1: one item.</summary>
    public readonly (int I0, int I1, int J0, int J1) this[int item]
    {
        get
        {
            if (_isTriangle)
                item = InPairs(item, Items, _workers);

            // The same panels of B for all rows, one item after the other, or the same rows for all panels, as long as a cache holds them.
            (int row, int column) = _columnsFirst ? (item / _columnItems, item % _columnItems) : (item % _rowItems, item / _rowItems);
            int i0 = row * _itemRows, j0 = column * _itemColumns;
            return (i0, Math.Min(i0 + _itemRows, _rows), j0, Math.Min(j0 + _itemColumns, _columns));
        }
    }

    // Columns of a triangle are the lower the later they come. Each worker's share is long ones and as many short ones, the first with the last and so on,
    // so that all shares are the same work; and the short ones come last, which leaves little to wait for.
    private static int InPairs(int item, int items, int workers)
    {
        int worker = (int)((((item + 1L) * workers) - 1) / items);
        int begin = WorkShare.Begin(items, worker, workers), end = WorkShare.Begin(items, worker + 1, workers);
        int longOne = ((begin + 1) / 2) + item - begin;
        return longOne < (end + 1) / 2 ? longOne : items - 1 - ((begin / 2) + (end - 1 - item));
    }
}
