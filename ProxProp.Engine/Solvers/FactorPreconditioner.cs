using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Solvers;

/// <summary>P = LLᵀ, the Cholesky factor of an earlier step's I/τ_θ + AᵀA: nearly the inverse itself while activations drift slowly.</summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class FactorPreconditioner<T> : IPreconditioner<T>, IStateful
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly ComputeContext _context;
    private readonly BlockLayout _layout;
    private readonly GramFactor<T> _factor;
    private readonly Slot<T> _rows;

    /// <summary>Reserves the factor, kept from step to step, and room for one vector.</summary>
    public FactorPreconditioner(ComputeContext context, Arena arena, BlockLayout layout)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(arena);
        _context = context;
        _layout = layout;
        _factor = new GramFactor<T>(arena, "preconditioner AᵀA", layout.Columns, keep: true);
        _rows = arena.Reserve<T>("preconditioned residual, units × columns", layout.Count);
    }

    /// <summary>Where the caller writes AᵀA before <see cref="Factor"/>.</summary>
    public Matrix<T> Gram => _factor.Matrix(_layout.Columns);

    /// <summary>Factors (1/τ_θ)I + AᵀA; raises the shift tenfold as often as rounding needs, for any positive definite P will do.</summary>
    /// <param name="shift">1/τ_θ, positive.</param>
    /// <returns>Whether a factor was found; without one P is the identity.</returns>
    public bool Factor(T shift)
    {
        T ten = T.CreateChecked(10);
        IsFactored = _factor.Factor(_context, _layout.Columns, shift);
        for (int raise = 0; !IsFactored && raise < 12; raise++)
        {
            _factor.Restore(_layout.Columns);
            shift *= ten;
            IsFactored = _factor.Factor(_context, _layout.Columns, shift);
        }

        return IsFactored;
    }

    /// <summary>Whether there is a factor.</summary>
    public bool IsFactored { get; private set; }

    /// <inheritdoc/>
    public void VisitState(IStateVisitor visitor, string prefix)
    {
        bool factored = IsFactored;
        visitor.Visit($"{prefix}.factored", ref factored);
        IsFactored = factored;
        _factor.VisitState(visitor, prefix);
    }

    /// <inheritdoc/>
    public void Apply(ReadOnlySpan<T> r, Span<T> z)
    {
        if (!IsFactored)
        {
            r.CopyTo(z);
            return;
        }

        Span<T> rows = _rows.Span;
        BlockPacking.ToRows(_layout, r, rows);
        Cholesky.SolveRight(_context, Gram.AsReadOnly, new Matrix<T>(rows, _layout.Units, _layout.Columns));
        BlockPacking.FromRows(_layout, rows, z);
    }
}
