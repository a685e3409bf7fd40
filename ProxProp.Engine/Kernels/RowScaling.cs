// Layout:    row-major matrices with any stride; an item is a fixed number of rows.
// Registers: x, y and the coefficient.
// Remainder: Scalar<T> at the end of each row, the same bits.
// Source:    the axpy and aypx updates of conjugate gradients with one recurrence per row.
using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>Updates with one coefficient per row; each element is rounded once.</summary>
public static unsafe class RowScaling
{
    /// <summary>Which operand the coefficient multiplies.</summary>
    private interface IOperands
    {
        /// <summary>Whether it is y instead of x; a constant to the compiler.</summary>
        static abstract bool ScalesY { get; }
    }

    /// <summary>y[i, :] += alpha[i]·x[i, :].</summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="alpha">One coefficient per row.</param>
    /// <param name="x">Rows × columns, not transposed.</param>
    /// <param name="y">The same shape; may be exactly x.</param>
    /// <exception cref="ArgumentException">x is transposed, the shapes differ, or alpha has the wrong length.</exception>
    public static void Axpy<T>(ComputeContext context, ReadOnlySpan<T> alpha, ReadOnlyMatrix<T> x, Matrix<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Run<T, Plain>(context, alpha, nameof(alpha), x, y);

    /// <summary>y[i, :] = x[i, :] + beta[i]·y[i, :].</summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="beta">One coefficient per row.</param>
    /// <param name="x">Rows × columns, not transposed.</param>
    /// <param name="y">The same shape; may be exactly x.</param>
    /// <exception cref="ArgumentException">x is transposed, the shapes differ, or beta has the wrong length.</exception>
    public static void Aypx<T>(ComputeContext context, ReadOnlySpan<T> beta, ReadOnlyMatrix<T> x, Matrix<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Run<T, Swapped>(context, beta, nameof(beta), x, y);

    private static void Run<T, TOperands>(ComputeContext context, ReadOnlySpan<T> coefficients, string name, ReadOnlyMatrix<T> x, Matrix<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TOperands : struct, IOperands
    {
        Shapes.CheckPair(x, y);
        Lengths.Check(coefficients.Length, x.Rows, name, "the number of rows");
        if (x.Columns == 0)
            return;
        int rowsPerItem = Shapes.RowsPerItem(x.Columns);
        fixed (T* pc = coefficients, px = x.Data, py = y.Data)
        {
            var job = new Job<T, TOperands>(pc, px, x.Stride, py, y.Stride, x.Rows, x.Columns, rowsPerItem);
            VectorJob.Run<T, Job<T, TOperands>>(context, (x.Rows + rowsPerItem - 1) / rowsPerItem, (long)x.Rows * x.Columns, ref job);
        }
    }

    private readonly struct Job<T, TOperands>(T* coefficients, T* x, nint xStride, T* y, nint yStride, int rows, int columns, int rowsPerItem)
        : IVectorJob<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TOperands : struct, IOperands
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public void Execute<TVector>(int item)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            int end = Math.Min(rows, (item + 1) * rowsPerItem);
            for (int i = item * rowsPerItem; i < end; i++)
            {
                var body = new RowBody<T, TOperands>(coefficients[i], x + (i * xStride), y + (i * yStride));
                VectorLoop.Range<TVector, T, RowBody<T, TOperands>>(0, columns, body);
            }
        }
    }

    private readonly struct RowBody<T, TOperands>(T coefficient, T* x, T* y) : ILoopBody<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TOperands : struct, IOperands
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Step<TVector>(nint i)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            TVector c = TVector.Broadcast(coefficient);
            TVector a = TVector.Load(x + i);
            TVector b = TVector.Load(y + i);
            TVector.Store(TOperands.ScalesY ? TVector.MultiplyAdd(c, b, a) : TVector.MultiplyAdd(c, a, b), y + i);
        }
    }

    private readonly struct Plain : IOperands
    {
        public static bool ScalesY => false;
    }

    private readonly struct Swapped : IOperands
    {
        public static bool ScalesY => true;
    }
}
