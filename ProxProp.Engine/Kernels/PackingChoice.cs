namespace ProxProp.Engine.Kernels;

/// <summary>What of a product's operands is packed, and when.</summary>
/// <param name="rows">Whether A is packed.</param>
/// <param name="rowsAlong">Whether a panel of A is packed just before its first tile, by a worker who is alone.</param>
/// <param name="sharesColumns">Whether what is packed of B is packed once for all workers; see <see cref="GemmBlocking.SharesColumns"/>.</param>
/// <param name="workers">How many workers share the product.</param>
internal readonly struct PackingChoice(bool rows, bool rowsAlong, bool sharesColumns, int workers)
{
    /// <summary>Whether A is packed.</summary>
    public readonly bool Rows = rows;

    /// <summary>Whether a panel of A is packed just before its first tile, by a worker who is alone.</summary>
    public readonly bool RowsAlong = rowsAlong;

    /// <summary>Whether what is packed of B is packed once for all workers; otherwise each packs what it needs.</summary>
    public readonly bool SharesColumns = sharesColumns;

    /// <summary>How many workers share the product.</summary>
    public readonly int Workers = workers;
}
