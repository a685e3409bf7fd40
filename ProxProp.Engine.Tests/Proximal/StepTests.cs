using System.Globalization;
using System.Numerics;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Solvers;
using ProxProp.Engine.Tests.Layers;

namespace ProxProp.Engine.Tests.Proximal;

/// <summary>The proximal steps of every layer against elimination with the layer's whole matrix.</summary>
public sealed class StepTests
{
    public static TheoryData<string> Proximal => [.. LayerCases.Proximal];

    [Theory]
    [MemberData(nameof(Proximal))]
    public void All_solvers_agree_with_elimination(string name)
    {
        Agree<double>(name, 3, 1e-10);
        Agree<double>(name, 12, 1e-10);
        Agree<float>(name, 3, 1e-3);
    }

    [Fact]
    public void Primal_is_dual()
    {
        const double Tau = 0.7;
        using var probe = new StepProbe<double>(new Linear<double>(5), Shape.Vector(10), 40);
        // Eleven columns: three rows are solved in the dual, forty in the primal form.
        Assert.Equal(SolverKind.PrimalCholesky, probe.Run(new ExactStep<double>(Tau), out double[] primal).Solver);
        Assert.True(StepProbe<double>.Error(primal, probe.Expected(Tau)) < 1e-11);
        Assert.Equal(SolverKind.DualCholesky, probe.Run(new ExactStep<double>(Tau), out double[] dual, batch: 3).Solver);
        using var small = new StepProbe<double>(new Linear<double>(5), Shape.Vector(10), 3);
        probe.Input.AsSpan(0, 30).CopyTo(small.Input);
        probe.Delta.AsSpan(0, 15).CopyTo(small.Delta);
        Assert.True(StepProbe<double>.Error(dual, small.Expected(Tau)) < 1e-11);
    }

    [Fact]
    public void The_dual_form_gets_the_memory_of_its_largest_batch()
    {
        foreach (int columns in (int[])[1, 3, 50])
        {
            var layer = new Linear<float>(4);
            using var probe = new StepProbe<float>(layer, Shape.Vector(columns), 1);
            StepCosts costs = StepCosts.Of(layer);
            int largest = costs.LargestDualBatch(100);
            Assert.All(Enumerable.Range(1, 100), batch => Assert.Equal(batch <= largest, costs.PrefersDual(batch)));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_step_size_out_of_range_is_refused(double tauTheta)
    {
        Assert.Equal("tauTheta", Assert.Throws<ArgumentOutOfRangeException>(() => new ExactStep<float>(tauTheta)).ParamName);
        Assert.Equal("tauTheta", Assert.Throws<ArgumentOutOfRangeException>(() => new CgStep<float>(3, tauTheta)).ParamName);
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1)]
    [InlineData(double.NaN)]
    public void A_tolerance_that_no_iteration_could_miss_is_refused(double tolerance) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new CgStep<double>(3, 1) { Tolerance = tolerance });

    [Fact]
    public void Settings_do_not_depend_on_the_culture()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        var comma = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        comma.NumberFormat.NumberDecimalSeparator = ",";
        try
        {
            CultureInfo.CurrentCulture = comma;
            Assert.Contains("tauTheta 0.05", new ExactStep<double>(0.05).Settings, StringComparison.Ordinal);
            Assert.Contains("lambda 0.5", new ExactStep<double>(Damping.ScaleFree(0.5)).Settings, StringComparison.Ordinal);
            Assert.Contains("lambda 0.5", new ExactStep<double>(Damping.LevenbergMarquardt(0.5)).Settings, StringComparison.Ordinal);
            Assert.Contains("tolerance 0.5", new CgStep<double>(3, 0.05) { Tolerance = 0.5 }.Settings, StringComparison.Ordinal);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void Names_say_what_a_step_is()
    {
        Assert.Equal("iterations", Assert.Throws<ArgumentOutOfRangeException>(() => new CgStep<float>(0, 1)).ParamName);
        Assert.Equal("gradient", new ExplicitStep<float>().ToString());
        Assert.Equal("exact", new ExactStep<float>(1).ToString());
        Assert.Equal("cg3", new CgStep<float>(3, 1).ToString());
        Assert.Equal("pcg5-joint", new CgStep<float>(5, 1, CgPreconditioner.Jacobi, joint: true).ToString());
    }

    private static void Agree<T>(string name, int batch, double tolerance)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (double tau in (double[])[0.01, 1, 30])
        {
            (Layer<T> layer, Shape input) = LayerCases.Make<T>(name);
            using var probe = new StepProbe<T>(layer, input, batch);
            T[] expected = probe.Expected(tau);
            bool isGram = layer is IGramLayer<T>;
            List<ProximalStep<T>> steps = [new CgStep<T>(3000, tau), new CgStep<T>(3000, tau, joint: true)];
            if (isGram)
            {
                steps.AddRange(
                [
                    new ExactStep<T>(tau), new CgStep<T>(3000, tau, CgPreconditioner.Jacobi), new CgStep<T>(3000, tau, CgPreconditioner.Jacobi, joint: true),
                ]);
            }

            foreach (ProximalStep<T> step in steps)
            {
                LayerReport report = probe.Run(step, out T[] v);
                Assert.Equal(SolveStatus.Solved, report.Status);
                double error = StepProbe<T>.Error(v, expected);
                Assert.True(error < tolerance, $"{step} at tau {tau}: off by {error:e2}");
            }
        }
    }
}
