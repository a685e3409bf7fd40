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
/// <para>No column knows of another, so panels of them are solved one after the other, all iterations of each while its vectors are in cache.</para>
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
    private readonly Slot<T> _solution;
    private readonly Slot<T> _vectors;
    private readonly Slot<T> _scalars;
    private readonly int _units;
    private readonly int _panel;
    private double _gradientSquared;

    /// <summary>Reserves K, s of rows × units, and ρ, Kρ, π, κ for one panel of its columns.</summary>
    public DualConjugateGradient(Arena arena, int maxRows, int units)
        : this(arena, maxRows, units, DualMeasure.PanelColumns(maxRows, units))
    {
    }

    internal DualConjugateGradient(Arena arena, int maxRows, int units, int panelColumns)
    {
        _units = units;
        _panel = panelColumns;
        _gram = new GramFactor<T>(arena, "dual cg matrix AAᵀ", maxRows);
        _solution = arena.Reserve<T>("dual cg solution s", (long)maxRows * units);
        _vectors = arena.Reserve<T>("dual cg vectors ρ, Kρ, π, κ of a panel", (long)DualKrylovVectors<T>.Vectors * maxRows * panelColumns);
        _scalars = arena.Reserve<T>("dual cg scalars", (BlockRecurrence<T>.Scalars + 1L + DualKrylovVectors<T>.Scalars) * panelColumns);
    }

    /// <summary>Declares the largest matrix product, for the memory plan.</summary>
    public static void Expect(ComputeContext context, int rows, int units)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Expect<T>(rows, DualMeasure.PanelColumns(rows, units), rows);
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
        var right = new ReadOnlyMatrix<T>(delta, rows, _units);
        var solution = new Matrix<T>(_solution.Span[..(rows * _units)], rows, _units);
        double trace = Trace(rows);
        SolveReport report = default;
        for (int first = 0, columns; first < _units; first += columns)
        {
            columns = Math.Min(_panel, _units - first);
            Matrix<T> s = solution.Block(0, first, rows, columns);
            ReadOnlyMatrix<T> d = right.Block(0, first, rows, columns);
            var vectors = new DualKrylovVectors<T>(
                context, Gram(rows), trace, shift, d, s, _vectors.Span, _scalars.Span[((BlockRecurrence<T>.Scalars + 1) * columns)..]);
            SolveReport panel = SolvePanel(ref vectors, d, s, iterations, tolerance, measureResidual);
            report = first == 0 ? panel : report.And(panel);
        }

        if (!Reductions.AllFinite<T>(context, solution.Data))
        {
            for (int first = 0; first < _units; first += _panel)
                ClearNonFinite(solution.Block(0, first, rows, Math.Min(_panel, _units - first)));
            report = report with { Status = SolveStatus.Breakdown, RelativeResidual = double.NaN };
        }

        _gradientSquared = report.RightHandSideNorm * report.RightHandSideNorm;
        return report;
    }

    private SolveReport SolvePanel(
        ref DualKrylovVectors<T> vectors, ReadOnlyMatrix<T> delta, Matrix<T> s, int iterations, double tolerance, bool measureResidual)
    {
        Span<T> scalars = _scalars.Span;
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

    private void ClearNonFinite(Matrix<T> s) => new BlockScaling<T>(Geometry(s), _scalars.Span).ClearNonFinite(s.Data);
}
