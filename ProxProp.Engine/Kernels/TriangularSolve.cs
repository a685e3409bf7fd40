using System.Numerics;

namespace ProxProp.Engine.Kernels;

/// <summary>Solves with a lower triangular matrix L for many right-hand sides at once.</summary>
/// <remarks>
/// L is halved until a diagonal block has at most 512 rows (float; double 256), the rest are matrix products (see <see cref="Gemm"/> for their sums);
/// blocks are solved by substitution (see <see cref="TriangularBlock"/>), never by inverting them, which keeps the residual small for
/// ill-conditioned L too. Where L is cut depends on its size alone, so the bits do not depend on threads or width.
/// Source: E. Elmroth, F. Gustavson, I. Jonsson, B. Kågström, Recursive blocked algorithms, SIAM Review 46 (2004).
/// </remarks>
public static class TriangularSolve
{
    /// <summary>B ← L⁻¹·B, or L⁻ᵀ·B where <paramref name="transposed"/>.</summary>
    /// <param name="context">What to run on.</param>
    /// <param name="l">n × n; only its lower triangle is read. A zero on the diagonal gives infinities and NaN.</param>
    /// <param name="transposed">Whether to solve with Lᵀ.</param>
    /// <param name="b">n × any number of columns; may not overlap L.</param>
    /// <exception cref="ArgumentException">The shapes do not match.</exception>
    public static void SolveLeft<T>(ComputeContext context, ReadOnlyMatrix<T> l, bool transposed, Matrix<T> b)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check(l, b.Rows, b, "rows");
        if (b.Rows > 0 && b.Columns > 0)
            Left(context, l, transposed, b);
    }

    /// <summary>B ← B·L⁻¹, or B·L⁻ᵀ where <paramref name="transposed"/>.</summary>
    /// <param name="context">What to run on.</param>
    /// <param name="l">n × n; only its lower triangle is read. A zero on the diagonal gives infinities and NaN.</param>
    /// <param name="transposed">Whether to solve with Lᵀ.</param>
    /// <param name="b">Any number of rows × n; may not overlap L.</param>
    /// <exception cref="ArgumentException">The shapes do not match.</exception>
    public static void SolveRight<T>(ComputeContext context, ReadOnlyMatrix<T> l, bool transposed, Matrix<T> b)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check(l, b.Columns, b, "columns");
        if (b.Rows > 0 && b.Columns > 0)
            Right(context, l, transposed, b);
    }

    /// <summary>Declares the largest product of a solve for n unknowns, the rows or the columns of B.</summary>
    internal static void Expect<T>(ComputeContext context, int n, int rightHandSides, bool unknownsAreColumns)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int half = Half(n);
        if (n <= TriangularBlock.Size<T>())
            return;
        if (unknownsAreColumns)
        {
            context.Expect<T>(rightHandSides, half, half);
            return;
        }

        // Solving with Lᵀ from the left, L comes as a transposed view.
        context.Expect<T>(half, rightHandSides, half);
        context.Expect<T>(half, rightHandSides, half, transposed: true);
    }

    /// <summary>Where a triangle of n rows is cut: the half, rounded up to a multiple of 16.</summary>
    internal static int Half(int n) => ((n / 2) + 15) / 16 * 16;

    private static void Left<T>(ComputeContext context, ReadOnlyMatrix<T> l, bool transposed, Matrix<T> b)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int n = l.Rows;
        if (n <= TriangularBlock.Size<T>())
        {
            TriangularBlock.Solve(context, l, reversed: transposed, b, unknownsAreColumns: false);
            return;
        }

        int half = Half(n);
        ReadOnlyMatrix<T> l11 = l.Block(0, 0, half, half), l21 = l.Block(half, 0, n - half, half), l22 = l.Block(half, half, n - half, n - half);
        Matrix<T> b1 = b.Block(0, 0, half, b.Columns), b2 = b.Block(half, 0, n - half, b.Columns);
        if (transposed)
        {
            Left(context, l22, transposed, b2);
            Gemm.Subtract(context, l21.Transposed, b2, b1);
            Left(context, l11, transposed, b1);
        }
        else
        {
            Left(context, l11, transposed, b1);
            Gemm.Subtract(context, l21, b1, b2);
            Left(context, l22, transposed, b2);
        }
    }

    private static void Right<T>(ComputeContext context, ReadOnlyMatrix<T> l, bool transposed, Matrix<T> b)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int n = l.Rows;
        if (n <= TriangularBlock.Size<T>())
        {
            TriangularBlock.Solve(context, l, reversed: !transposed, b, unknownsAreColumns: true);
            return;
        }

        int half = Half(n);
        ReadOnlyMatrix<T> l11 = l.Block(0, 0, half, half), l21 = l.Block(half, 0, n - half, half), l22 = l.Block(half, half, n - half, n - half);
        Matrix<T> b1 = b.Block(0, 0, b.Rows, half), b2 = b.Block(0, half, b.Rows, n - half);
        if (transposed)
        {
            Right(context, l11, transposed, b1);
            Gemm.Subtract(context, b1, l21.Transposed, b2);
            Right(context, l22, transposed, b2);
        }
        else
        {
            Right(context, l22, transposed, b2);
            Gemm.Subtract(context, b2, l21, b1);
            Right(context, l11, transposed, b1);
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
