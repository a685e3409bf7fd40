using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Solvers;

/// <summary>
/// v = (I/τ_θ + AᵀA)⁻¹Aᵀδ = Aᵀ(I/τ_θ + AAᵀ)⁻¹δ by a Cholesky factor of the rows × rows matrix: rows³/3 flops to factor, 2·rows²·units to
/// solve. The gradient Aᵀδ itself is never formed: the one product with Aᵀ that it would cost gives v instead.
/// </summary>
/// <remarks>The identity follows from Aᵀ(I/τ + AAᵀ) = (I/τ + AᵀA)Aᵀ.</remarks>
/// <typeparam name="T">float or double.</typeparam>
public sealed class DualCholesky<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Slot<T> _gram;
    private readonly Slot<T> _solution;
    private readonly int _units;

    /// <summary>Reserves the matrix and the right-hand sides for at most <paramref name="maxRows"/> rows.</summary>
    public DualCholesky(Arena arena, int maxRows, int units)
    {
        _units = units;
        _gram = arena.Reserve<T>("dual gram matrix AAᵀ", (long)maxRows * maxRows);
        _solution = arena.Reserve<T>("dual right-hand sides, rows × units", (long)maxRows * units);
    }

    /// <summary>The matrix for a batch with <paramref name="rows"/> rows: the caller writes AAᵀ here; <see cref="Factor"/> turns it into L.</summary>
    public Matrix<T> Gram(int rows) => new(_gram.Span, rows, rows);

    /// <summary>The smallest pivot of the last factorisation over the largest diagonal element: below a few ε pivots are rounding.</summary>
    public double PivotRatio { get; private set; }

    /// <summary>Adds <paramref name="shift"/> to the diagonal and factors LLᵀ in place.</summary>
    /// <param name="context">What to compute on.</param>
    /// <param name="rows">Rows of A for this batch.</param>
    /// <param name="shift">1/τ_θ, positive.</param>
    /// <returns>Whether the matrix was positive definite in this precision.</returns>
    public bool Factor(ComputeContext context, int rows, T shift)
    {
        double largest = Diagonal.Add(Gram(rows), shift);
        bool definite = Cholesky.Factor(context, Gram(rows)) == 0;
        PivotRatio = definite ? Diagonal.SmallestSquare(Gram(rows)) / largest : 0;
        return definite;
    }

    /// <summary>s = (I/τ_θ + AAᵀ)⁻¹δ with the factor.</summary>
    /// <param name="context">What to compute on.</param>
    /// <param name="rows">Rows of A for this batch.</param>
    /// <param name="delta">δ, rows × units.</param>
    /// <returns>s, rows × units, in this solver's own memory; the direction is v = Aᵀs.</returns>
    public ReadOnlySpan<T> Solve(ComputeContext context, int rows, ReadOnlySpan<T> delta)
    {
        Span<T> s = _solution.Span[..(rows * _units)];
        delta[..s.Length].CopyTo(s);
        Cholesky.SolveLeft(context, Gram(rows).AsReadOnly, new Matrix<T>(s, rows, _units));
        return s;
    }
}
