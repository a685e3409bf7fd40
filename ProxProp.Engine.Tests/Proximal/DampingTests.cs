using ProxProp.Engine.Layers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Solvers;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Proximal;

/// <summary>Scale-free damping follows the data's scale, and precision that has run out is noticed and mended.</summary>
public sealed class DampingTests
{
    [Fact]
    public void Scale_free_damping_is_lambda_times_the_mean_eigenvalue_whatever_the_solver()
    {
        const double Lambda = 0.01;
        foreach (int batch in (int[])[6, 300])
        {
            using var probe = new DirectionProbe<double>(new Linear<double>(40), Shape.Vector(30), batch);
            double trace = probe.Input.Sum(x => x * x) + batch;
            foreach (ProximalStep<double> step in (ProximalStep<double>[])
                [
                    new ExactStep<double>(Damping.ScaleFree(Lambda)), new CgStep<double>(2, Damping.ScaleFree(Lambda)),
                    new CgStep<double>(2, Damping.ScaleFree(Lambda)) { MatrixFree = true },
                ])
            {
                Assert.Equal(1, probe.Compute(step).Report.Shift / (Lambda * trace / 31), Tolerances.SameIterates);
            }
        }
    }

    [Fact]
    public void Scaling_the_data_scales_a_scale_free_direction_and_nothing_else()
    {
        // Without a bias M(c·a) = c²·M(a) and g(c·a) = c·g(a), so v(c·a) = v(a)/c.
        const double C = 1000;
        using var one = new DirectionProbe<double>(new Linear<double>(7, bias: false), Shape.Vector(9), 20);
        using var large = new DirectionProbe<double>(new Linear<double>(7, bias: false), Shape.Vector(9), 20, C);
        double[] v = one.Compute(new ExactStep<double>(Damping.ScaleFree(0.1))).V;
        double[] scaled = [.. large.Compute(new ExactStep<double>(Damping.ScaleFree(0.1))).V.Select(x => x * C)];
        Assert.True(Dense.WorstError<double>(v, scaled) < Tolerances.SameIterates);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(-1.0)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Damping_that_is_not_positive_and_finite_is_refused(double value)
    {
        Assert.Contains("must be positive and finite", Assert.Throws<ArgumentOutOfRangeException>(() => Damping.Fixed(value)).Message, StringComparison.Ordinal);
        Assert.Contains("must be positive and finite", Assert.Throws<ArgumentOutOfRangeException>(() => Damping.ScaleFree(value)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(40)]
    [InlineData(6)]
    public void A_float_step_that_rounding_would_spoil_is_done_in_double(int batch)
    {
        // Repeated samples make AᵀA singular; a shift 1e10 below its largest eigenvalue is lost in float.
        using var single = new DirectionProbe<float>(new Linear<float>(5), Shape.Vector(12), batch, 100);
        using var twin = new DirectionProbe<double>(new Linear<double>(5), Shape.Vector(12), batch);
        for (int i = 12; i < single.Input.Length; i++)
            single.Input[i] = single.Input[i % 12];
        for (int i = 0; i < single.Input.Length; i++)
            twin.Input[i] = single.Input[i];
        for (int i = 0; i < single.Delta.Length; i++)
            twin.Delta[i] = single.Delta[i];

        var step = 1e10 / single.Input.Sum(x => (double)x * x);
        (float[] v, LayerReport report) = single.Compute(new ExactStep<float>(step));
        (double[] expected, LayerReport exact) = twin.Compute(new ExactStep<double>(step));
        Assert.True(report.InDouble);
        Assert.Equal(SolveStatus.Solved, report.Status);
        Assert.Equal(SolveStatus.Solved, exact.Status);
        Assert.True(ReferenceError(v, expected) < 10 * Tolerances.Epsilon<float>());
        Assert.True(report.InnerProduct > 0);
    }

    [Fact]
    public void Beyond_double_the_damping_is_raised_and_the_report_says_so()
    {
        using var probe = new DirectionProbe<double>(new Linear<double>(5), Shape.Vector(12), 40, 1e6);
        for (int i = 12; i < probe.Input.Length; i++)
            probe.Input[i] = probe.Input[i % 12];
        (double[] v, LayerReport report) = probe.Compute(new ExactStep<double>(1e12));
        Assert.Equal(SolveStatus.IllConditioned, report.Status);
        Assert.True(report.Shift > 1e-12);
        Assert.All(v, x => Assert.True(double.IsFinite(x)));
        Assert.True(Dense.Dot<double>(v, probe.Compute(new ExplicitStep<double>()).V) > 0);
    }

    private static double ReferenceError(float[] found, double[] expected)
    {
        double difference = found.Zip(expected, (x, y) => (x - y) * (x - y)).Sum();
        return Math.Sqrt(difference / expected.Sum(y => y * y));
    }
}
