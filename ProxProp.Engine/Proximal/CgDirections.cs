using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Solvers;

namespace ProxProp.Engine.Proximal;

/// <summary>Conjugate gradients that apply A and its adjoint, with any preconditioner.</summary>
internal sealed class MatrixFreeCgDirection<T> : IDirection<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly ProximalLayer<T> _layer;
    private readonly CgStep<T> _step;
    private readonly int _maxBatch;
    private readonly ConjugateGradient<T> _solver;
    private readonly LayerPreconditioner<T>? _preconditioner;
    private readonly Slot<T> _g;
    private readonly Slot<T> _output;
    private readonly Slot<T> _diagonal;

    public MatrixFreeCgDirection(ProximalLayer<T> layer, CgStep<T> step, in PlanContext plan)
    {
        _layer = layer;
        _step = step;
        _maxBatch = plan.MaxBatch;
        Damping = step.Damping.Bind();
        _preconditioner = LayerPreconditioner<T>.Create(layer, step, plan);
        _solver = new ConjugateGradient<T>(plan.Arena, step.IsJoint ? layer.Layout.Joint : layer.Layout, _preconditioner is not null);
        _g = plan.Arena.Reserve<T>("cg right-hand side g", layer.ParameterCount);
        _output = plan.Arena.Reserve<T>("cg output A·p", (long)plan.MaxBatch * layer.Output.Size);
        if (!step.Damping.NeedsTrace)
            return;
        if (layer is not IGramLayer<T> gram)
        {
            throw new NotSupportedException(
                $"Scale-free damping needs a layer that knows the diagonal of its Gram matrix (IGramLayer<T>), which {layer.Kind} does not. Use a fixed tauTheta.");
        }

        _diagonal = plan.Arena.Reserve<T>("gram diagonal for the trace", layer.Layout.Columns);
        if (plan.Products is not null)
            gram.ExpectGramDiagonal(plan.MaxBatch);
    }

    public LayerDamping Damping { get; }

    public LayerPlan Plan => new(
        SolverKind.MatrixFreeCg,
        StepCosts.Of(_layer).MatrixFree(_maxBatch, _step.Iterations),
        _step.Iterations + " iterations, as asked for" + (_layer is IGramLayer<T> ? "" : "; the layer forms no matrix"));

    public bool IsAlwaysFinite => true;

    public LayerReport Compute(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> delta, Span<T> v)
    {
        Span<T> g = _g.Span;
        _layer.ApplyAdjoint(pass, a, delta, g);
        double shift = Damping.Shift(_step.Damping.NeedsTrace ? Trace(pass, a) : 0, _layer.Layout.Columns);
        _preconditioner?.Prepare(pass, a, shift);
        var op = new LayerOperator<T>(_layer, pass, a, pass.Batch * _layer.Output.Size);
        var normal = new MatrixFreeNormalOperator<T, LayerOperator<T>>(op, _output.Span);
        SolveReport solve = _solver.Solve(
            pass.Compute, normal, T.CreateSaturating(shift), _preconditioner?.Inner, g, v, _step.Iterations, _step.Tolerance);
        _preconditioner?.Observe(solve.RelativeResidual);
        LayerReport report = LayerReport.From(solve, shift) with { HasNonFinite = Measures.IsNonFinite<T>(pass.Compute, solve, g) };
        return pass.Measure ? report.With(Measures.Of(pass.Compute, v, g)) : report;
    }

    public void VisitState(IStateVisitor visitor, string prefix)
    {
        Damping.VisitState(visitor, prefix);
        _preconditioner?.VisitState(visitor, $"{prefix}.preconditioner");
    }

    private double Trace(in Pass pass, ReadOnlySpan<T> a)
    {
        Span<T> diagonal = _diagonal.Span;
        ((IGramLayer<T>)_layer).GramDiagonal(pass, a, diagonal);
        double trace = 0;
        foreach (T d in diagonal)
            trace += double.CreateSaturating(d);
        return trace;
    }
}

/// <summary>Conjugate gradients on AᵀA, formed once for each batch.</summary>
internal sealed class GramCgDirection<T> : ISummedDirection<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly IGramLayer<T> _layer;
    private readonly CgStep<T> _step;
    private readonly int _maxBatch;
    private readonly BlockLayout _rows;
    private readonly ConjugateGradient<T> _solver;
    private readonly GramFactor<T> _gram;
    private readonly BatchSums<T>? _sums;
    private readonly Slot<T> _g;
    private readonly Slot<T> _v;

    public GramCgDirection(IGramLayer<T> layer, CgStep<T> step, in PlanContext plan, bool inParts = false)
    {
        _layer = layer;
        _step = step;
        _maxBatch = plan.MaxBatch;
        Damping = step.Damping.Bind();
        _rows = new BlockLayout(layer.Layout.Units, layer.Layout.Columns, false);
        _solver = new ConjugateGradient<T>(plan.Arena, _rows, preconditioned: false);
        _gram = new GramFactor<T>(plan.Arena, "cg matrix AᵀA", layer.Layout.Columns, keep: inParts);
        _g = plan.Arena.Reserve<T>("cg right-hand side, units × columns", layer.Layout.Count);
        _v = plan.Arena.Reserve<T>("cg solution, units × columns", layer.Layout.Count);
        if (plan.Products is { } products)
        {
            layer.ExpectGram(products, plan.MaxBatch);
            products.Expect<T>(_rows.Units, _rows.Columns, _rows.Columns);
        }

        if (inParts)
            _sums = new BatchSums<T>((ParametricLayer<T>)layer, layer.Layout.Columns, plan.Arena);
    }

    public LayerDamping Damping { get; }

    public LayerPlan Plan => new(
        SolverKind.GramCg,
        StepCosts.Of(_layer).GramCg(_maxBatch, _step.Iterations),
        $"{_step.Iterations} iterations, as asked for; {StepCosts.Of(_layer).IterativeForms(_maxBatch, _step.Iterations)}");

    public bool IsAlwaysFinite => true;

    public LayerReport Compute(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> delta, Span<T> v)
    {
        _layer.Gram(pass, a, _gram.Matrix(_layer.Layout.Columns));
        _layer.ApplyAdjoint(pass, a, delta, v);
        return Solve(pass, v);
    }

    public void Add(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> delta, Span<T> v)
    {
        _sums!.AddGram(pass, a, _gram.Matrix(_layer.Layout.Columns));
        _sums.AddGradient(pass, a, delta, v);
    }

    public LayerReport Solve(in Pass pass, Span<T> v)
    {
        int columns = _layer.Layout.Columns;
        double shift = Damping.Shift(_step.Damping.NeedsTrace ? _gram.Trace(columns) : 0, columns);
        BlockPacking.ToRows(_layer.Layout, v, _g.Span);
        var normal = new GramNormalOperator<T>(pass.Compute, _gram.Matrix(columns), _rows.Units);
        SolveReport solve = _solver.Solve(
            pass.Compute, normal, T.CreateSaturating(shift), null, _g.Span, _v.Span, _step.Iterations, _step.Tolerance, SolverKind.GramCg);
        BlockPacking.FromRows(_layer.Layout, _v.Span, v);
        LayerReport report = LayerReport.From(solve, shift) with { HasNonFinite = Measures.IsNonFinite<T>(pass.Compute, solve, _g.Span) };
        return pass.Measure ? report.With(Measures.Of<T>(pass.Compute, _v.Span, _g.Span)) : report;
    }
}

/// <summary>Conjugate gradients on AAᵀ, formed once for each batch.</summary>
internal sealed class DualCgDirection<T> : IDirection<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly IDualGramLayer<T> _layer;
    private readonly CgStep<T> _step;
    private readonly int _maxBatch;
    private readonly DualConjugateGradient<T> _solver;

    public DualCgDirection(IDualGramLayer<T> layer, CgStep<T> step, in PlanContext plan)
    {
        _layer = layer;
        _step = step;
        _maxBatch = plan.MaxBatch;
        Damping = step.Damping.Bind();
        int rows = plan.MaxBatch * layer.RowsPerSample;
        _solver = new DualConjugateGradient<T>(plan.Arena, rows, layer.Layout.Units, plan.Compute.Team.Workers);
        if (plan.Products is { } products)
        {
            layer.ExpectDualGram(products, plan.MaxBatch);
            _solver.Expect(products, rows);
        }
    }

    public LayerDamping Damping { get; }

    public LayerPlan Plan => new(
        SolverKind.DualCg,
        StepCosts.Of(_layer).DualCg(_maxBatch, _step.Iterations),
        $"{_step.Iterations} iterations, as asked for; {StepCosts.Of(_layer).IterativeForms(_maxBatch, _step.Iterations)}");

    public bool IsAlwaysFinite => true;

    public LayerReport Compute(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> delta, Span<T> v)
    {
        int rows = pass.Batch * _layer.RowsPerSample;
        _layer.DualGram(pass, a, _solver.Gram(rows));
        double shift = Damping.Shift(_step.Damping.NeedsTrace ? _solver.Trace(rows) : 0, _layer.Layout.Columns);
        SolveReport solve = _solver.Solve(pass.Compute, rows, T.CreateSaturating(shift), delta, _step.Iterations, _step.Tolerance, pass.Measure || _step.Tolerance > 0);
        _layer.ApplyAdjoint(pass, a, _solver.Solution(rows), v);
        bool overflowed = solve.Status == SolveStatus.Breakdown
            && !(double.IsFinite(_solver.Trace(rows)) && Reductions.AllFinite(pass.Compute, delta));
        if (overflowed || !Reductions.AllFinite<T>(pass.Compute, v))
            return GradientInstead.Of(_layer, pass, a, delta, v);
        LayerReport report = LayerReport.From(solve, shift);
        return pass.Measure ? report.With(_solver.Measure(pass.Compute, rows, delta)) : report;
    }
}

/// <summary>Inner products where both vectors are at hand.</summary>
internal static class Measures
{
    /// <summary>Whether a solve broke down because its right-hand side is not finite.</summary>
    public static bool IsNonFinite<T>(ComputeContext context, in SolveReport solve, ReadOnlySpan<T> g)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        solve.Status == SolveStatus.Breakdown && !Reductions.AllFinite(context, g);

    public static DirectionMeasure Of<T>(ComputeContext context, ReadOnlySpan<T> v, ReadOnlySpan<T> g)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        new(Reductions.Dot(context, v, g), Reductions.SumOfSquares(context, v), Reductions.SumOfSquares(context, g));
}
