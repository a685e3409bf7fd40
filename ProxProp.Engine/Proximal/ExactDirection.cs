using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Solvers;

namespace ProxProp.Engine.Proximal;

/// <summary>The exact direction of one layer, primal or dual for each batch by <see cref="StepCosts"/>.</summary>
internal sealed class ExactDirection<T> : IDirection<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const double DampingRaise = 10;
    private const long MostColumnsPerRow = 4;

    private readonly IGramLayer<T> _layer;
    private readonly StepCosts _costs;
    private readonly int _maxBatch;
    private readonly PrimalCholesky<T>? _primal;
    private readonly DualCholesky<T>? _dual;
    private readonly DoublePrecisionDirection<T>? _inDouble;

    /// <summary>Reserves what the largest batch needs.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="damping">Its damping.</param>
    /// <param name="plan">Where to reserve.</param>
    /// <param name="bothForms">Whether the primal form stands by for the dual one, unless its matrix is far the larger one.</param>
    public ExactDirection(ProximalLayer<T> layer, LayerDamping damping, in PlanContext plan, bool bothForms = false)
    {
        _layer = layer as IGramLayer<T> ?? throw new NotSupportedException(
            $"An exact step needs a layer that forms its Gram matrix (IGramLayer<T>), which {layer.Kind} does not. Use CgStep<T>, or set TrainExplicitly on the layer.");
        Damping = damping;
        _maxBatch = plan.MaxBatch;
        _costs = StepCosts.Of(_layer);
        bool hasDual = layer is IDualGramLayer<T>;
        int dualBatch = hasDual ? _costs.LargestDualBatch(plan.MaxBatch) : 0;
        using (ScratchAlternatives either = plan.Arena.Either())
        {
            if (dualBatch > 0)
                _dual = new DualCholesky<T>(plan.Arena, dualBatch * _layer.RowsPerSample, _layer.Layout.Units);
            either.Or();
            if (dualBatch < plan.MaxBatch || (bothForms && _layer.Layout.Columns <= MostColumnsPerRow * dualBatch * _layer.RowsPerSample))
                _primal = new PrimalCholesky<T>(plan.Arena, _layer.Layout);
            either.Or();
            _inDouble = DoublePrecisionDirection<T>.Create(layer, plan);
        }

        if (plan.Products is { } products)
            Expect(products, dualBatch);
    }

    public LayerDamping Damping { get; }

    public LayerPlan Plan => new(
        _costs.ExactKind(_maxBatch), _costs.Exact(_maxBatch), $"exact, as asked for; {_costs.ExactForms(_maxBatch)}");

    public bool IsAlwaysFinite => true;

    public LayerReport Compute(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> delta, Span<T> v) =>
        Compute(pass, a, delta, v, double.NaN);

    /// <summary>As <see cref="IDirection{T}.Compute"/>, but with <paramref name="shift"/> for the damping's own unless it is NaN.</summary>
    public LayerReport Compute(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> delta, Span<T> v, double shift)
    {
        bool raised = false;
        while (true)
        {
            bool isDual = _dual is not null && _costs.PrefersDual(pass.Batch);
            LayerReport report = isDual
                ? Dual(pass, _dual!, a, delta, v, shift, out double noise)
                : Primal(pass, _primal!, a, delta, v, shift, out noise);
            // A column that is much larger than the others makes all rows parallel and AAᵀ as good as singular, but AᵀA is what it was up to that scale.
            if (isDual && report.Status == SolveStatus.NotPositiveDefinite && _inDouble is null && _primal is not null)
                report = Primal(pass, _primal, a, delta, v, report.Shift, out noise);
            if (report.Status != SolveStatus.NotPositiveDefinite)
            {
                // Numbers whose squares have a finite sum are finite.
                double squared = Reductions.SumOfSquares<T>(pass.Compute, v);
                if (!double.IsFinite(squared) && !Reductions.AllFinite<T>(pass.Compute, v))
                    return GradientInstead.Of(_layer, pass, a, delta, v);
                if (!DirectionNoise.IsTooMuch(noise, squared))
                    return raised ? report with { Status = SolveStatus.IllConditioned } : report;
            }

            if (_inDouble is not null)
                return _inDouble.Compute(pass, a, delta, v, report.Shift);
            raised = true;
            shift = report.Shift * DampingRaise;
            if (!T.IsFinite(T.CreateTruncating(shift)))
                return GradientInstead.Of(_layer, pass, a, delta, v);
        }
    }

    private void Expect(ComputeContext products, int dualBatch)
    {
        if (_dual is not null)
        {
            ((IDualGramLayer<T>)_layer).ExpectDualGram(products, dualBatch);
            DualCholesky<T>.Expect(products, dualBatch * _layer.RowsPerSample, _layer.Layout.Units);
        }

        if (_primal is not null)
        {
            _layer.ExpectGram(products, _maxBatch);
            PrimalCholesky<T>.Expect(products, _layer.Layout);
        }
    }

    private LayerReport Dual(
        in Pass pass, DualCholesky<T> solver, ReadOnlySpan<T> a, ReadOnlySpan<T> delta, Span<T> v, double shift, out double noise)
    {
        noise = 0;
        int rows = pass.Batch * _layer.RowsPerSample;
        ((IDualGramLayer<T>)_layer).DualGram(pass, a, solver.Gram(rows));
        if (double.IsNaN(shift))
            shift = Damping.Shift(solver.Trace(rows), _layer.Layout.Columns);
        if (!solver.Factor(pass.Compute, rows, T.CreateSaturating(shift)))
            return new LayerReport(SolverKind.DualCholesky, SolveStatus.NotPositiveDefinite, 0, shift);
        _layer.ApplyAdjoint(pass, a, solver.Solve(pass.Compute, rows, delta), v);
        noise = solver.Noise(pass.Compute, rows);
        var report = new LayerReport(SolverKind.DualCholesky, SolveStatus.Solved, 0, shift);
        return pass.Measure ? report.With(solver.Measure(pass.Compute, rows, T.CreateSaturating(shift), delta)) : report;
    }

    private LayerReport Primal(
        in Pass pass, PrimalCholesky<T> solver, ReadOnlySpan<T> a, ReadOnlySpan<T> delta, Span<T> v, double shift, out double noise)
    {
        noise = 0;
        _layer.Gram(pass, a, solver.Gram);
        if (double.IsNaN(shift))
            shift = Damping.Shift(solver.Trace, _layer.Layout.Columns);
        if (!solver.Factor(pass.Compute, T.CreateSaturating(shift)))
            return new LayerReport(SolverKind.PrimalCholesky, SolveStatus.NotPositiveDefinite, 0, shift);
        _layer.ApplyAdjoint(pass, a, delta, v);
        noise = solver.Amplification(pass.Compute, (double)pass.Batch * _layer.RowsPerSample);
        if (noise > 0)
            noise *= Math.Sqrt(Reductions.SumOfSquares(pass.Compute, delta));
        solver.Solve(pass.Compute, v, v, pass.Measure);
        var report = new LayerReport(SolverKind.PrimalCholesky, SolveStatus.Solved, 0, shift);
        return pass.Measure ? report.With(solver.Measure(pass.Compute, T.CreateSaturating(shift))) : report;
    }
}
