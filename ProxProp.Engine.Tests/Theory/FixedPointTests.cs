using System.Numerics;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Theory;

/// <summary>Prop. 3: the fixed points of a proximal step are the stationary points of J, whatever solver makes the step.</summary>
public sealed class FixedPointTests
{
    [EngineProperty(Cases = 60)]
    public void Where_the_loss_is_at_its_minimum_no_parameter_moves(NetworkCase c)
    {
        using var run = new NetworkRun<double>(c with { ZeroGradient = true, CrossEntropy = false });
        double[] before = run.Network.Parameters.ToArray();
        run.Step.Run(run.Samples, run.Targets, c.Batch, c.Tau);
        Assert.Equal(before, run.Network.Parameters.ToArray());
    }

    [EngineProperty]
    public void At_a_stationary_point_with_a_derivative_that_is_not_zero_the_step_is_zero_double(LayerCase c) => Stationary<double>(c);

    [EngineProperty]
    public void At_a_stationary_point_with_a_derivative_that_is_not_zero_the_step_is_zero_float(LayerCase c) => Stationary<float>(c);

    [EngineProperty]
    public void Where_the_step_is_zero_the_gradient_is_zero_double(LayerCase c) => ZeroStep<double>(c);

    [EngineProperty]
    public void Where_the_step_is_zero_the_gradient_is_zero_float(LayerCase c) => ZeroStep<float>(c);

    // Aᵀδ = 0 only up to the rounding of its sums; a step may multiply that by τ_θ.
    private static void Stationary<T>(LayerCase c)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var probe = new LayerProbe<T>(c with { Delta = DeltaKind.Mirrored, Batch = 2 * ((c.Batch + 1) / 2) });
        double allowed = Tolerances.ResidualRatio * probe.Order * Tolerances.Epsilon<T>() * probe.AFrobenius * Vectors.Norm(probe.Delta) * c.TauTheta;
        foreach (StepSpec step in StepSpecs.All(3).Concat(StepSpecs.Adaptive))
        {
            double size = Vectors.Norm(probe.Direction(step));
            double limit = step.Kind == StepKind.Gradient ? allowed / c.TauTheta : allowed + probe.SolverError;
            Assert.True(size <= limit, $"{step}: a step of {size:e2} where at most {limit:e2} is rounding");
        }
    }

    // ‖v‖ ≥ ‖g‖/‖M‖ for the exact step and every CG iterate: ⟨v_k,g⟩ never falls, and ⟨v₁,g⟩ = ‖g‖⁴/⟨g,Mg⟩. With P = diag(M) the bound loses
    // λmax(P⁻¹M) ≤ the number of columns.
    private static void ZeroStep<T>(LayerCase c)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var probe = new LayerProbe<T>(c);
        double g = Vectors.Norm(probe.G) - (probe.Order * Tolerances.Epsilon<T>() * probe.AFrobenius * Vectors.Norm(probe.Delta));
        foreach (StepSpec step in StepSpecs.All(1, 4).Concat(StepSpecs.Adaptive))
        {
            double norm = step.Kind == StepKind.Gradient ? 1 : probe.Eigenvalues[^1];
            double factor = step.IsPreconditioned ? probe.Layout.Columns : 1;
            double least = g / (norm * factor) * (1 - (10 * probe.Order * Tolerances.Epsilon<T>()));
            double size = Vectors.Norm(probe.Direction(step));
            if (step.Kind is StepKind.Exact or StepKind.Auto or StepKind.PcgFactor)
                least -= probe.SolverError;
            Assert.True(size >= least, $"{step}: a step of {size:e2}, but the gradient's size {g:e2} asks for {least:e2} at least");
        }
    }
}
