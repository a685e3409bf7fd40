using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Parallel;

namespace ProxProp.Engine.Solvers;

/// <summary>
/// The iterates of <see cref="ConjugateGradient{T}"/> from K = AAᵀ alone, for batches with fewer rows than columns: one product with the
/// rows × rows matrix an iteration instead of one with A and one with Aᵀ.
/// </summary>
/// <remarks>
/// <para>Every Krylov vector is Aᵀ times something with rows elements: v = Aᵀs, r = Aᵀρ, p = Aᵀπ, and M·Aᵀπ = Aᵀ(π/τ + Kπ). In these
/// terms, with κ = Kπ: ⟨p,Mp⟩ = ⟨κ,κ⟩ + ⟨κ,π⟩/τ, ‖r‖² = ⟨ρ,Kρ⟩; Kρ is the one product, and κ follows by the recurrence of π.</para>
/// <para>No column knows of another, so panels of them are solved apart, all iterations of each by one worker while its vectors are in cache.</para>
/// <para>One recurrence per column (output unit); s starts at zero and ρ at δ. Stopping rules, scaling and what becomes of numbers that
/// overflow are those of the primal form, with one rule more: what δ has outside the range of A stays in ρ though not in r, and ⟨ρ,Kρ⟩ has
/// rounding of ε·trace(K)·‖ρ‖². A residual below that cannot be seen, so its column stops; where already the gradient cannot be seen,
/// s = δ/(1/τ + trace(K)): v is the gradient, shorter than any step to the minimum along it.</para>
/// </remarks>
/// <typeparam name="T">float or double.</typeparam>
public sealed unsafe class DualConjugateGradient<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly GramFactor<T> _gram;
    private readonly Slot<T> _solution;
    private readonly Slot<T> _vectors;
    private readonly Slot<T> _scalars;
    private readonly int _units;
    private readonly int _panel;
    private readonly int _atOnce;
    private readonly SolveReport[] _reports;
    private double _gradientSquared;

    /// <summary>Reserves K, s of rows × units, and ρ, Kρ, π, κ for the panels of its columns that are solved at a time.</summary>
    /// <param name="arena">Where.</param>
    /// <param name="maxRows">The most rows of A.</param>
    /// <param name="units">Columns of δ.</param>
    /// <param name="workers">The workers it will run on, each of which solves panels of its own where there are enough; 1 for one panel at a time.</param>
    public DualConjugateGradient(Arena arena, int maxRows, int units, int workers = 1)
        : this(arena, maxRows, units, workers, DualMeasure.PanelColumns(maxRows, units))
    {
    }

    internal DualConjugateGradient(Arena arena, int maxRows, int units, int workers, int panelColumns)
    {
        ArgumentNullException.ThrowIfNull(arena);
        _units = units;
        _panel = panelColumns;
        _reports = new SolveReport[(units + panelColumns - 1) / panelColumns];
        _atOnce = _reports.Length >= workers ? workers : 1;
        _gram = new GramFactor<T>(arena, "dual cg matrix AAᵀ", maxRows);
        _solution = arena.Reserve<T>("dual cg solution s", (long)maxRows * units);
        _vectors = arena.Reserve<T>("dual cg vectors ρ, Kρ, π, κ of panels", DualKrylovVectors<T>.Vectors * maxRows * (long)panelColumns * _atOnce);
        _scalars = arena.Reserve<T>("dual cg scalars", PanelScalars * (long)panelColumns * _atOnce);
    }

    private static int PanelScalars => BlockRecurrence<T>.Scalars + 1 + DualKrylovVectors<T>.Scalars;

    /// <summary>Declares the largest matrix product, for the memory plan.</summary>
    public void Expect(ComputeContext context, int rows)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Expect<T>(rows, _panel, rows);
        if (_atOnce == 1)
            return;
        context.PrepareSolo(rows);
        for (int worker = 0; worker < _atOnce; worker++)
            context.Solo(worker).Expect<T>(rows, _panel, rows);
    }

    /// <summary>K for a batch with <paramref name="rows"/> rows: the caller writes AAᵀ here before <see cref="Solve"/>.</summary>
    public Matrix<T> Gram(int rows) => _gram.Matrix(rows);

    /// <summary>s after the last <see cref="Solve"/>, rows × units; the direction is v = Aᵀs.</summary>
    public ReadOnlySpan<T> Solution(int rows) => _solution.Span[..(rows * _units)];

    /// <summary>trace(AAᵀ) = trace(AᵀA).</summary>
    public double Trace(int rows) => _gram.Trace(rows);

    /// <summary>⟨v,g⟩, ‖v‖² and ‖g‖² of the last solve, for one product with K.</summary>
    public DirectionMeasure Measure(ComputeContext context, int rows, ReadOnlySpan<T> delta) => DualMeasure.Of(
        context, Gram(rows), new(Solution(rows), rows, _units), new(delta, rows, _units), _vectors.Span, _scalars.Span[..(DualMeasure.Scalars * _panel)],
        gradientSquared: _gradientSquared);

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
        if (delta.Length < rows * _units)
            throw new ArgumentException($"δ needs {rows} x {_units} elements, but has {delta.Length}.", nameof(delta));
        var solution = new Matrix<T>(_solution.Span[..(rows * _units)], rows, _units);
        fixed (T* d = delta)
        {
            var panels = new Panels(this, context, d, rows, shift, Trace(rows), iterations, tolerance, measureResidual);
            if (_atOnce > 1 && _atOnce >= context.Team.Workers)
            {
                context.PrepareSolo(rows);
                context.Team.Run(_reports.Length, ref panels);
            }
            else
            {
                for (int panel = 0; panel < _reports.Length; panel++)
                    panels.Solve(context, panel, 0);
            }
        }

        SolveReport report = _reports[0];
        foreach (SolveReport panel in _reports.AsSpan(1))
            report = report.And(panel);
        if (!Reductions.AllFinite<T>(context, solution.Data))
        {
            for (int first = 0; first < _units; first += _panel)
                ClearNonFinite(solution.Block(0, first, rows, Math.Min(_panel, _units - first)));
            report = report with { Status = SolveStatus.Breakdown, RelativeResidual = double.NaN };
        }

        _gradientSquared = report.RightHandSideNorm * report.RightHandSideNorm;
        return report;
    }

    private static SolveReport SolvePanel(
        ref DualKrylovVectors<T> vectors, ReadOnlyMatrix<T> delta, Matrix<T> s, Span<T> scalars, int iterations, double tolerance, bool measureResidual)
    {
        var recurrence = new BlockRecurrence<T>(scalars, s.Columns, tolerance);
        var scaling = new BlockScaling<T>(Geometry(s), scalars[(BlockRecurrence<T>.Scalars * s.Columns)..]);
        vectors.Start(recurrence.Residuals);
        bool finite = true;
        if (BlockScaling<T>.IsNeeded(recurrence.Residuals))
        {
            finite = scaling.Choose(recurrence.Residuals, delta.Data);
            if (scaling.IsActive)
            {
                vectors.Scale(scaling);
                vectors.Start(recurrence.Residuals);
            }
        }

        Span<T> first = recurrence.Last;
        recurrence.Residuals.CopyTo(first);
        double gNorm = scaling.Total(first);
        ReadOnlySpan<T> hidden = vectors.StopHidden(recurrence.Residuals);
        recurrence.Start(vectors.Squares, finite);
        recurrence.Run(ref vectors, iterations, knowLast: measureResidual);

        if (recurrence.Done == 0)
        {
            for (int u = 0; u < s.Columns; u++)
                Geometry(s).Clear(u, s.Data);
            recurrence.Residuals.CopyTo(recurrence.Last);
        }
        else if (measureResidual && recurrence.IsDefined && recurrence.IsSolved)
        {
            vectors.TrueResidual(scaling, recurrence.Last);
        }

        bool known = measureResidual || recurrence.Done < iterations || iterations == 0;
        double residual = !known ? double.NaN : gNorm == 0 ? 0 : Math.Sqrt(Math.Max(0, scaling.Total(recurrence.Last)) / gNorm);
        scaling.Undo(s.Data);
        ShortStep(hidden, delta, s);
        return new SolveReport(SolverKind.DualCg, recurrence.Status, recurrence.Done, recurrence.IsDefined ? residual : double.NaN)
        {
            RightHandSideNorm = scaling.Norm(gNorm),
        };
    }

    private static BlockGeometry Geometry(Matrix<T> s) => BlockGeometry.Columns(s.Rows, s.Columns, s.Stride);

    private static void ShortStep(ReadOnlySpan<T> steps, ReadOnlyMatrix<T> delta, Matrix<T> s)
    {
        for (int u = 0; u < s.Columns; u++)
        {
            for (int i = 0; steps[u] != T.Zero && i < s.Rows; i++)
                s[i, u] = steps[u] * delta[i, u];
        }
    }

    // Panels know nothing of each other: whole ones go to the workers, so that a panel's vectors stay in the caches of one processor.
    private readonly struct Panels(
        DualConjugateGradient<T> solver, ComputeContext context, T* delta, int rows, T shift, double trace, int iterations, double tolerance, bool measureResidual)
        : IParallelJob
    {
        public void Execute(int item, int worker) => Solve(context.Solo(worker), item, worker);

        public void Solve(ComputeContext compute, int panel, int memory)
        {
            int units = solver._units, first = panel * solver._panel, columns = Math.Min(solver._panel, units - first);
            ReadOnlyMatrix<T> d = new ReadOnlyMatrix<T>(new ReadOnlySpan<T>(delta, rows * units), rows, units).Block(0, first, rows, columns);
            Matrix<T> s = new Matrix<T>(solver._solution.Span[..(rows * units)], rows, units).Block(0, first, rows, columns);
            Span<T> vectors = Part(solver._vectors, memory), scalars = Part(solver._scalars, memory);
            var krylov = new DualKrylovVectors<T>(
                compute, solver.Gram(rows), trace, shift, d, s, vectors, scalars[((BlockRecurrence<T>.Scalars + 1) * columns)..]);
            solver._reports[panel] = SolvePanel(ref krylov, d, s, scalars, iterations, tolerance, measureResidual);
        }

        private Span<T> Part(Slot<T> all, int part)
        {
            int length = all.Length / solver._atOnce;
            return all.Span.Slice(part * length, length);
        }
    }

    private void ClearNonFinite(Matrix<T> s) => new BlockScaling<T>(Geometry(s), _scalars.Span).ClearNonFinite(s.Data);
}
