using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Solvers;

/// <summary>
/// Preconditioned conjugate gradients for (I/τ_θ + AᵀA)v = g from v = 0, one independent recurrence per block of a <see cref="BlockLayout"/>.
/// </summary>
/// <remarks>
/// <para>Hestenes and Stiefel (1952) in the form of Golub and Van Loan, Algorithm 11.5.1, with r the residual, z = P⁻¹r, p the search
/// direction: q = Mp, α = ⟨r,z⟩/⟨p,q⟩, v += αp, r −= αq, β = ⟨r,z⟩₊/⟨r,z⟩, p = z + βp.</para>
/// <para>Started from zero every iterate is a descent direction (paper, Prop. 5): v_k minimises ½⟨v,Mv⟩ − ⟨g,v⟩ over a Krylov space
/// that contains P⁻¹g, so ⟨v_k,g⟩ ≥ ⟨v_k,Mv_k⟩ &gt; 0.</para>
/// <para>Departures: no absolute ε anywhere. A block whose ⟨r,z⟩ has fallen to (tolerance)² times its first value, or whose ⟨p,q⟩ is no
/// longer positive, keeps its iterate while the others go on. A zero right-hand side gives v = 0. Right-hand sides whose squares would
/// overflow or vanish are solved after scaling by a power of two, which changes no bit of the others.</para>
/// <para>Nothing here is ever NaN: a block with an infinity or a NaN, in g or by overflow in M, gives v = 0, and the report says
/// <see cref="SolveStatus.Breakdown"/>.</para>
/// </remarks>
/// <typeparam name="T">float or double.</typeparam>
public sealed class ConjugateGradient<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // Below this the residual is rounding: r is updated, not recomputed, and no digit of it is left.
    private static readonly double RoundingFloor = typeof(T) == typeof(float) ? 4 * Math.Pow(2, -23) : 4 * Math.Pow(2, -52);

    private readonly Slot<T> _r;
    private readonly Slot<T> _z;
    private readonly Slot<T> _p;
    private readonly Slot<T> _q;
    private readonly Slot<T> _scalars;

    /// <summary>Reserves the workspace: r, p, q = Mp, with a preconditioner z, and five numbers per block.</summary>
    /// <param name="arena">Where the vectors live; must be committed before <see cref="Solve"/>.</param>
    /// <param name="layout">The blocks; <see cref="BlockLayout.Joint"/> for one recurrence over everything.</param>
    /// <param name="preconditioned">Whether <see cref="Solve"/> will be given a preconditioner.</param>
    public ConjugateGradient(Arena arena, BlockLayout layout, bool preconditioned)
    {
        Layout = layout;
        _r = arena.Reserve<T>("cg residual r", layout.Count);
        _p = arena.Reserve<T>("cg search direction p", layout.Count);
        _q = arena.Reserve<T>("cg q = Mp", layout.Count);
        _z = preconditioned ? arena.Reserve<T>("cg preconditioned residual z", layout.Count) : default;
        _scalars = arena.Reserve<T>("cg scalars", 5L * layout.Units);
    }

    /// <summary>The blocks, each with a recurrence of its own.</summary>
    public BlockLayout Layout { get; }

    /// <summary>Does <paramref name="iterations"/> iterations, or fewer when every block has converged.</summary>
    /// <param name="context">What to compute on.</param>
    /// <param name="normal">p ↦ AᵀA·p.</param>
    /// <param name="shift">1/τ_θ, positive.</param>
    /// <param name="preconditioner">P⁻¹, or null for none.</param>
    /// <param name="g">Right-hand side; may not overlap <paramref name="v"/>.</param>
    /// <param name="v">The solution; what it held before does not matter.</param>
    /// <param name="iterations">Upper bound of iterations, 0 or more.</param>
    /// <param name="tolerance">Stop a block when its ‖r‖ (in the norm of P⁻¹) is below this part of its first value; 0 for as far as rounding allows.</param>
    /// <param name="kind">What the report calls this solve.</param>
    public SolveReport Solve<TNormal>(
        ComputeContext context,
        in TNormal normal,
        T shift,
        IPreconditioner<T>? preconditioner,
        ReadOnlySpan<T> g,
        Span<T> v,
        int iterations,
        double tolerance = 0,
        SolverKind kind = SolverKind.MatrixFreeCg)
        where TNormal : INormalOperator<T>, allows ref struct
    {
        Span<T> r = _r.Span, p = _p.Span, q = _q.Span;
        Span<T> z = preconditioner is null ? r : _z.Span;
        int units = Layout.Units;
        Span<T> scalars = _scalars.Span;
        Span<T> rz = scalars[..units], next = scalars.Slice(units, units), step = scalars.Slice(2 * units, units);
        Span<T> floor = scalars.Slice(3 * units, units);
        var scaling = new BlockScaling<T>(Layout, scalars[(4 * units)..]);

        v.Clear();
        g.CopyTo(r);
        BlockVectors.Dot(context, Layout, r, r, next);
        bool defined = true;
        if (BlockScaling<T>.IsNeeded(next))
        {
            defined = scaling.Scale(next, r);
            BlockVectors.Dot(context, Layout, r, r, next);
        }

        double gNorm = scaling.Total(next);
        preconditioner?.Apply(r, z);
        z.CopyTo(p);
        BlockVectors.Dot(context, Layout, r, z, rz);
        double limit = Math.Max(tolerance, RoundingFloor);
        bool broke = !defined;
        for (int u = 0; u < units; u++)
        {
            // With a symmetric positive definite P only a zero residual gives zero here.
            if (!(rz[u] > T.Zero && T.IsFinite(rz[u])))
            {
                broke |= next[u] != T.Zero;
                rz[u] = T.Zero;
            }

            floor[u] = T.CreateSaturating(limit * limit) * rz[u];
        }

        int done = 0;
        while (done < iterations && AnyAbove(rz, floor))
        {
            normal.Apply(p, q);
            Elementwise.Axpy(context, shift, p, q);
            BlockVectors.Dot(context, Layout, p, q, step);
            for (int u = 0; u < units; u++)
            {
                // An overflow in q must not reach r, where 0·∞ would be NaN.
                if (!T.IsFinite(step[u]))
                    BlockScaling<T>.Clear(Layout, u, q);
                bool active = rz[u] > floor[u];
                T alpha = active ? rz[u] / step[u] : T.Zero;
                bool usable = alpha >= T.Zero && T.IsFinite(alpha) && T.IsFinite(step[u]);
                broke |= active && !usable;
                step[u] = usable ? alpha : T.Zero;
                if (!usable)
                    rz[u] = T.Zero;
            }

            BlockVectors.AddScaled(context, Layout, step, p, v);
            for (int u = 0; u < units; u++)
                step[u] = -step[u];
            BlockVectors.AddScaled(context, Layout, step, q, r);
            preconditioner?.Apply(r, z);
            BlockVectors.Dot(context, Layout, r, z, next);
            done++;
            for (int u = 0; u < units; u++)
            {
                bool active = rz[u] > floor[u];
                bool usable = next[u] >= T.Zero && T.IsFinite(next[u]);
                broke |= active && !usable;
                step[u] = active && usable ? next[u] / rz[u] : T.Zero;
                rz[u] = active && usable ? next[u] : T.Zero;
                if (!T.IsFinite(next[u]))
                {
                    defined = false;
                    BlockScaling<T>.Clear(Layout, u, r);
                    BlockScaling<T>.Clear(Layout, u, z);
                    BlockScaling<T>.Clear(Layout, u, p);
                    BlockScaling<T>.Clear(Layout, u, v);
                }
            }

            if (done < iterations)
                BlockVectors.ScaleAdd(context, Layout, z, step, p);
        }

        bool solved = !AnyAbove(rz, floor);
        if (defined && solved && done > 0)
            TrueResidual(context, normal, shift, scaling, g, v);
        BlockVectors.Dot(context, Layout, r, r, next);
        double residual = !defined ? double.NaN : gNorm == 0 ? 0 : Math.Sqrt(scaling.Total(next) / gNorm);
        scaling.Undo(v);
        if (!Reductions.AllFinite<T>(context, v))
        {
            scaling.ClearNonFinite(v);
            (broke, solved, residual) = (true, true, double.NaN);
        }

        SolveStatus status = broke ? SolveStatus.Breakdown : solved ? SolveStatus.Solved : SolveStatus.IterationLimit;
        return new SolveReport(kind, status, done, residual) { RightHandSideNorm = scaling.Norm(gNorm) };
    }

    // Where the recurrence has converged its r is far below the rounding of g − Mv: one more product tells the truth.
    private void TrueResidual<TNormal>(
        ComputeContext context, in TNormal normal, T shift, BlockScaling<T> scaling, ReadOnlySpan<T> g, ReadOnlySpan<T> v)
        where TNormal : INormalOperator<T>, allows ref struct
    {
        Span<T> r = _r.Span, q = _q.Span;
        g.CopyTo(r);
        scaling.Repeat(r);
        normal.Apply(v, q);
        Elementwise.Axpy(context, shift, v, q);
        Elementwise.Axpy(context, -T.One, q, r);
    }

    private static bool AnyAbove(ReadOnlySpan<T> values, ReadOnlySpan<T> floor)
    {
        for (int u = 0; u < values.Length; u++)
        {
            if (values[u] > floor[u])
                return true;
        }

        return false;
    }
}
