using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Solvers;

namespace ProxProp.Engine.Proximal;

/// <summary>The exact direction of one layer for batches that come in parts: primal, since AᵀA is a sum over samples and AAᵀ is not.</summary>
/// <remarks>
/// The layer's input is gone by the time that the factor or the direction turns out not to be trusted. The parts then go through the network once more, and
/// this layer's sums are those of double, as for a whole batch; where double will not do either, or the layer has no twin in it, the damping is raised.
/// </remarks>
internal sealed class SummedExactDirection<T> : ISummedDirection<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const double DampingRaise = 10;

    private readonly BlockLayout _layout;
    private readonly int _rowsPerSample;
    private readonly PrimalCholesky<T> _solver;
    private readonly BatchSums<T> _sums;
    private readonly DoublePrecisionDirection<T>? _inDouble;
    private double _shift, _rows, _deltaSquared;

    public SummedExactDirection(ProximalLayer<T> layer, LayerDamping damping, in PlanContext plan, string reason)
    {
        if (layer is not IGramLayer<T> gram)
        {
            throw new NotSupportedException(
                $"An exact step on micro-batches needs a layer that forms its Gram matrix (IGramLayer<T>), which {layer.Kind} does not. Set TrainExplicitly on the layer.");
        }

        Damping = damping;
        _layout = gram.Layout;
        _rowsPerSample = gram.RowsPerSample;
        using (ScratchAlternatives either = plan.Arena.Either())
        {
            _solver = new PrimalCholesky<T>(plan.Arena, _layout, keepGram: true);
            _sums = new BatchSums<T>(layer, _layout.Columns, plan.Arena);
            either.Or();
            _inDouble = DoublePrecisionDirection<T>.Create(layer, plan, inParts: true);
        }

        if (plan.Products is { } products)
        {
            gram.ExpectGram(products, plan.MaxBatch);
            PrimalCholesky<T>.Expect(products, _layout);
        }

        Plan = new LayerPlan(SolverKind.PrimalCholesky, StepCosts.Of(gram).Primal(plan.MaxBatch), reason);
    }

    public LayerDamping Damping { get; }

    public LayerPlan Plan { get; }

    public bool IsUnfinished { get; private set; }

    public LayerReport Compute(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> delta, Span<T> v)
    {
        Add(pass, a, delta, v);
        LayerReport report = Solve(pass, v);
        if (!IsUnfinished)
            return report;
        AddAgain(pass, a, delta);
        return Solve(pass, v);
    }

    public void Add(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> delta, Span<T> v)
    {
        IsUnfinished = false;
        if (pass.First == 0)
            (_rows, _deltaSquared) = (0, 0);
        _rows += (double)pass.Batch * _rowsPerSample;
        _deltaSquared += Reductions.SumOfSquares(pass.Compute, delta);
        _sums.AddGram(pass, a, _solver.Gram);
        _sums.AddGradient(pass, a, delta, v);
    }

    public void AddAgain(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> delta) => _inDouble!.Add(pass, a, delta);

    public LayerReport Solve(in Pass pass, Span<T> v)
    {
        if (!IsUnfinished)
            return Solve(pass, v, Damping.Shift(_solver.Trace, _layout.Columns));
        IsUnfinished = false;
        return _inDouble!.Solve(pass, v, _shift);
    }

    /// <summary>The same with a given <paramref name="shift"/>.</summary>
    public LayerReport Solve(in Pass pass, Span<T> v, double shift)
    {
        var status = SolveStatus.Solved;
        while (!TrySolve(pass, v, T.CreateSaturating(shift)))
        {
            if (_inDouble is not null)
            {
                (IsUnfinished, _shift) = (true, shift);
                return new LayerReport(SolverKind.PrimalCholesky, SolveStatus.NotPositiveDefinite, 0, shift);
            }

            status = SolveStatus.IllConditioned;
            shift *= DampingRaise;
            if (!T.IsFinite(T.CreateTruncating(shift)))
                return LayerReport.Gradient<T>(pass, v) with { Status = SolveStatus.NotPositiveDefinite };
            _solver.Restore();
        }

        var report = new LayerReport(SolverKind.PrimalCholesky, status, 0, shift);
        return pass.Measure ? report.With(_solver.Measure(pass.Compute, T.CreateSaturating(shift))) : report;
    }

    // If not, v holds g as before.
    private bool TrySolve(in Pass pass, Span<T> v, T shift)
    {
        if (!_solver.Factor(pass.Compute, shift))
            return false;
        double noise = _solver.Amplification(pass.Compute, _rows) * Math.Sqrt(_deltaSquared);
        _solver.Solve(pass.Compute, v, v, pass.Measure || noise > 0);
        if (!(noise > 0) || !DirectionNoise.IsTooMuch(noise, Reductions.SumOfSquares<T>(pass.Compute, v)))
            return true;
        _solver.RightHandSides(v);
        return false;
    }
}
