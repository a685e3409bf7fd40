using System.Globalization;
using System.Numerics;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Proximal;

/// <summary>
/// The cheapest way to a direction of a requested accuracy, layer by layer: exact primal or dual where a factorisation costs no more than
/// a few iterations or memory allows nothing dearer, conjugate gradients elsewhere.
/// </summary>
/// <remarks>
/// <para>Costs are flop counts (<c>StepCosts</c>); memory is what the way reserves. Where an exact step is dearer than
/// <see cref="LikelyIterations"/> iterations, both are kept ready, and the iterations that the last solves really needed decide.</para>
/// <para>A layer without a Gram matrix, or one whose matrices exceed <see cref="MemoryBudget"/>, is always solved by conjugate gradients
/// that form no matrix, preconditioned by the diagonal where there is one.</para>
/// </remarks>
/// <typeparam name="T">float or double.</typeparam>
public sealed class AutoStep<T> : ProximalStep<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>An automatic step with the paper's fixed τ_θ.</summary>
    /// <param name="tauTheta">The proximal step size τ_θ, positive.</param>
    public AutoStep(double tauTheta)
        : this(Damping.Fixed(tauTheta))
    {
    }

    /// <summary>An automatic step.</summary>
    /// <param name="damping">How τ_θ is chosen.</param>
    public AutoStep(Damping damping)
        : base(damping)
    {
    }

    /// <summary>Relative residual ‖g − Mv‖/‖g‖ at which conjugate gradients may stop, in (0, 1).</summary>
    public double Tolerance { get; init; } = 1e-2;

    /// <summary>Iterations that a solve is expected to take before one has been seen.</summary>
    public int LikelyIterations { get; init; } = 4;

    /// <summary>Upper bound of iterations.</summary>
    public int MaxIterations { get; init; } = 50;

    /// <summary>Bytes that the matrices of one layer's solver may take.</summary>
    public long MemoryBudget { get; init; } = long.MaxValue;

    /// <inheritdoc/>
    public override string Name => "auto";

    /// <inheritdoc/>
    public override string Settings => string.Create(
        CultureInfo.InvariantCulture,
        $"{base.Settings}, tolerance {Tolerance}, {LikelyIterations} iterations likely, {MaxIterations} at most, matrices of {MemoryBudget} bytes at most");

    /// <inheritdoc/>
    public override IDirection<T> Bind(ProximalLayer<T> layer, in PlanContext plan)
    {
        if (!(Tolerance > 0 && Tolerance < 1))
            throw new InvalidOperationException($"Tolerance must be above 0 and below 1, but is {Tolerance}.");
        StepCosts costs = StepCosts.Of(layer);
        double exact = Math.Min(costs.Primal(plan.MaxBatch), costs.Dual(plan.MaxBatch));
        bool fits = layer is IGramLayer<T> && costs.ExactElements(plan.MaxBatch) * System.Runtime.CompilerServices.Unsafe.SizeOf<T>() <= MemoryBudget;
        if (fits && exact <= costs.MatrixFree(plan.MaxBatch, LikelyIterations))
            return new ExactDirection<T>(layer, Damping.Bind(), plan);
        var cg = (MatrixFreeCgDirection<T>)new CgStep<T>(
            MaxIterations, Damping, layer is IGramLayer<T> ? CgPreconditioner.Jacobi : CgPreconditioner.None)
        {
            MatrixFree = true,
            Tolerance = Tolerance,
        }.Bind(layer, plan);
        return fits ? new AdaptiveDirection<T>(new ExactDirection<T>(layer, cg.Damping, plan), cg, costs) : cg;
    }
}

/// <summary>Exact or iterative for each step, by what the last iterative solves needed.</summary>
internal sealed class AdaptiveDirection<T>(ExactDirection<T> exact, MatrixFreeCgDirection<T> iterative, StepCosts costs) : IDirection<T>, IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int ExactStepsBeforeLooking = 50;
    private int _exactStepsLeft;

    public LayerDamping Damping => exact.Damping;

    public LayerReport Compute(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> delta, Span<T> v)
    {
        if (_exactStepsLeft > 0)
        {
            _exactStepsLeft--;
            return exact.Compute(pass, a, delta, v);
        }

        LayerReport report = iterative.Compute(pass, a, delta, v);
        if (costs.MatrixFree(pass.Batch, report.Iterations) > Math.Min(costs.Primal(pass.Batch), costs.Dual(pass.Batch)))
            _exactStepsLeft = ExactStepsBeforeLooking;
        return report;
    }

    public void VisitState(IStateVisitor visitor, string prefix)
    {
        iterative.VisitState(visitor, prefix);
        visitor.Visit($"{prefix}.exact steps left", ref _exactStepsLeft);
    }

    public void Dispose() => exact.Dispose();
}
