using System.Numerics;

namespace ProxProp.Engine.Kernels;

/// <summary>Solves with a lower triangular matrix L for many right-hand sides at once.</summary>
public static class TriangularSolve
{
    /// <summary>B ← L⁻¹·B, or L⁻ᵀ·B where <paramref name="transposed"/>.</summary>
    /// <param name="context">What to run on.</param>
    /// <param name="l">n × n; only its lower triangle is read. A zero on the diagonal gives infinities and NaN, as IEEE division does.</param>
    /// <param name="transposed">Whether to solve with Lᵀ.</param>
    /// <param name="b">n × any number of columns; may not overlap L.</param>
    /// <exception cref="ArgumentException">The shapes do not match.</exception>
    public static void SolveLeft<T>(ComputeContext context, ReadOnlyMatrix<T> l, bool transposed, Matrix<T> b)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check(l, b.Rows, b, "rows");
        int n = l.Rows;
        for (int step = 0; step < n; step++)
        {
            int i = transposed ? n - 1 - step : step;
            int first = transposed ? i + 1 : 0;
            int end = transposed ? n : i;
            for (int j = 0; j < b.Columns; j++)
            {
                T sum = b[i, j];
                for (int k = first; k < end; k++)
                    sum = T.FusedMultiplyAdd(-(transposed ? l[k, i] : l[i, k]), b[k, j], sum);
                b[i, j] = sum / l[i, i];
            }
        }
    }

    /// <summary>B ← B·L⁻¹, or B·L⁻ᵀ where <paramref name="transposed"/>.</summary>
    /// <param name="context">What to run on.</param>
    /// <param name="l">n × n; only its lower triangle is read. A zero on the diagonal gives infinities and NaN, as IEEE division does.</param>
    /// <param name="transposed">Whether to solve with Lᵀ.</param>
    /// <param name="b">Any number of rows × n; may not overlap L.</param>
    /// <exception cref="ArgumentException">The shapes do not match.</exception>
    public static void SolveRight<T>(ComputeContext context, ReadOnlyMatrix<T> l, bool transposed, Matrix<T> b)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check(l, b.Columns, b, "columns");
        int n = l.Rows;
        for (int step = 0; step < n; step++)
        {
            int j = transposed ? step : n - 1 - step;
            int first = transposed ? 0 : j + 1;
            int end = transposed ? j : n;
            for (int i = 0; i < b.Rows; i++)
            {
                T sum = b[i, j];
                for (int k = first; k < end; k++)
                    sum = T.FusedMultiplyAdd(-(transposed ? l[j, k] : l[k, j]), b[i, k], sum);
                b[i, j] = sum / l[j, j];
            }
        }
    }

    private static void Check<T>(ReadOnlyMatrix<T> l, int length, Matrix<T> b, string what)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (l.Rows != l.Columns)
            throw new ArgumentException($"A triangular solve needs a square matrix, but got {l.Rows}x{l.Columns}.", nameof(l));
        if (length != l.Rows)
            throw new ArgumentException($"L is {l.Rows}x{l.Columns}, so B needs {l.Rows} {what}, but it is {b.Rows}x{b.Columns}.", nameof(b));
    }
}
