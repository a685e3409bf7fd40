using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Solvers;

/// <summary>P = diag(I/τ_θ + AᵀA), the same for every unit because all units see the same A.</summary>
/// <remarks>Works on the layout of the parameters themselves: weights unit by unit, then biases.</remarks>
/// <typeparam name="T">float or double.</typeparam>
public sealed class JacobiPreconditioner<T> : IPreconditioner<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly BlockLayout _layout;
    private readonly Slot<T> _inverse;
    private readonly ComputeContext _context;

    /// <summary>Reserves room for one diagonal.</summary>
    /// <param name="context">What to compute on.</param>
    /// <param name="arena">Where the diagonal lives.</param>
    /// <param name="layout">The blocks that share the diagonal.</param>
    public JacobiPreconditioner(ComputeContext context, Arena arena, BlockLayout layout)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(arena);
        _context = context;
        _layout = layout;
        _inverse = arena.Reserve<T>("jacobi diagonal", layout.Columns);
    }

    /// <summary>Where the caller writes diag(AᵀA), one element per column, before <see cref="Prepare"/>.</summary>
    public Span<T> Diagonal => _inverse.Span;

    /// <summary>Turns <see cref="Diagonal"/> into 1/(1/τ_θ + diagonal).</summary>
    /// <param name="shift">1/τ_θ, positive.</param>
    public void Prepare(T shift)
    {
        foreach (ref T d in _inverse.Span)
            d = T.One / (shift + d);
    }

    /// <inheritdoc/>
    public void Apply(ReadOnlySpan<T> r, Span<T> z)
    {
        ReadOnlySpan<T> inverse = _inverse.Span;
        int columns = _layout.WeightsPerUnit;
        for (int u = 0; u < _layout.Units; u++)
            Elementwise.Map(_context, default(ProductMap<T>), inverse[..columns], r.Slice(u * columns, columns), z.Slice(u * columns, columns));
        for (int i = _layout.WeightCount; i < _layout.Count; i++)
            z[i] = r[i] * inverse[columns];
    }
}
