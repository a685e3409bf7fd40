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
        ArgumentNullException.ThrowIfNull(arena);
        Layout = layout;
        _r = arena.Reserve<T>("cg residual r", layout.Count);
        _p = arena.Reserve<T>("cg search direction p", layout.Count);
        _q = arena.Reserve<T>("cg q = Mp", layout.Count);
        _z = preconditioned ? arena.Reserve<T>("cg preconditioned residual z", layout.Count) : default;
        _scalars = arena.Reserve<T>("cg scalars", (BlockRecurrence<T>.Scalars + 1L) * layout.Units);
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
        Span<T> scalars = _scalars.Span;
        var recurrence = new BlockRecurrence<T>(scalars, Layout.Units, tolerance);
        var scaling = new BlockScaling<T>(BlockGeometry.Of(Layout), scalars[(BlockRecurrence<T>.Scalars * Layout.Units)..]);
        Span<T> r = _r.Span, squares = recurrence.Last;
        var vectors = new Vectors<TNormal>(this, context, normal, shift, preconditioner, v);

        v.Clear();
        g.CopyTo(r);
        BlockVectors.Dot(context, Layout, r, r, squares);
        bool finite = true;
        if (BlockScaling<T>.IsNeeded(squares))
        {
            finite = scaling.Choose(squares, r);
            if (scaling.IsActive)
            {
                scaling.Apply(r);
                BlockVectors.Dot(context, Layout, r, r, squares);
            }
        }

        double gNorm = scaling.Total(squares);
        vectors.Start(recurrence.Residuals);
        recurrence.Start(squares, finite);
        recurrence.Run(ref vectors, iterations, knowLast: true);

        if (recurrence.IsDefined && recurrence.IsSolved && recurrence.Done > 0)
            TrueResidual(context, normal, shift, scaling, g, v);
        BlockVectors.Dot(context, Layout, r, r, squares);
        double residual = gNorm == 0 ? 0 : Math.Sqrt(scaling.Total(squares) / gNorm);
        scaling.Undo(v);
        if (!Reductions.AllFinite<T>(context, v))
        {
            scaling.ClearNonFinite(v);
            recurrence.Break();
        }

        return new SolveReport(kind, recurrence.Status, recurrence.Done, recurrence.IsDefined ? residual : double.NaN)
        {
            RightHandSideNorm = scaling.Norm(gNorm),
        };
    }

    // Where the recurrence has converged its r is far below the rounding of g − Mv: one more product tells the truth.
    private void TrueResidual<TNormal>(
        ComputeContext context, in TNormal normal, T shift, BlockScaling<T> scaling, ReadOnlySpan<T> g, ReadOnlySpan<T> v)
        where TNormal : INormalOperator<T>, allows ref struct
    {
        Span<T> r = _r.Span, q = _q.Span;
        g.CopyTo(r);
        scaling.Apply(r);
        normal.Apply(v, q);
        Elementwise.Axpy(context, shift, v, q);
        Elementwise.Axpy(context, -T.One, q, r);
    }

    private readonly ref struct Vectors<TNormal> : IKrylovVectors<T>
        where TNormal : INormalOperator<T>, allows ref struct
    {
        private readonly ComputeContext _context;
        private readonly BlockLayout _layout;
        private readonly TNormal _normal;
        private readonly T _shift;
        private readonly IPreconditioner<T>? _preconditioner;
        private readonly Span<T> _v;
        private readonly Span<T> _r;
        private readonly Span<T> _z;
        private readonly Span<T> _p;
        private readonly Span<T> _q;

        public Vectors(
            ConjugateGradient<T> solver, ComputeContext context, TNormal normal, T shift, IPreconditioner<T>? preconditioner, Span<T> v)
        {
            _context = context;
            _layout = solver.Layout;
            _normal = normal;
            _shift = shift;
            _preconditioner = preconditioner;
            _v = v;
            _r = solver._r.Span;
            _z = preconditioner is null ? _r : solver._z.Span;
            _p = solver._p.Span;
            _q = solver._q.Span;
        }

        public void Start(Span<T> residual)
        {
            Residual(residual);
            _z.CopyTo(_p);
        }

        public void Curvature(Span<T> curvature)
        {
            _normal.Apply(_p, _q);
            Elementwise.Axpy(_context, _shift, _p, _q);
            BlockVectors.Dot(_context, _layout, _p, _q, curvature);
        }

        public void Advance(Span<T> alpha)
        {
            BlockVectors.AddScaled(_context, _layout, alpha, _p, _v);
            foreach (ref T a in alpha)
                a = -a;
            BlockVectors.AddScaled(_context, _layout, alpha, _q, _r);
        }

        public void Residual(Span<T> residual)
        {
            _preconditioner?.Apply(_r, _z);
            BlockVectors.Dot(_context, _layout, _r, _z, residual);
        }

        public void Turn(ReadOnlySpan<T> beta) => BlockVectors.ScaleAdd(_context, _layout, _z, beta, _p);

        public void ClearProduct(int u) => BlockGeometry.Of(_layout).Clear(u, _q);

        public void Clear(int u)
        {
            BlockGeometry blocks = BlockGeometry.Of(_layout);
            blocks.Clear(u, _r);
            blocks.Clear(u, _z);
            blocks.Clear(u, _p);
            blocks.Clear(u, _v);
        }
    }
}
