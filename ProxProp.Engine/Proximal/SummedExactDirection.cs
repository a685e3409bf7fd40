using System.Numerics;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Solvers;

namespace ProxProp.Engine.Proximal;

/// <summary>The exact direction of one layer for batches that come in parts: primal, since AᵀA is a sum over samples and AAᵀ is not.</summary>
/// <remarks>
/// Where the factor cannot be trusted the damping is raised; the layer's input is gone by then, so that doing the step in double, as for a whole
/// batch, is no way out.
/// </remarks>
internal sealed class SummedExactDirection<T> : ISummedDirection<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const double DampingRaise = 10;

    private readonly BlockLayout _layout;
    private readonly PrimalCholesky<T> _solver;
    private readonly BatchSums<T> _sums;

    public SummedExactDirection(ProximalLayer<T> layer, LayerDamping damping, in PlanContext plan, string reason)
    {
        if (layer is not IGramLayer<T> gram)
        {
            throw new NotSupportedException(
                $"An exact step on micro-batches needs a layer that forms its Gram matrix (IGramLayer<T>), which {layer.Kind} does not. Set TrainExplicitly on the layer.");
        }

        Damping = damping;
        _layout = gram.Layout;
        _solver = new PrimalCholesky<T>(plan.Arena, _layout, keepGram: true);
        if (plan.Products is { } products)
        {
            gram.ExpectGram(products, plan.MaxBatch);
            PrimalCholesky<T>.Expect(products, _layout);
        }

        _sums = new BatchSums<T>(layer, _layout.Columns, plan.Arena);
        Plan = new LayerPlan(SolverKind.PrimalCholesky, StepCosts.Of(gram).Primal(plan.MaxBatch), reason);
    }

    public LayerDamping Damping { get; }

    public LayerPlan Plan { get; }

    public LayerReport Compute(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> delta, Span<T> v)
    {
        Add(pass, a, delta, v);
        return Solve(pass, v);
    }

    public void Add(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> delta, Span<T> v)
    {
        _sums.AddGram(pass, a, _solver.Gram);
        _sums.AddGradient(pass, a, delta, v);
    }

    public LayerReport Solve(in Pass pass, Span<T> v)
    {
        double shift = Damping.Shift(_solver.Trace, _layout.Columns);
        var status = SolveStatus.Solved;
        while (!_solver.Factor(pass.Compute, T.CreateSaturating(shift)))
        {
            status = SolveStatus.IllConditioned;
            shift *= DampingRaise;
            if (!T.IsFinite(T.CreateTruncating(shift)))
                return LayerReport.Gradient<T>(pass, v) with { Status = SolveStatus.NotPositiveDefinite };
            _solver.Restore();
        }

        _solver.Solve(pass.Compute, v, v, pass.Measure);
        var report = new LayerReport(SolverKind.PrimalCholesky, status, 0, shift);
        return pass.Measure ? report.With(_solver.Measure(pass.Compute, T.CreateSaturating(shift))) : report;
    }
}
