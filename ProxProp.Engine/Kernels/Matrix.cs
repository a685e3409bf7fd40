using System.Runtime.CompilerServices;

namespace ProxProp.Engine.Kernels;

/// <summary>A read-only view of a matrix in row-major storage, or of its transpose. Owns nothing, checks its bounds when made.</summary>
/// <typeparam name="T">Element type.</typeparam>
public readonly ref struct ReadOnlyMatrix<T>
    where T : unmanaged
{
    /// <summary>Views <paramref name="data"/> as rows × columns.</summary>
    /// <param name="data">The elements; row i begins at i · <paramref name="stride"/>.</param>
    /// <param name="rows">Number of rows, 0 or more.</param>
    /// <param name="columns">Number of columns, 0 or more.</param>
    /// <param name="stride">Distance between the beginnings of two rows, at least <paramref name="columns"/>; 0 for exactly that.</param>
    /// <exception cref="ArgumentException">The span is too short for the shape.</exception>
    public ReadOnlyMatrix(ReadOnlySpan<T> data, int rows, int columns, int stride = 0)
    {
        Stride = MatrixBounds.Check(data.Length, rows, columns, stride, nameof(data));
        Data = data;
        Rows = rows;
        Columns = columns;
    }

    private ReadOnlyMatrix(ReadOnlySpan<T> data, int rows, int columns, int stride, bool isTransposed)
    {
        Data = data;
        Rows = rows;
        Columns = columns;
        Stride = stride;
        IsTransposed = isTransposed;
    }

    /// <summary>The storage.</summary>
    public ReadOnlySpan<T> Data { get; }

    /// <summary>Rows of the matrix as seen (after transposition).</summary>
    public int Rows { get; }

    /// <summary>Columns of the matrix as seen (after transposition).</summary>
    public int Columns { get; }

    /// <summary>Distance in storage between two rows (two columns where <see cref="IsTransposed"/>).</summary>
    public int Stride { get; }

    /// <summary>Whether the storage holds the transpose.</summary>
    public bool IsTransposed { get; }

    /// <summary>The transpose of this view, without moving an element.</summary>
    public ReadOnlyMatrix<T> Transposed => new(Data, Columns, Rows, Stride, !IsTransposed);

    /// <summary>The rows × columns that begin at (row, column), all as seen.</summary>
    internal ReadOnlyMatrix<T> Block(int row, int column, int rows, int columns) => rows == 0 || columns == 0
        ? new(default, rows, columns, Stride, IsTransposed)
        : new(Data[(((IsTransposed ? column : row) * Stride) + (IsTransposed ? row : column))..], rows, columns, Stride, IsTransposed);

    /// <summary>Element (row, column) as seen.</summary>
    public T this[int row, int column] => IsTransposed ? Data[(column * Stride) + row] : Data[(row * Stride) + column];
}

/// <summary>A writable view of a matrix in row-major storage. Owns nothing, checks its bounds when made.</summary>
/// <typeparam name="T">Element type.</typeparam>
public readonly ref struct Matrix<T>
    where T : unmanaged
{
    /// <summary>Views <paramref name="data"/> as rows × columns.</summary>
    /// <param name="data">The elements; row i begins at i · <paramref name="stride"/>.</param>
    /// <param name="rows">Number of rows, 0 or more.</param>
    /// <param name="columns">Number of columns, 0 or more.</param>
    /// <param name="stride">Distance between the beginnings of two rows, at least <paramref name="columns"/>; 0 for exactly that.</param>
    /// <exception cref="ArgumentException">The span is too short for the shape.</exception>
    public Matrix(Span<T> data, int rows, int columns, int stride = 0)
    {
        Stride = MatrixBounds.Check(data.Length, rows, columns, stride, nameof(data));
        Data = data;
        Rows = rows;
        Columns = columns;
    }

    /// <summary>The storage.</summary>
    public Span<T> Data { get; }

    /// <summary>Number of rows.</summary>
    public int Rows { get; }

    /// <summary>Number of columns.</summary>
    public int Columns { get; }

    /// <summary>Distance in storage between two rows.</summary>
    public int Stride { get; }

    /// <summary>The rows × columns that begin at (row, column).</summary>
    internal Matrix<T> Block(int row, int column, int rows, int columns) => rows == 0 || columns == 0
        ? new(default, rows, columns, Stride)
        : new(Data[((row * Stride) + column)..], rows, columns, Stride);

    /// <summary>Element (row, column).</summary>
    public ref T this[int row, int column] => ref Data[(row * Stride) + column];

    /// <summary>The same matrix, for reading.</summary>
    public ReadOnlyMatrix<T> AsReadOnly => new(Data, Rows, Columns, Stride);

    /// <summary>The same matrix, for reading.</summary>
    public static implicit operator ReadOnlyMatrix<T>(Matrix<T> matrix) => matrix.AsReadOnly;
}

internal static class MatrixBounds
{
    public static int Check(int length, int rows, int columns, int stride, string name, [CallerMemberName] string? caller = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        if (stride == 0)
            stride = columns;
        if (stride < columns)
            throw new ArgumentException($"A {rows}x{columns} matrix needs a stride of at least {columns}, but got {stride}.", nameof(stride));
        long needed = rows == 0 || columns == 0 ? 0 : ((long)(rows - 1) * stride) + columns;
        if (length < needed)
            throw new ArgumentException($"A {rows}x{columns} matrix with stride {stride} needs {needed} elements, but got {length}.", name);
        return stride;
    }
}
