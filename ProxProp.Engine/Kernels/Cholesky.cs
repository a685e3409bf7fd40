using System.Numerics;

namespace ProxProp.Engine.Kernels;

/// <summary>Cholesky factorisation A = L·Lᵀ of a symmetric positive definite matrix, and solves with the factor.</summary>
/// <remarks>
/// A is halved until a diagonal block has at most 96 rows: factor A₁₁, A₂₁ ← A₂₁·L₁₁⁻ᵀ, A₂₂ ← A₂₂ − A₂₁·A₂₁ᵀ, factor A₂₂. Nearly all flops are matrix
/// products. Where A is cut depends on its size alone, so the bits do not depend on threads or width.
/// Source: F. Gustavson, Recursion leads to automatic variable blocking for dense linear-algebra algorithms, IBM J. R&amp;D 41 (1997).
/// </remarks>
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
        return FactorBlocked(context, a);
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

    /// <summary>Declares the largest products of factoring n × n.</summary>
    internal static void Expect<T>(ComputeContext context, int n)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (n <= CholeskyBlock.Size)
            return;
        int half = TriangularSolve.Half(n);
        context.Expect<T>(n - half, n - half, half);
        TriangularSolve.Expect<T>(context, half, n - half, unknownsAreColumns: true);
    }

    private static int FactorBlocked<T>(ComputeContext context, Matrix<T> a)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int n = a.Rows;
        if (n <= CholeskyBlock.Size)
            return CholeskyBlock.Factor(context, a);
        int half = TriangularSolve.Half(n);
        Matrix<T> a11 = a.Block(0, 0, half, half), a21 = a.Block(half, 0, n - half, half), a22 = a.Block(half, half, n - half, n - half);
        int failed = FactorBlocked(context, a11);
        if (failed != 0)
            return failed;
        TriangularSolve.SolveRight(context, a11, transposed: true, a21);
        Syrk.SubtractLower(context, a21, a22);
        failed = FactorBlocked(context, a22);
        return failed == 0 ? 0 : half + failed;
    }
}
