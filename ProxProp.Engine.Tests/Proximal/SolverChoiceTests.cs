using ProxProp.Engine.Layers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Solvers;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Proximal;

/// <summary>All ways to a direction agree, the cheapest is taken, and the report says which it was.</summary>
public sealed class SolverChoiceTests
{
    private const double TauTheta = 0.3;

    public static TheoryData<string, int, SolverKind> LinearWays => new()
    {
        { "wide, few rows: dual", 6, SolverKind.DualCg },
        { "tall, many rows: primal", 300, SolverKind.GramCg },
    };

    [Theory]
    [MemberData(nameof(LinearWays))]
    public void Conjugate_gradients_have_the_same_iterates_however_they_are_computed(string name, int batch, SolverKind expected)
    {
        Assert.NotEmpty(name);
        using var probe = new DirectionProbe<double>(new Linear<double>(40), Shape.Vector(30), batch);
        for (int iterations = 1; iterations <= 5; iterations++)
        {
            (double[] chosen, LayerReport report) = probe.Compute(new CgStep<double>(iterations, TauTheta));
            (double[] free, LayerReport freeReport) = probe.Compute(new CgStep<double>(iterations, TauTheta) { MatrixFree = true });
            Assert.Equal(expected, report.Solver);
            Assert.Equal(SolverKind.MatrixFreeCg, freeReport.Solver);
            Assert.Equal(iterations, report.Iterations);
            Assert.True(Dense.WorstError<double>(chosen, free) < Tolerances.SameIterates);
            Assert.Equal(freeReport.RelativeResidual, report.RelativeResidual, Tolerances.SameIterates);
        }
    }

    [Fact]
    public void Convolutions_form_their_gram_matrix_when_that_is_cheaper()
    {
        using var probe = new DirectionProbe<double>(new Conv2d<double>(24, 3, padding: 1), Shape.Image(4, 12, 12), 8);
        (double[] formed, LayerReport report) = probe.Compute(new CgStep<double>(4, TauTheta));
        (double[] free, _) = probe.Compute(new CgStep<double>(4, TauTheta) { MatrixFree = true });
        Assert.Equal(SolverKind.GramCg, report.Solver);
        Assert.True(Dense.WorstError<double>(formed, free) < Tolerances.SameIterates);
    }

    [Theory]
    [InlineData(5, SolverKind.DualCholesky)]
    [InlineData(200, SolverKind.PrimalCholesky)]
    public void Exact_steps_take_the_smaller_matrix_and_agree_with_converged_conjugate_gradients(int batch, SolverKind expected)
    {
        using var probe = new DirectionProbe<double>(new Linear<double>(12), Shape.Vector(30), batch);
        (double[] exact, LayerReport report) = probe.Compute(new ExactStep<double>(TauTheta));
        (double[] converged, LayerReport cg) = probe.Compute(new CgStep<double>(400, TauTheta) { MatrixFree = true });
        Assert.Equal(expected, report.Solver);
        Assert.Equal(SolveStatus.Solved, report.Status);
        Assert.Equal(SolveStatus.Solved, cg.Status);
        Assert.True(Dense.WorstError<double>(exact, converged) < Tolerances.SameIterates);
    }

    [Fact]
    public void One_step_serves_batches_on_both_sides_of_the_choice()
    {
        // Planned for 200 rows (primal), used with 5 (dual): the last short batch of an epoch.
        using var whole = new DirectionProbe<double>(new Linear<double>(12), Shape.Vector(30), 200);
        using var few = new DirectionProbe<double>(new Linear<double>(12), Shape.Vector(30), 5);
        using var arena = new Engine.Memory.Arena();
        IDirection<double> direction = new ExactStep<double>(TauTheta).Bind(
            whole.Layer.Proximal, new PlanContext(arena, whole.Layer.Compute, 200));
        arena.Commit();
        var v = new double[whole.Layer.Parametric.ParameterCount];
        LayerReport report = direction.Compute(whole.Layer.Training with { Batch = 5 }, few.Input, few.Delta, v);
        Assert.Equal(SolverKind.DualCholesky, report.Solver);
        Assert.True(Dense.WorstError<double>(v, few.Compute(new ExactStep<double>(TauTheta)).V) < Tolerances.SameIterates);
    }

    [Fact]
    public void Every_report_measures_the_same_inner_products()
    {
        foreach (int batch in (int[])[6, 300])
        {
            using var probe = new DirectionProbe<double>(new Linear<double>(40), Shape.Vector(30), batch);
            (double[] g, LayerReport plain) = probe.Compute(new ExplicitStep<double>());
            Assert.Equal(1, plain.Cosine, Tolerances.SameIterates);
            ProximalStep<double>[] steps =
            [
                new ExactStep<double>(TauTheta), new CgStep<double>(3, TauTheta), new CgStep<double>(3, TauTheta) { MatrixFree = true },
                new CgStep<double>(3, TauTheta, CgPreconditioner.Jacobi), new AutoStep<double>(TauTheta),
            ];
            foreach (ProximalStep<double> step in steps)
            {
                (double[] v, LayerReport report) = probe.Compute(step);
                double vg = Dense.Dot<double>(v, g), vv = Dense.Dot<double>(v, v), gg = Dense.Dot<double>(g, g);
                Assert.Equal(1, report.InnerProduct / vg, Tolerances.SameIterates);
                Assert.Equal(1, report.DirectionNorm / Math.Sqrt(vv), Tolerances.SameIterates);
                Assert.Equal(1, report.GradientNorm / Math.Sqrt(gg), Tolerances.SameIterates);
                Assert.Equal(1, report.Cosine / (vg / Math.Sqrt(vv * gg)), Tolerances.SameIterates);
                Assert.Equal(TauTheta, report.TauTheta, Tolerances.SameIterates);
                if (report.Solver is SolverKind.PrimalCholesky or SolverKind.DualCholesky)
                    Assert.InRange(report.RelativeResidual, 0, Tolerances.SameIterates);
            }
        }
    }
}
