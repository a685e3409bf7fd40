using ProxProp.Engine.Layers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Solvers;
using ProxProp.Engine.Tests.Layers;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Proximal;

/// <summary>A kept factor solves slowly drifting systems in one or two iterations; automatic steps take the cheapest way.</summary>
public sealed class PreconditionerTests
{
    [Fact]
    public void A_factor_of_an_earlier_step_solves_drifting_systems_in_two_iterations()
    {
        using var probe = new DirectionProbe<double>(new Conv2d<double>(6, 3, padding: 1), Shape.Image(3, 8, 8), 10);
        Func<(double[] V, LayerReport Report)> kept = probe.Bind(
            new CgStep<double>(30, 5, CgPreconditioner.EarlierFactor) { Tolerance = 1e-3 });
        Func<(double[] V, LayerReport Report)> plain = probe.Bind(new CgStep<double>(30, 5) { Tolerance = 1e-3, MatrixFree = true });
        Assert.Equal(1, kept().Report.Iterations);
        Assert.True(plain().Report.Iterations > 4);
        var drift = new Random(3);
        for (int step = 0; step < 8; step++)
        {
            foreach (ref double x in probe.Input.AsSpan())
                x += 0.02 * (drift.NextDouble() - 0.5);
            LayerReport report = kept().Report;
            Assert.InRange(report.Iterations, 1, 2);
            Assert.True(report.RelativeResidual < 1e-2);
        }
    }

    [Fact]
    public void A_stale_factor_is_noticed_by_its_residual_and_renewed()
    {
        using var probe = new DirectionProbe<double>(new Linear<double>(9), Shape.Vector(20), 60);
        Func<(double[] V, LayerReport Report)> one = probe.Bind(
            new CgStep<double>(1, 1, CgPreconditioner.EarlierFactor) { RefreshEvery = int.MaxValue, StaleResidual = 0.05 });
        Assert.True(one().Report.RelativeResidual < 1e-10);
        for (int i = 0; i < probe.Input.Length; i++)
            probe.Input[i] *= 1 + (i % 20);
        Assert.True(one().Report.RelativeResidual > 0.05);
        Assert.True(one().Report.RelativeResidual < 1e-10);
    }

    [Fact]
    public void A_preconditioner_of_ones_own_is_used()
    {
        using var probe = new DirectionProbe<double>(new Linear<double>(4), Shape.Vector(6), 10);
        int applied = 0;
        var step = new CgStep<double>(3, 1) { CustomPreconditioner = _ => new Halving(() => applied++) };
        (double[] v, _) = probe.Compute(step);
        Assert.Equal(4, applied);
        (double[] plain, _) = probe.Compute(new CgStep<double>(3, 1) { MatrixFree = true });
        Assert.True(Dense.WorstError<double>(v, plain) < Tolerances.SameIterates); // a multiple of the identity changes no iterate
    }

    [Fact]
    public void Automatic_steps_are_exact_where_that_is_cheap_and_iterative_where_memory_or_the_layer_forbids_it()
    {
        using var probe = new DirectionProbe<double>(new Linear<double>(64), Shape.Vector(30), 20);
        LayerReport exact = probe.Compute(new AutoStep<double>(1)).Report;
        Assert.Equal(SolverKind.DualCholesky, exact.Solver);
        LayerReport tight = probe.Compute(new AutoStep<double>(1) { MemoryBudget = 1000 }).Report;
        Assert.Equal(SolverKind.MatrixFreeCg, tight.Solver);
        Assert.Equal(SolveStatus.Solved, tight.Status);

        using var own = new DirectionProbe<double>(new LocallyConnected<double>(3), Shape.Image(3, 4, 4), 5);
        Assert.Equal(SolverKind.MatrixFreeCg, own.Compute(new AutoStep<double>(1)).Report.Solver);
    }

    [Fact]
    public void An_automatic_step_learns_that_a_factorisation_is_cheaper_than_its_iterations()
    {
        // One unit, a badly conditioned system: a solve takes far more iterations than a factorisation of order 40 costs.
        using var probe = new DirectionProbe<double>(new Linear<double>(1), Shape.Vector(39), 60);
        for (int i = 0; i < probe.Input.Length; i++)
            probe.Input[i] *= Math.Pow(10, -(i % 39) / 10.0);
        Func<(double[] V, LayerReport Report)> auto = probe.Bind(new AutoStep<double>(1e8) { Tolerance = 1e-9, LikelyIterations = 1 });
        LayerReport first = auto().Report, second = auto().Report;
        Assert.Equal(SolverKind.MatrixFreeCg, first.Solver);
        Assert.Equal(SolverKind.PrimalCholesky, second.Solver);
    }

    private sealed class Halving(Action applied) : IPreconditioner<double>
    {
        public void Apply(ReadOnlySpan<double> r, Span<double> z)
        {
            applied();
            for (int i = 0; i < r.Length; i++)
                z[i] = r[i] / 2;
        }
    }
}
