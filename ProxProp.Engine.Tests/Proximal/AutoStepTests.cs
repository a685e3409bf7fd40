using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Solvers;
using ProxProp.Engine.Tests.Layers;

namespace ProxProp.Engine.Tests.Proximal;

/// <summary>What an automatic step plans, why, and that it keeps to the accuracy and the memory that were asked for.</summary>
public sealed class AutoStepTests
{
    [Theory]
    [InlineData(64, 30, 20, SolverKind.DualCholesky)]
    [InlineData(64, 30, 500, SolverKind.PrimalCholesky)]
    [InlineData(1, 300, 200, SolverKind.MatrixFreeCg)]
    public void The_plan_is_the_cheapest_way_and_names_the_others(int units, int features, int batch, SolverKind expected)
    {
        LayerPlan plan = PlanOf(new AutoStep<float>(1), new Linear<float>(units), Shape.Vector(features), batch, out StepCosts costs);
        Assert.Equal(expected, plan.Solver);
        double exact = Math.Min(costs.Primal(batch), costs.Dual(batch)), free = costs.MatrixFree(batch, 4);
        Assert.Equal(expected == SolverKind.MatrixFreeCg ? free : exact, plan.Flops);
        Assert.True(plan.Flops <= Math.Min(Math.Min(exact, free), Math.Min(costs.GramCg(batch, 4), costs.DualCg(batch, 4))));
        Assert.Matches(@"^fewest flops \((?:[a-z -]+ \d[\d.]*[kMG]?(?:, |\)$)){3}", plan.Reason);
    }

    [Fact]
    public void An_exact_way_at_nearly_the_fewest_flops_is_preferred()
    {
        LayerPlan plan = PlanOf(
            new AutoStep<float>(1), new Conv2d<float>(20, 5, padding: 2), Shape.Image(16, 16, 16), 50, out StepCosts costs);
        Assert.True(costs.GramCg(50, 4) < plan.Flops);
        Assert.Equal(SolverKind.PrimalCholesky, plan.Solver);
        Assert.StartsWith("exact at nearly the fewest flops (gram cg ", plan.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_solver_has_a_name_of_its_own() => Assert.Distinct(Enum.GetValues<SolverKind>().Select(Way.NameOf));

    [Theory]
    [InlineData(long.MaxValue, SolverKind.DualCholesky, "fewest flops")]
    [InlineData(60_000, SolverKind.DualCholesky, "fewest flops (matrix-free cg 2.3M); beyond the memory budget: gram cg, dual cg")]
    [InlineData(1, SolverKind.MatrixFreeCg, "nothing else is within the memory budget")]
    public void What_exceeds_the_memory_budget_is_left_out(long budget, SolverKind expected, string reason)
    {
        // 60 rows, 61 columns, 40 units.
        LayerPlan plan = PlanOf(new AutoStep<float>(1) { MemoryBudget = budget }, new Linear<float>(40), Shape.Vector(60), 60, out _);
        Assert.Equal((expected, reason), (plan.Solver, plan.Reason[..Math.Min(plan.Reason.Length, reason.Length)]));
    }

    [Theory]
    [InlineData(0.3)]
    [InlineData(1e-2)]
    [InlineData(1e-5)]
    [InlineData(1e-9)]
    public void The_direction_is_as_accurate_as_was_asked_for(double tolerance)
    {
        foreach (SolverKind first in (SolverKind[])[SolverKind.MatrixFreeCg, SolverKind.DualCholesky])
        {
            int units = first == SolverKind.MatrixFreeCg ? 1 : 64;
            using var probe = new StepProbe<double>(new Linear<double>(units), Shape.Vector(30), 20);
            LayerReport report = probe.Run(new AutoStep<double>(10) { Tolerance = tolerance, LikelyIterations = 1 }, out double[] v);
            Assert.Equal(SolveStatus.Solved, report.Status);
            Assert.InRange(probe.Residual(v, 10), 0, tolerance);
        }
    }

    [Fact]
    public void A_solve_that_ends_too_early_is_done_again_exactly()
    {
        using var probe = new StepProbe<float>(new Linear<float>(1), Shape.Vector(300), 200);
        var step = new AutoStep<float>(100) { MaxIterations = 2, LikelyIterations = 1 };
        LayerReport report = probe.Run(step, out float[] v);
        probe.Run(new ExactStep<float>(100), out float[] exact);
        Assert.Equal(SolverKind.DualCholesky, report.Solver);
        Assert.Equal(exact, v);

        // Where memory forbids that, the report says how far it came.
        report = probe.Run(new AutoStep<float>(100) { MaxIterations = 2, MemoryBudget = 1 }, out v);
        Assert.Equal((SolverKind.MatrixFreeCg, SolveStatus.IterationLimit, 2), (report.Solver, report.Status, report.Iterations));
        Assert.Equal(report.RelativeResidual, probe.Residual(v, 100), 1e-4);
        Assert.True(report.RelativeResidual > step.Tolerance);
    }

    [Theory]
    [InlineData(6)]
    [InlineData(300)]
    public void An_exact_step_measures_its_residual(int batch)
    {
        // Float near the end of its digits: the residual is large enough to be compared.
        using var probe = new StepProbe<float>(new Linear<float>(40), Shape.Vector(30), batch);
        LayerReport report = probe.Run(new ExactStep<float>(3e4), out float[] v, measure: true);
        Assert.Equal(SolveStatus.Solved, report.Status);
        double residual = probe.Residual(v, 3e4);
        Assert.True(residual > 1e-7, $"{residual:e2}");
        Assert.InRange(report.RelativeResidual / residual, 0.2, 5);
    }

    [Fact]
    public void A_layer_without_a_gram_matrix_says_so()
    {
        LayerPlan plan = PlanOf(new AutoStep<double>(1), new LocallyConnected<double>(3), Shape.Image(3, 4, 4), 5, out _);
        Assert.Equal((SolverKind.MatrixFreeCg, "the layer forms no matrix"), (plan.Solver, plan.Reason));
    }

    [Fact]
    public void Every_other_step_has_a_plan_too()
    {
        (ProximalStep<float>, SolverKind)[] expected =
        [
            (new ExplicitStep<float>(), SolverKind.Gradient), (new ExactStep<float>(1), SolverKind.DualCholesky), (new CgStep<float>(2, 1), SolverKind.DualCg),
            (new CgStep<float>(2, 1) { MatrixFree = true }, SolverKind.MatrixFreeCg),
        ];
        foreach ((ProximalStep<float> step, SolverKind solver) in expected)
        {
            LayerPlan plan = PlanOf(step, new Linear<float>(64), Shape.Vector(30), 20, out _);
            Assert.Equal(solver, plan.Solver);
            Assert.True(plan.Flops > 0 == (solver != SolverKind.Gradient));
            Assert.EndsWith("as asked for", plan.Reason.Split(';')[0], StringComparison.Ordinal);
        }
    }

    private static LayerPlan PlanOf<T>(ProximalStep<T> step, ProximalLayer<T> layer, Shape input, int batch, out StepCosts costs)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        using var probe = new SingleLayer<T>(layer, input, batch);
        using var arena = new Arena();
        IDirection<T> direction = step.Bind(layer, new PlanContext(arena, probe.Compute, batch));
        (direction as IDisposable)?.Dispose();
        costs = StepCosts.Of(layer);
        return direction.Plan;
    }
}
