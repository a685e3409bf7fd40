using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Solvers;

/// <summary>
/// The iterates of <see cref="ConjugateGradient{T}"/> from K = AAᵀ alone, for batches with fewer rows than columns: one product with the
/// rows × rows matrix an iteration instead of one with A and one with Aᵀ.
/// </summary>
/// <remarks>
/// <para>Every Krylov vector is Aᵀ times something with rows elements: v = Aᵀs, r = Aᵀρ, p = Aᵀπ, and M·Aᵀπ = Aᵀ(π/τ + Kπ). In these
/// terms, with κ = Kπ: ⟨p,Mp⟩ = ⟨κ,κ⟩ + ⟨κ,π⟩/τ, ‖r‖² = ⟨ρ,Kρ⟩; Kρ is the one product, and κ follows by the recurrence of π.</para>
/// <para>One recurrence per column (output unit); s starts at zero and ρ at δ. Stopping rules, scaling and what becomes of numbers that
/// overflow are those of the primal form, with one rule more: what δ has outside the range of A stays in ρ though not in r, and ⟨ρ,Kρ⟩ has
/// rounding of ε·trace(K)·‖ρ‖². A residual below that cannot be seen, so its column stops; where already the gradient cannot be seen,
/// s = δ/(1/τ + trace(K)): v is the gradient, shorter than any step to the minimum along it.</para>
/// </remarks>
/// <typeparam name="T">float or double.</typeparam>
public sealed class DualConjugateGradient<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly GramFactor<T> _gram;
    private readonly Slot<T> _vectors;
    private readonly Slot<T> _scalars;
    private readonly int _units;
    private readonly int _maxRows;
    private double _gradientSquared;

    /// <summary>Reserves K and five rows × units vectors: s, ρ, Kρ, π, κ.</summary>
    public DualConjugateGradient(Arena arena, int maxRows, int units)
    {
        _units = units;
        _maxRows = maxRows;
        _gram = new GramFactor<T>(arena, "dual cg matrix AAᵀ", maxRows);
        _vectors = arena.Reserve<T>("dual cg vectors s, ρ, Kρ, π, κ", 5L * maxRows * units);
        _scalars = arena.Reserve<T>("dual cg scalars", (BlockRecurrence<T>.Scalars + 5L) * units);
    }

    /// <summary>K for a batch with <paramref name="rows"/> rows: the caller writes AAᵀ here before <see cref="Solve"/>.</summary>
    public Matrix<T> Gram(int rows) => _gram.Matrix(rows);

    /// <summary>s after the last <see cref="Solve"/>, rows × units; the direction is v = Aᵀs.</summary>
    public ReadOnlySpan<T> Solution(int rows) => Vector(0, rows);

    /// <summary>trace(AAᵀ) = trace(AᵀA).</summary>
    public double Trace(int rows) => _gram.Trace(rows);

    /// <summary>⟨v,g⟩, ‖v‖² and ‖g‖² of the last solve, for one product with K.</summary>
    public DirectionMeasure Measure(ComputeContext context, int rows, ReadOnlySpan<T> delta) =>
        DualMeasure.Of(context, Gram(rows), Vector(0, rows), delta[..(rows * _units)], Vector(2, rows), _gradientSquared);

    /// <summary>Does <paramref name="iterations"/> iterations, or fewer when every column has converged.</summary>
    /// <param name="context">What to compute on.</param>
    /// <param name="rows">Rows of A for this batch.</param>
    /// <param name="shift">1/τ_θ, positive.</param>
    /// <param name="delta">δ, rows × units.</param>
    /// <param name="iterations">Upper bound of iterations.</param>
    /// <param name="tolerance">Stop a column when its ‖r‖ is below this part of its first value; 0 for as far as rounding allows.</param>
    /// <param name="measureResidual">Whether the report needs the residual after the last iteration: one product with K more.</param>
    public SolveReport Solve(
        ComputeContext context, int rows, T shift, ReadOnlySpan<T> delta, int iterations, double tolerance = 0, bool measureResidual = true)
    {
        Span<T> scalars = _scalars.Span;
        var recurrence = new BlockRecurrence<T>(scalars, _units, tolerance);
        BlockGeometry columns = BlockGeometry.Columns(rows, _units);
        var scaling = new BlockScaling<T>(columns, scalars[(BlockRecurrence<T>.Scalars * _units)..]);
        var vectors = new Vectors(this, context, rows, shift, delta[..(rows * _units)], scalars[((BlockRecurrence<T>.Scalars + 1) * _units)..]);

        vectors.Start(recurrence.Residuals);
        bool finite = true;
        if (BlockScaling<T>.IsNeeded(recurrence.Residuals))
        {
            finite = scaling.Choose(recurrence.Residuals, delta[..(rows * _units)]);
            if (scaling.IsActive)
            {
                scaling.Apply(vectors.OwnRightHandSide());
                vectors.Start(recurrence.Residuals);
            }
        }

        Span<T> first = recurrence.Last;
        recurrence.Residuals.CopyTo(first);
        double gNorm = scaling.Total(first);
        ReadOnlySpan<T> hidden = vectors.StopHidden(recurrence.Residuals);
        recurrence.Start(vectors.Squares, finite);
        recurrence.Run(ref vectors, iterations, knowLast: measureResidual);

        Span<T> s = Vector(0, rows);
        if (recurrence.Done == 0)
        {
            s.Clear();
            recurrence.Residuals.CopyTo(recurrence.Last);
        }
        else if (measureResidual && recurrence.IsDefined && recurrence.IsSolved)
        {
            vectors.TrueResidual(scaling, delta, recurrence.Last);
        }

        bool known = measureResidual || recurrence.Done < iterations || iterations == 0;
        double residual = !known ? double.NaN : gNorm == 0 ? 0 : Math.Sqrt(Math.Max(0, scaling.Total(recurrence.Last)) / gNorm);
        scaling.Undo(s);
        ShortStep(hidden, delta, s);
        if (!Reductions.AllFinite<T>(context, s))
        {
            scaling.ClearNonFinite(s);
            recurrence.Break();
        }

        double norm = scaling.Norm(gNorm);
        _gradientSquared = norm * norm;
        return new SolveReport(SolverKind.DualCg, recurrence.Status, recurrence.Done, recurrence.IsDefined ? residual : double.NaN)
        {
            RightHandSideNorm = norm,
        };
    }

    private void ShortStep(ReadOnlySpan<T> steps, ReadOnlySpan<T> delta, Span<T> s)
    {
        for (int u = 0; u < _units; u++)
        {
            for (int i = u; steps[u] != T.Zero && i < s.Length; i += _units)
                s[i] = steps[u] * delta[i];
        }
    }

    private Span<T> Vector(int index, int rows) => _vectors.Span.Slice(index * _maxRows * _units, rows * _units);

    // Until the first update ρ and π are δ itself, and κ is Kρ: nothing is copied.
    private ref struct Vectors : IKrylovVectors<T>
    {
        private readonly ComputeContext _context;
        private readonly ReadOnlyMatrix<T> _k;
        private readonly BlockGeometry _columns;
        private readonly T _shift;
        private readonly Span<T> _s;
        private readonly Span<T> _rhoMemory;
        private readonly Span<T> _kRho;
        private readonly Span<T> _piMemory;
        private readonly Span<T> _kPi;
        private readonly Span<T> _dots;
        private readonly Span<T> _beta;
        private readonly Span<T> _hidden;
        private readonly T _shortest;
        private readonly T _rounding;
        private ReadOnlySpan<T> _rho;
        private ReadOnlySpan<T> _pi;
        private bool _isFirst;

        public Vectors(DualConjugateGradient<T> solver, ComputeContext context, int rows, T shift, ReadOnlySpan<T> delta, Span<T> scalars)
        {
            _context = context;
            _k = solver.Gram(rows).AsReadOnly;
            _columns = BlockGeometry.Columns(rows, solver._units);
            _shift = shift;
            _s = solver.Vector(0, rows);
            _rhoMemory = solver.Vector(1, rows);
            _kRho = solver.Vector(2, rows);
            _piMemory = solver.Vector(3, rows);
            _kPi = solver.Vector(4, rows);
            _dots = scalars[..solver._units];
            _beta = scalars.Slice(solver._units, solver._units);
            Squares = scalars.Slice(2 * solver._units, solver._units);
            _hidden = scalars.Slice(3 * solver._units, solver._units);
            double trace = solver.Trace(rows);
            _shortest = T.One / (shift + T.CreateSaturating(trace));
            _rounding = T.CreateSaturating(MachineEpsilon.Of<T>() * trace);
            _rho = delta;
        }

        /// <summary>‖ρ‖² of each column.</summary>
        public readonly Span<T> Squares { get; }

        /// <summary>A copy of δ that may be changed, to be followed by another <see cref="Start"/>.</summary>
        public Span<T> OwnRightHandSide()
        {
            _rho.CopyTo(_piMemory);
            _rho = _piMemory;
            return _piMemory;
        }

        /// <summary>κ = Kδ and ‖g‖² of each column.</summary>
        public void Start(Span<T> residual)
        {
            Multiply(_rho, _kPi);
            ColumnReductions.Dot(_context, Read(_rho), Read(_kPi), residual);
            residual.CopyTo(_dots);
            _pi = _rho;
            _isFirst = true;
        }

        /// <summary>Sets ‖g‖² to zero where it is rounding, and tells the step to be taken there instead; 0 for all other columns.</summary>
        public readonly ReadOnlySpan<T> StopHidden(Span<T> residual)
        {
            ColumnReductions.Dot(_context, Read(_rho), Read(_rho), Squares);
            for (int u = 0; u < residual.Length; u++)
            {
                bool hidden = residual[u] <= _rounding * Squares[u];
                _hidden[u] = hidden && Squares[u] > T.Zero && T.IsFinite(Squares[u]) ? _shortest : T.Zero;
                if (hidden)
                    residual[u] = T.Zero;
            }

            return _hidden;
        }

        public void Curvature(Span<T> curvature)
        {
            if (_isFirst)
            {
                ColumnReductions.Dot(_context, Read(_kPi), Read(_kPi), curvature);
            }
            else
            {
                ColumnRecurrence.Turn(_context, _beta, _rho, _kRho, _pi, _piMemory, _kPi, curvature, _dots);
                _pi = _piMemory;
            }

            for (int u = 0; u < curvature.Length; u++)
                curvature[u] = T.FusedMultiplyAdd(_shift, _dots[u], curvature[u]);
        }

        public void Advance(Span<T> alpha)
        {
            ColumnRecurrence.Advance(_context, alpha, _shift, _pi, _kPi, _rho, _rhoMemory, _s, _isFirst, Squares);
            _rho = _rhoMemory;
            _isFirst = false;
        }

        public void Residual(Span<T> residual)
        {
            Multiply(_rho, _kRho);
            ColumnReductions.Dot(_context, Read(_rho), Read(_kRho), residual);
            for (int u = 0; u < residual.Length; u++)
            {
                if (residual[u] <= _rounding * Squares[u])
                    residual[u] = T.Zero;
            }
        }

        // The vectors turn in one pass with the inner products of the next iteration.
        public void Turn(ReadOnlySpan<T> beta) => beta.CopyTo(_beta);

        public void ClearProduct(int u) => _columns.Clear(u, _kPi);

        public void Clear(int u)
        {
            _columns.Clear(u, _s);
            _columns.Clear(u, _rhoMemory);
            _columns.Clear(u, _kRho);
            _columns.Clear(u, _piMemory);
            _columns.Clear(u, _kPi);
        }

        /// <summary>‖g − Mv‖² of each column from s itself: where the recurrence has converged its ρ is far below the rounding of that.</summary>
        public void TrueResidual(BlockScaling<T> scaling, ReadOnlySpan<T> delta, Span<T> residual)
        {
            delta[.._rhoMemory.Length].CopyTo(_rhoMemory);
            scaling.Apply(_rhoMemory);
            Multiply(_s, _kRho);
            Elementwise.Axpy(_context, -T.One, _kRho, _rhoMemory);
            Elementwise.Axpy(_context, -_shift, _s, _rhoMemory);
            Multiply(_rhoMemory, _kRho);
            ColumnReductions.Dot(_context, Read(_rhoMemory), Read(_kRho), residual);
        }

        private readonly void Multiply(ReadOnlySpan<T> x, Span<T> kx) => Gemm.Assign(
            _context, _k, Read(x), new Matrix<T>(kx, _columns.Length, _columns.Units));

        private readonly ReadOnlyMatrix<T> Read(ReadOnlySpan<T> x) => new(x, _columns.Length, _columns.Units);
    }
}
