using System.Numerics;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Solvers;

namespace ProxProp.Engine.Proximal;

/// <summary>Exact, iterative, or whichever the last iterative solves have shown to be cheaper, for each step anew.</summary>
/// <param name="exact">The exact way; null where memory or the layer forbids it.</param>
/// <param name="iterative">The iterative way; null where the exact one is cheaper whatever the iterations.</param>
/// <param name="costs">Flops of both.</param>
/// <param name="tolerance">The relative residual that an iterative solve must reach to be taken.</param>
/// <param name="plan">What was planned, and why.</param>
/// <remarks>All that is decided here follows from counts of iterations and their residuals: equal bits choose equally.</remarks>
internal sealed class AutoDirection<T>(ExactDirection<T>? exact, IDirection<T>? iterative, StepCosts costs, double tolerance, LayerPlan plan)
    : IDirection<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int ExactStepsBeforeLooking = 50;
    private int _exactStepsLeft;

    public LayerDamping? Damping => exact is not null ? exact.Damping : iterative!.Damping;

    public LayerPlan Plan => plan;

    public bool IsAlwaysFinite => iterative?.IsAlwaysFinite ?? true;

    public LayerReport Compute(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> delta, Span<T> v)
    {
        if (iterative is null)
            return exact!.Compute(pass, a, delta, v);
        if (_exactStepsLeft > 0)
        {
            _exactStepsLeft--;
            return exact!.Compute(pass, a, delta, v);
        }

        LayerReport report = iterative.Compute(pass, a, delta, v);
        if (exact is null)
            return report;
        if (Flops(report, pass.Batch) > costs.Exact(pass.Batch))
            _exactStepsLeft = ExactStepsBeforeLooking;
        return report.Status == SolveStatus.Solved && report.RelativeResidual <= tolerance ? report : exact.Compute(pass, a, delta, v);
    }

    public void VisitState(IStateVisitor visitor, string prefix)
    {
        if (iterative is null)
        {
            Damping?.VisitState(visitor, prefix);
            return;
        }

        iterative.VisitState(visitor, prefix);
        visitor.Visit($"{prefix}.exact steps left", ref _exactStepsLeft);
    }

    private double Flops(in LayerReport report, int batch) => report.Solver switch
    {
        SolverKind.GramCg => costs.GramCg(batch, report.Iterations),
        SolverKind.DualCg => costs.DualCg(batch, report.Iterations),
        _ => costs.MatrixFree(batch, report.Iterations),
    };
}
