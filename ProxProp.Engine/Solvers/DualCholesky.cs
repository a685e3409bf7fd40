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
    private readonly GramFactor<T> _factor;
    private readonly Slot<T> _solution;
    private readonly Slot<T> _vectors;
    private readonly Slot<T> _scalars;
    private readonly int _units;

    /// <summary>Reserves the matrix and the right-hand sides for at most <paramref name="maxRows"/> rows.</summary>
    public DualCholesky(Arena arena, int maxRows, int units)
    {
        _units = units;
        _factor = new GramFactor<T>(arena, "dual gram matrix AAᵀ", maxRows);
        _solution = arena.Reserve<T>("dual right-hand sides, rows × units", (long)maxRows * units);
        int panel = DualMeasure.PanelColumns(maxRows, units);
        _vectors = arena.Reserve<T>("products with the dual gram matrix, when measuring a panel", (long)DualMeasure.Vectors * maxRows * panel);
        _scalars = arena.Reserve<T>("sums of a panel, when measuring", (long)DualMeasure.Scalars * panel);
    }

    /// <summary>Declares the largest matrix products of factoring, solving and measuring, for the memory plan.</summary>
    public static void Expect(ComputeContext context, int rows, int units)
    {
        ArgumentNullException.ThrowIfNull(context);
        Cholesky.Expect<T>(context, rows);
        TriangularSolve.Expect<T>(context, rows, units, unknownsAreColumns: false);
        context.Expect<T>(rows, DualMeasure.PanelColumns(rows, units), rows);
    }

    /// <summary>The matrix for a batch with <paramref name="rows"/> rows: the caller writes AAᵀ here before <see cref="Factor"/>.</summary>
    public Matrix<T> Gram(int rows) => _factor.Matrix(rows);

    /// <summary>trace(AAᵀ) = trace(AᵀA), before <see cref="Factor"/>.</summary>
    public double Trace(int rows) => _factor.Trace(rows);

    /// <summary>Adds <paramref name="shift"/> = 1/τ_θ to the diagonal and factors LLᵀ in place.</summary>
    /// <returns>Whether the factor can be trusted in this precision; if not, <see cref="Solve"/> must not be called.</returns>
    public bool Factor(ComputeContext context, int rows, T shift) => _factor.Factor(context, rows, shift);

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

    /// <summary>What v = Aᵀs of the last solve is off by, at most about, because the product is rounded; 0 where that is no matter.</summary>
    internal double Noise(ComputeContext context, int rows)
    {
        double rounding = _factor.ProductRounding(rows);
        return rounding > 0 ? rounding * Math.Sqrt(Reductions.SumOfSquares(context, (ReadOnlySpan<T>)_solution.Span[..(rows * _units)])) : 0;
    }

    /// <summary>Brings K = AAᵀ back after the last solve and tells ‖v‖, ‖g‖, ⟨v,g⟩ and ‖g − Mv‖ of it, for three products with K.</summary>
    /// <remarks>The factor is gone afterwards.</remarks>
    public DirectionMeasure Measure(ComputeContext context, int rows, T shift, ReadOnlySpan<T> delta)
    {
        _factor.Restore(rows);
        var s = new ReadOnlyMatrix<T>(_solution.Span, rows, _units);
        return DualMeasure.Of(context, Gram(rows), s, new(delta, rows, _units), _vectors.Span, _scalars.Span, shift);
    }
}
