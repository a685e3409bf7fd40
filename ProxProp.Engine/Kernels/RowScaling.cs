// Layout:    row-major matrices with any stride; an item is a fixed number of rows.
// Registers: x, y and the coefficient.
// Remainder: Scalar<T> at the end of each row, the same bits.
// Source:    the axpy and aypx updates of conjugate gradients with one recurrence per row or per column.
using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>Updates with one coefficient per row; each element is rounded once.</summary>
public static class RowScaling
{
    /// <summary>y[i, :] += alpha[i]·x[i, :].</summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="alpha">One coefficient per row.</param>
    /// <param name="x">Rows × columns, not transposed.</param>
    /// <param name="y">The same shape; may be exactly x.</param>
    /// <exception cref="ArgumentException">x is transposed, the shapes differ, or alpha has the wrong length.</exception>
    public static void Axpy<T>(ComputeContext context, ReadOnlySpan<T> alpha, ReadOnlyMatrix<T> x, Matrix<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        MatrixScaling.Run<T, MatrixScaling.PerRow, MatrixScaling.Plain>(context, alpha, nameof(alpha), x, y);

    /// <summary>y[i, :] = x[i, :] + beta[i]·y[i, :].</summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="beta">One coefficient per row.</param>
    /// <param name="x">Rows × columns, not transposed.</param>
    /// <param name="y">The same shape; may be exactly x.</param>
    /// <exception cref="ArgumentException">x is transposed, the shapes differ, or beta has the wrong length.</exception>
    public static void Aypx<T>(ComputeContext context, ReadOnlySpan<T> beta, ReadOnlyMatrix<T> x, Matrix<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        MatrixScaling.Run<T, MatrixScaling.PerRow, MatrixScaling.Swapped>(context, beta, nameof(beta), x, y);
}

/// <summary>Updates with one coefficient per column; each element is rounded once.</summary>
public static class ColumnScaling
{
    /// <summary>y[:, j] += alpha[j]·x[:, j].</summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="alpha">One coefficient per column.</param>
    /// <param name="x">Rows × columns, not transposed.</param>
    /// <param name="y">The same shape; may be exactly x.</param>
    /// <exception cref="ArgumentException">x is transposed, the shapes differ, or alpha has the wrong length.</exception>
    public static void Axpy<T>(ComputeContext context, ReadOnlySpan<T> alpha, ReadOnlyMatrix<T> x, Matrix<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        MatrixScaling.Run<T, MatrixScaling.PerColumn, MatrixScaling.Plain>(context, alpha, nameof(alpha), x, y);

    /// <summary>y[:, j] = x[:, j] + beta[j]·y[:, j].</summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="beta">One coefficient per column.</param>
    /// <param name="x">Rows × columns, not transposed.</param>
    /// <param name="y">The same shape; may be exactly x.</param>
    /// <exception cref="ArgumentException">x is transposed, the shapes differ, or beta has the wrong length.</exception>
    public static void Aypx<T>(ComputeContext context, ReadOnlySpan<T> beta, ReadOnlyMatrix<T> x, Matrix<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        MatrixScaling.Run<T, MatrixScaling.PerColumn, MatrixScaling.Swapped>(context, beta, nameof(beta), x, y);
}

/// <summary>The one loop behind <see cref="RowScaling"/> and <see cref="ColumnScaling"/>.</summary>
internal static unsafe class MatrixScaling
{
    /// <summary>Where the coefficient of an element is found.</summary>
    internal interface ICoefficients
    {
        /// <summary>Whether coefficients belong to columns; a constant to the compiler.</summary>
        static abstract bool ByColumn { get; }
    }

    /// <summary>Which operand the coefficient multiplies.</summary>
    internal interface IOperands
    {
        /// <summary>Whether it is y instead of x; a constant to the compiler.</summary>
        static abstract bool ScalesY { get; }
    }

    public static void Run<T, TCoefficients, TOperands>(
        ComputeContext context, ReadOnlySpan<T> coefficients, string name, ReadOnlyMatrix<T> x, Matrix<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TCoefficients : struct, ICoefficients
        where TOperands : struct, IOperands
    {
        Shapes.CheckPair(x, y);
        if (TCoefficients.ByColumn)
            Lengths.Check(coefficients.Length, x.Columns, name, "the number of columns");
        else
            Lengths.Check(coefficients.Length, x.Rows, name, "the number of rows");
        if (x.Columns == 0)
            return;
        int rowsPerItem = Shapes.RowsPerItem(x.Columns);
        fixed (T* pc = coefficients, px = x.Data, py = y.Data)
        {
            var job = new Job<T, TCoefficients, TOperands>(pc, px, x.Stride, py, y.Stride, x.Rows, x.Columns, rowsPerItem);
            VectorJob.Run<T, Job<T, TCoefficients, TOperands>>(
                context, (x.Rows + rowsPerItem - 1) / rowsPerItem, (long)x.Rows * x.Columns, ref job);
        }
    }

    private readonly struct Job<T, TCoefficients, TOperands>(
        T* coefficients, T* x, int xStride, T* y, int yStride, int rows, int columns, int rowsPerItem) : IVectorJob<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TCoefficients : struct, ICoefficients
        where TOperands : struct, IOperands
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public void Execute<TVector>(int item)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            int end = Math.Min(rows, (item + 1) * rowsPerItem);
            for (int i = item * rowsPerItem; i < end; i++)
            {
                T* own = TCoefficients.ByColumn ? coefficients : coefficients + i;
                var body = new RowBody<T, TCoefficients, TOperands>(own, x + ((nint)i * xStride), y + ((nint)i * yStride));
                VectorLoop.Range<TVector, T, RowBody<T, TCoefficients, TOperands>>(0, columns, body);
            }
        }
    }

    private readonly struct RowBody<T, TCoefficients, TOperands>(T* coefficients, T* x, T* y) : ILoopBody<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TCoefficients : struct, ICoefficients
        where TOperands : struct, IOperands
    {
        private readonly T _first = *coefficients;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Step<TVector>(nint i)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            TVector c = TCoefficients.ByColumn ? TVector.Load(coefficients + i) : TVector.Broadcast(_first);
            TVector a = TVector.Load(x + i);
            TVector b = TVector.Load(y + i);
            TVector.Store(TOperands.ScalesY ? TVector.MultiplyAdd(c, b, a) : TVector.MultiplyAdd(c, a, b), y + i);
        }
    }

    internal readonly struct PerRow : ICoefficients
    {
        public static bool ByColumn => false;
    }

    internal readonly struct PerColumn : ICoefficients
    {
        public static bool ByColumn => true;
    }

    internal readonly struct Plain : IOperands
    {
        public static bool ScalesY => false;
    }

    internal readonly struct Swapped : IOperands
    {
        public static bool ScalesY => true;
    }
}
