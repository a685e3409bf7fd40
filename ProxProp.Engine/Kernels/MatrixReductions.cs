// Layout:    row-major matrices with any stride. A row is reduced as a flat range (see Reductions), a column by ColumnTiles; lanes are columns.
// Registers: rows: 16 lanes; columns: one running vector, two inputs, the lanes of a tile in memory.
// Remainder: columns that fill no vector go through Scalar<T>, the same bits.
using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>Sums over each row, in an order that depends on the number of columns alone.</summary>
public static unsafe class RowReductions
{
    /// <summary>sums[i] = Σⱼ x[i, j].</summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="x">Rows × columns, not transposed.</param>
    /// <param name="sums">One element per row.</param>
    /// <exception cref="ArgumentException">x is transposed, or sums has the wrong length.</exception>
    public static void Sum<T>(ComputeContext context, ReadOnlyMatrix<T> x, Span<T> sums)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Reduce<T, Reductions.Summing<T>>(context, x, x, sums, nameof(sums));

    /// <summary>dots[i] = Σⱼ x[i, j]·y[i, j].</summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="x">Rows × columns, not transposed.</param>
    /// <param name="y">The same shape, not transposed.</param>
    /// <param name="dots">One element per row.</param>
    /// <exception cref="ArgumentException">A matrix is transposed, the shapes differ, or dots has the wrong length.</exception>
    public static void Dot<T>(ComputeContext context, ReadOnlyMatrix<T> x, ReadOnlyMatrix<T> y, Span<T> dots)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Reduce<T, Reductions.Multiplying<T>>(context, x, y, dots, nameof(dots));

    private static void Reduce<T, TReduction>(
        ComputeContext context, ReadOnlyMatrix<T> x, ReadOnlyMatrix<T> y, Span<T> result, string name)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TReduction : struct, IReduction<T>
    {
        Shapes.CheckPair(x, y);
        Lengths.Check(result.Length, x.Rows, name, "the number of rows");
        int rowsPerItem = Shapes.RowsPerItem(x.Columns);
        fixed (T* px = x.Data, py = y.Data, pr = result)
        {
            var job = new RowsJob<T, TReduction>(px, x.Stride, py, y.Stride, pr, x.Rows, x.Columns, rowsPerItem);
            VectorJob.Run<T, RowsJob<T, TReduction>>(
                context, (x.Rows + rowsPerItem - 1) / rowsPerItem, (long)x.Rows * x.Columns, ref job);
        }
    }

    private readonly struct RowsJob<T, TReduction>(
        T* x, int xStride, T* y, int yStride, T* result, int rows, int columns, int rowsPerItem) : IVectorJob<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TReduction : struct, IReduction<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public void Execute<TVector>(int item)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            int end = Math.Min(rows, (item + 1) * rowsPerItem);
            for (int i = item * rowsPerItem; i < end; i++)
            {
                double sum = Reductions.Range<TVector, T, TReduction>(
                    default, x + ((nint)i * xStride), y + ((nint)i * yStride), columns);
                result[i] = T.CreateTruncating(sum);
            }
        }
    }
}

/// <summary>Sums over each column, in an order that depends on the number of rows alone.</summary>
public static unsafe class ColumnReductions
{
    /// <summary>sums[j] = Σᵢ x[i, j].</summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="x">Rows × columns, not transposed.</param>
    /// <param name="sums">One element per column.</param>
    /// <exception cref="ArgumentException">x is transposed, or sums has the wrong length.</exception>
    public static void Sum<T>(ComputeContext context, ReadOnlyMatrix<T> x, Span<T> sums)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Reduce<T, Reductions.Summing<T>>(context, x, x, sums, nameof(sums));

    /// <summary>dots[j] = Σᵢ x[i, j]·y[i, j].</summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="x">Rows × columns, not transposed.</param>
    /// <param name="y">The same shape, not transposed.</param>
    /// <param name="dots">One element per column.</param>
    /// <exception cref="ArgumentException">A matrix is transposed, the shapes differ, or dots has the wrong length.</exception>
    public static void Dot<T>(ComputeContext context, ReadOnlyMatrix<T> x, ReadOnlyMatrix<T> y, Span<T> dots)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Reduce<T, Reductions.Multiplying<T>>(context, x, y, dots, nameof(dots));

    private static void Reduce<T, TReduction>(
        ComputeContext context, ReadOnlyMatrix<T> x, ReadOnlyMatrix<T> y, Span<T> result, string name)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TReduction : struct, IReduction<T>
    {
        Shapes.CheckPair(x, y);
        Lengths.Check(result.Length, x.Columns, name, "the number of columns");
        fixed (T* px = x.Data, py = y.Data, pr = result)
        {
            var pass = new ReducePass<T, TReduction>(px, x.Stride, py, y.Stride, pr);
            ColumnTiles.Run<T, ReducePass<T, TReduction>>(context, x.Rows, x.Columns, pass);
        }
    }

    private readonly struct ReducePass<T, TReduction>(T* x, nint xStride, T* y, nint yStride, T* result) : IColumnPass<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TReduction : struct, IReduction<T>
    {
        public static int Sums => 1;

        public T* Totals(int sum) => result;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Take<TVector>(int begin, int end, nint first, int width, T* lanes)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            int i = begin;
            for (; i <= end - 4; i += 4)
            {
                var take = new TakeFourRows<T, TReduction>(x + (i * xStride) + first, xStride, y + (i * yStride) + first, yStride, lanes);
                VectorLoop.Range<TVector, T, TakeFourRows<T, TReduction>>(0, width, take);
            }

            for (; i < end; i++)
            {
                var take = new TakeRow<T, TReduction>(x + (i * xStride) + first, y + (i * yStride) + first, lanes);
                VectorLoop.Range<TVector, T, TakeRow<T, TReduction>>(0, width, take);
            }
        }
    }

    // Four rows in ascending order while the running lane stays in a register.
    private readonly struct TakeFourRows<T, TReduction>(T* x, nint xStride, T* y, nint yStride, T* lanes) : ILoopBody<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TReduction : struct, IReduction<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Step<TVector>(nint i)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            T* a = x + i;
            T* b = y + i;
            TReduction r = default;
            TVector lane = r.Take(TVector.Load(lanes + i), TVector.Load(a), TVector.Load(b));
            lane = r.Take(lane, TVector.Load(a + xStride), TVector.Load(b + yStride));
            lane = r.Take(lane, TVector.Load(a + (2 * xStride)), TVector.Load(b + (2 * yStride)));
            lane = r.Take(lane, TVector.Load(a + (3 * xStride)), TVector.Load(b + (3 * yStride)));
            TVector.Store(lane, lanes + i);
        }
    }

    private readonly struct TakeRow<T, TReduction>(T* x, T* y, T* lanes) : ILoopBody<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TReduction : struct, IReduction<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Step<TVector>(nint i)
            where TVector : unmanaged, ISimd<TVector, T> =>
            TVector.Store(default(TReduction).Take(TVector.Load(lanes + i), TVector.Load(x + i), TVector.Load(y + i)), lanes + i);
    }
}

/// <summary>Checks of matrices that must agree, and the cut of a matrix into items.</summary>
internal static class Shapes
{
    /// <summary>Rows of one item: as many as fill a chunk of elements.</summary>
    public static int RowsPerItem(int columns) => Math.Max(1, VectorLoop.Chunk / Math.Max(1, columns));

    /// <summary>Throws where x or y is transposed or their shapes differ.</summary>
    public static void CheckPair<T>(ReadOnlyMatrix<T> x, ReadOnlyMatrix<T> y)
        where T : unmanaged
    {
        CheckNotTransposed(x, nameof(x));
        CheckNotTransposed(y, nameof(y));
        if (x.Rows != y.Rows || x.Columns != y.Columns)
            throw new ArgumentException($"'y' is {y.Rows}x{y.Columns}, but 'x' is {x.Rows}x{x.Columns}.", nameof(y));
    }

    /// <summary>Throws where the view is transposed.</summary>
    public static void CheckNotTransposed<T>(ReadOnlyMatrix<T> x, string name)
        where T : unmanaged
    {
        if (x.IsTransposed)
            throw new ArgumentException($"'{name}' is a transposed view; rows must be contiguous here.", name);
    }
}
