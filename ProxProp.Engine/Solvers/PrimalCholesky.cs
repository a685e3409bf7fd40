using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Solvers;

/// <summary>
/// v = (I/τ_θ + AᵀA)⁻¹g by a Cholesky factor of the columns × columns matrix: columns³/3 flops to factor, 2·columns²·units to solve.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class PrimalCholesky<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly BlockLayout _layout;
    private readonly GramFactor<T> _factor;
    private readonly Slot<T> _solution;
    private readonly Slot<T> _kept;

    /// <summary>Reserves the matrix and the right-hand sides.</summary>
    /// <param name="arena">Where.</param>
    /// <param name="layout">How the parameters fall into units.</param>
    /// <param name="keepGram">Whether the matrix outlives a scratch scope.</param>
    public PrimalCholesky(Arena arena, BlockLayout layout, bool keepGram = false)
    {
        _layout = layout;
        _factor = new GramFactor<T>(arena, "gram matrix AᵀA", layout.Columns, keepGram);
        _solution = arena.Reserve<T>("right-hand sides, units × columns", layout.Count);
        _kept = arena.Reserve<T>("right-hand sides, when measuring", layout.Count);
    }

    /// <summary>Declares the largest matrix products of factoring, solving and measuring, for the memory plan.</summary>
    public static void Expect(ComputeContext context, BlockLayout layout)
    {
        ArgumentNullException.ThrowIfNull(context);
        Cholesky.Expect<T>(context, layout.Columns);
        TriangularSolve.Expect<T>(context, layout.Columns, layout.Units, unknownsAreColumns: true);
        context.Expect<T>(layout.Units, layout.Columns, layout.Columns);
    }

    /// <summary>The matrix: the caller writes AᵀA here before <see cref="Factor"/>.</summary>
    public Matrix<T> Gram => _factor.Matrix(_layout.Columns);

    /// <summary>trace(AᵀA), before <see cref="Factor"/>.</summary>
    public double Trace => _factor.Trace(_layout.Columns);

    /// <summary>Adds <paramref name="shift"/> = 1/τ_θ to the diagonal and factors LLᵀ in place.</summary>
    /// <returns>Whether the factor can be trusted in this precision; if not, <see cref="Solve"/> must not be called.</returns>
    public bool Factor(ComputeContext context, T shift) => _factor.Factor(context, _layout.Columns, shift);

    /// <summary>Brings AᵀA back after <see cref="Factor"/>.</summary>
    public void Restore() => _factor.Restore(_layout.Columns);

    /// <summary>By how much of ‖δ‖ the solution for a g = Aᵀδ that has been rounded is off, at most about; 0 where that is no matter. Before <see cref="Solve"/>.</summary>
    internal double Amplification(ComputeContext context, double rows) => _factor.Amplification(context, _layout.Columns, rows, _solution.Span);

    /// <summary>Solves with the factor.</summary>
    /// <param name="context">What to compute on.</param>
    /// <param name="g">Right-hand sides in the layout of the parameters.</param>
    /// <param name="v">Solutions in the layout of the parameters; may be <paramref name="g"/>.</param>
    /// <param name="measure">Whether <see cref="Measure"/> will be called, so that the right-hand sides must be kept.</param>
    public void Solve(ComputeContext context, ReadOnlySpan<T> g, Span<T> v, bool measure = false)
    {
        BlockPacking.ToRows(_layout, g, _solution.Span);
        if (measure)
            _solution.Span.CopyTo(_kept.Span);
        Cholesky.SolveRight(context, Gram.AsReadOnly, Solution);
        BlockPacking.FromRows(_layout, _solution.Span, v);
    }

    /// <summary>The right-hand sides of the last solve, which must have kept them.</summary>
    internal void RightHandSides(Span<T> g) => BlockPacking.FromRows(_layout, _kept.Span, g);

    /// <summary>Brings AᵀA back after the last solve and tells ‖v‖, ‖g‖, ⟨v,g⟩ and ‖g − Mv‖ of it.</summary>
    /// <remarks>Costs one product with AᵀA. The factor is gone afterwards.</remarks>
    public DirectionMeasure Measure(ComputeContext context, T shift)
    {
        Restore();
        ReadOnlySpan<T> v = _solution.Span;
        Span<T> g = _kept.Span;
        var measure = new DirectionMeasure(Reductions.Dot(context, v, g), Reductions.SumOfSquares(context, v), Reductions.SumOfSquares<T>(context, g));
        Elementwise.Axpy(context, -shift, v, g);
        Gemm.Subtract(context, Solution.AsReadOnly, Gram.AsReadOnly, new Matrix<T>(g, _layout.Units, _layout.Columns));
        return measure with { ResidualSquared = Reductions.SumOfSquares<T>(context, g) };
    }

    private Matrix<T> Solution => new(_solution.Span, _layout.Units, _layout.Columns);
}

/// <summary>Inner products of a direction v and the gradient g of one layer.</summary>
/// <param name="InnerProduct">⟨v, g⟩.</param>
/// <param name="DirectionSquared">‖v‖².</param>
/// <param name="GradientSquared">‖g‖².</param>
public readonly record struct DirectionMeasure(double InnerProduct, double DirectionSquared, double GradientSquared)
{
    /// <summary>‖g − Mv‖²; NaN where it was not measured.</summary>
    public double ResidualSquared { get; init; } = double.NaN;
}

/// <summary>Between parameters (weights, then biases) and a units × columns matrix whose last column is the bias.</summary>
internal static class BlockPacking
{
    public static void ToRows<T>(BlockLayout layout, ReadOnlySpan<T> parameters, Span<T> rows)
        where T : unmanaged
    {
        for (int u = 0; u < layout.Units; u++)
        {
            parameters.Slice(u * layout.WeightsPerUnit, layout.WeightsPerUnit).CopyTo(rows[(u * layout.Columns)..]);
            if (layout.HasBias)
                rows[((u + 1) * layout.Columns) - 1] = parameters[layout.WeightCount + u];
        }
    }

    public static void FromRows<T>(BlockLayout layout, ReadOnlySpan<T> rows, Span<T> parameters)
        where T : unmanaged
    {
        for (int u = 0; u < layout.Units; u++)
        {
            rows.Slice(u * layout.Columns, layout.WeightsPerUnit).CopyTo(parameters[(u * layout.WeightsPerUnit)..]);
            if (layout.HasBias)
                parameters[layout.WeightCount + u] = rows[((u + 1) * layout.Columns) - 1];
        }
    }
}
