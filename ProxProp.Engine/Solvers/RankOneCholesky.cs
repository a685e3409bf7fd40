using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Solvers;

/// <summary>
/// The Cholesky factor of M = shift·I + Σ aaᵀ, kept up to date as rows a arrive one by one: 3n² flops for a row, 2n² for a solve.
/// </summary>
/// <remarks>
/// M = UᵀU with U upper triangular by rows. A new row is rotated into U by n plane rotations (Gill, Golub, Murray and Saunders, 1974, method
/// C1), which is backward stable: after many rows the factor is that of a matrix within rounding of the sum. Its diagonal never falls below
/// √shift. The squares of its numbers may be out of T's range, as the sum of many rows' may.
/// </remarks>
/// <typeparam name="T">float or double.</typeparam>
public sealed class RankOneCholesky<T> : IStateful
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly ComputeContext _context;
    private readonly Slot<T> _factor;
    private readonly Slot<T> _row;

    /// <summary>Reserves the factor.</summary>
    /// <param name="context">What to compute on.</param>
    /// <param name="arena">Where the factor lives.</param>
    /// <param name="order">n.</param>
    public RankOneCholesky(ComputeContext context, Arena arena, int order)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(arena);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(order);
        _context = context;
        Order = order;
        _factor = arena.Reserve<T>("rank-one updated factor", (long)order * order);
        _row = arena.Reserve<T>("row that is rotated in", order);
    }

    /// <summary>n.</summary>
    public int Order { get; }

    /// <summary>Starts at M = shift·I.</summary>
    /// <param name="shift">Positive.</param>
    public void Reset(T shift)
    {
        if (!(shift > T.Zero) || !T.IsFinite(shift))
            throw new ArgumentOutOfRangeException(nameof(shift), shift, "The shift must be positive and finite.");
        Span<T> u = _factor.Span;
        u.Clear();
        T root = T.Sqrt(shift);
        for (int i = 0; i < Order; i++)
            u[(i * Order) + i] = root;
    }

    /// <summary>M += aaᵀ.</summary>
    /// <param name="a">The row, of <see cref="Order"/> elements.</param>
    public void Add(ReadOnlySpan<T> a) => Add(a, default);

    /// <summary>M += aaᵀ, and gain = M⁻¹a for the new M by the same rotations and one triangular solve.</summary>
    public void Add(ReadOnlySpan<T> a, Span<T> gain)
    {
        T left = T.One;
        Span<T> w = _row.Span;
        a[..Order].CopyTo(w);
        for (int k = 0; k < Order; k++)
        {
            Span<T> row = Row(k);
            T square = (row[0] * row[0]) + (w[k] * w[k]);
            T length = T.IsNormal(square) ? T.Sqrt(square) : T.Hypot(row[0], w[k]), c = row[0] / length, s = w[k] / length;
            row[0] = length;
            if (!gain.IsEmpty)
                gain[k] = s * left;
            left *= c;
            if (s != T.Zero)
                Rotation.Apply(_context, c, s, row[1..], w[(k + 1)..]);
        }

        if (!gain.IsEmpty)
            SolveUpper(gain);
    }

    /// <summary>x = M⁻¹x.</summary>
    public void Solve(Span<T> x)
    {
        x = x[..Order];
        for (int k = 0; k < Order; k++)
        {
            Span<T> row = Row(k);
            x[k] /= row[0];
            Elementwise.Axpy(_context, -x[k], row[1..], x[(k + 1)..]);
        }

        SolveUpper(x);
    }

    private void SolveUpper(Span<T> x)
    {
        for (int k = Order - 1; k >= 0; k--)
        {
            Span<T> row = Row(k);
            x[k] = (x[k] - T.CreateSaturating(Reductions.Dot<T>(_context, row[1..], x[(k + 1)..]))) / row[0];
        }
    }

    /// <inheritdoc/>
    public void VisitState(IStateVisitor visitor, string prefix)
    {
        ArgumentNullException.ThrowIfNull(visitor);
        visitor.Visit($"{prefix}.factor", _factor);
    }

    // Row k of U from its diagonal on.
    private Span<T> Row(int k) => _factor.Span.Slice((k * Order) + k, Order - k);
}
