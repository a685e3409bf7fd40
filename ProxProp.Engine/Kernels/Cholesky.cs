using System.Numerics;

namespace ProxProp.Engine.Kernels;

/// <summary>Cholesky factorisation A = L·Lᵀ of a symmetric positive definite matrix, and solves with the factor.</summary>
public static class Cholesky
{
    /// <summary>Overwrites the lower triangle of A with its factor L. The strict upper triangle is neither read nor written.</summary>
    /// <param name="context">What to run on.</param>
    /// <param name="a">n × n, symmetric; only its lower triangle is used.</param>
    /// <returns>
    /// 0 where A is positive definite; otherwise the 1-based index of the first pivot that is not a positive finite number, NaN included,
    /// and the content of the lower triangle is then unspecified.
    /// </returns>
    /// <exception cref="ArgumentException">A is not square.</exception>
    public static int Factor<T>(ComputeContext context, Matrix<T> a)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (a.Rows != a.Columns)
            throw new ArgumentException($"A Cholesky factorisation needs a square matrix, but got {a.Rows}x{a.Columns}.", nameof(a));
        for (int i = 0; i < a.Rows; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                T sum = a[i, j];
                for (int k = 0; k < j; k++)
                    sum = T.FusedMultiplyAdd(-a[i, k], a[j, k], sum);
                if (j < i)
                    a[i, j] = sum / a[j, j];
                else if (!(sum > T.Zero) || T.IsPositiveInfinity(sum))
                    return i + 1;
                else
                    a[i, i] = T.Sqrt(sum);
            }
        }

        return 0;
    }

    /// <summary>B ← (L·Lᵀ)⁻¹·B.</summary>
    /// <param name="context">What to run on.</param>
    /// <param name="l">n × n; its lower triangle is the factor, the strict upper one is not read.</param>
    /// <param name="b">n × any number of columns; may not overlap L.</param>
    /// <exception cref="ArgumentException">The shapes do not match.</exception>
    public static void SolveLeft<T>(ComputeContext context, ReadOnlyMatrix<T> l, Matrix<T> b)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TriangularSolve.SolveLeft(context, l, transposed: false, b);
        TriangularSolve.SolveLeft(context, l, transposed: true, b);
    }

    /// <summary>B ← B·(L·Lᵀ)⁻¹.</summary>
    /// <param name="context">What to run on.</param>
    /// <param name="l">n × n; its lower triangle is the factor, the strict upper one is not read.</param>
    /// <param name="b">Any number of rows × n; may not overlap L.</param>
    /// <exception cref="ArgumentException">The shapes do not match.</exception>
    public static void SolveRight<T>(ComputeContext context, ReadOnlyMatrix<T> l, Matrix<T> b)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TriangularSolve.SolveRight(context, l, transposed: true, b);
        TriangularSolve.SolveRight(context, l, transposed: false, b);
    }
}
