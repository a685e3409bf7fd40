using System.Numerics;
using ProxProp.Engine.Kernels;

namespace ProxProp.Engine.Tests.Generators;

/// <summary>A matrix inside a larger block of storage: what surrounds it is NaN, so that reading it shows, or is compared afterwards, so that writing it shows.</summary>
public sealed class MatrixData<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Margin = 5;
    private readonly T[] _storage;
    private readonly T[] _before;

    /// <summary>Storage for rows × columns with a stride that leaves a margin; everything is NaN.</summary>
    public MatrixData(int rows, int columns, int extraStride = 3)
    {
        (Rows, Columns, Stride) = (rows, columns, Math.Max(1, columns + extraStride));
        _storage = new T[(2 * Margin) + (rows * Stride)];
        Array.Fill(_storage, T.NaN);
        _before = (T[])_storage.Clone();
    }

    public int Rows { get; }

    public int Columns { get; }

    public int Stride { get; }

    public Matrix<T> View => new(_storage.AsSpan(Margin, Rows * Stride), Rows, Columns, Stride);

    /// <summary>The top left part.</summary>
    public Matrix<T> Part(int rows, int columns) => new(_storage.AsSpan(Margin, Rows * Stride), rows, columns, Stride);

    /// <summary>The top left part of this matrix, or of its transpose: rows × columns as seen.</summary>
    public ReadOnlyMatrix<T> Operand(int rows, int columns, bool transposed) =>
        transposed ? Part(columns, rows).AsReadOnly.Transposed : Part(rows, columns).AsReadOnly;

    public T this[int row, int column]
    {
        get => _storage[Margin + (row * Stride) + column];
        set => _storage[Margin + (row * Stride) + column] = value;
    }

    public MatrixData<T> Fill(Func<int, int, double> value)
    {
        for (int i = 0; i < Rows; i++)
        {
            for (int j = 0; j < Columns; j++)
                this[i, j] = T.CreateChecked(value(i, j));
        }

        return this;
    }

    public MatrixData<T> FillIntegers(Random random, int largest) => Fill((_, _) => random.Next(-largest, largest + 1));

    public MatrixData<T> FillUniform(Random random) => Fill((_, _) => (2 * random.NextDouble()) - 1);

    /// <summary>Makes everything NaN again.</summary>
    public void Reset() => Array.Fill(_storage, T.NaN);

    /// <summary>Fails if an element outside the top left rows × columns is not the NaN it began as.</summary>
    public void AssertNothingElseWritten(int rows, int columns)
    {
        for (int i = 0; i < _storage.Length; i++)
        {
            int row = (i - Margin) / Stride;
            int column = (i - Margin) % Stride;
            bool inside = i >= Margin && row < rows && column < columns;
            if (!inside && !_storage[i].Equals(_before[i]))
                Assert.Fail($"Element {i - Margin} of the storage of a {rows}x{columns} matrix (stride {Stride}) was written: {_storage[i]}.");
        }
    }
}
