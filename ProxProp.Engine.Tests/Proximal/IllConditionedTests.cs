using ProxProp.Engine.Layers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Solvers;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Proximal;

/// <summary>Float on nearly singular and on overflowing data: never NaN, and never wrong without saying so.</summary>
public sealed class IllConditionedTests
{
    public static TheoryData<double, int, int> Cases()
    {
        var data = new TheoryData<double, int, int>();
        foreach (double tau in (double[])[1, 1e3, 1e6, 1e9, 1e15])
        {
            foreach ((int features, int batch) in ((int, int)[])[(12, 40), (12, 5), (12, 12), (40, 39)])
                data.Add(tau, features, batch);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void An_exact_step_is_right_or_says_that_it_may_not_be(double tauTheta, int features, int batch)
    {
        foreach (bool deficient in (bool[])[false, true])
        {
            using var probe = new StepProbe<float>(new Linear<float>(4), Shape.Vector(features), batch);
            if (deficient)
                MakeDeficient(probe.Input, features);
            LayerReport report = probe.Run(new ExactStep<float>(tauTheta), out float[] v);
            Assert.All(v, e => Assert.True(float.IsFinite(e)));
            Assert.True(Dense.Dot<float>(v, probe.Gradient()) > 0, "a descent direction");
            if (report.Status == SolveStatus.Solved)
            {
                double error = StepProbe<float>.Error(v, probe.Expected(tauTheta));
                Assert.True(error < 0.1, $"deficient {deficient}: solved, but off by {error:e2}");
            }
            else
            {
                Assert.True(tauTheta > 1, "At the paper's step sizes nothing of this is ill-conditioned.");
            }
        }
    }

    // Rows or columns that are nearly parallel: the largest eigenvalue of the scaled matrix is nearly its order, and so is what rounding costs.
    [Theory]
    [InlineData(150, 60)]
    [InlineData(60, 150)]
    [InlineData(500, 300)]
    public void Samples_much_like_each_other_are_solved_right_or_not_called_solved(int features, int batch)
    {
        foreach (double tauTheta in (double[])[1, 10, 30, 100, 300, 1e3, 3e3, 1e4, 1e5])
        {
            using var probe = new StepProbe<float>(new Linear<float>(1), Shape.Vector(features), batch);
            float[] slope = Values.Uniform<float>(features, 31, 1), offset = Values.Uniform<float>(features, 32, 1), at = Values.Uniform<float>(batch, 33, 1);
            for (int i = 0; i < probe.Input.Length; i++)
                probe.Input[i] = MathF.Tanh((slope[i % features] * at[i / features]) + offset[i % features]);
            float[] expected = probe.Expected(tauTheta);
            foreach (ProximalStep<float> step in (ProximalStep<float>[])[new ExactStep<float>(tauTheta), new AutoStep<float>(tauTheta) { LikelyIterations = 1000 }])
            {
                LayerReport report = probe.Run(step, out float[] v);
                if (report.Solver is not (SolverKind.PrimalCholesky or SolverKind.DualCholesky) && step is AutoStep<float> && features > 200)
                    continue; // conjugate gradients are cheaper there
                double error = StepProbe<float>.Error(v, expected);
                Assert.True(error < 0.1 || report.Status == SolveStatus.IllConditioned, $"{step.Name}, tau {tauTheta}: {report.Status}, but off by {error:e2}");
            }
        }
    }

    // What rounds Aᵀδ, or cancels in Aᵀs, comes out τ_θ times as large where A has nothing, which no pivot tells.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Samples_of_low_rank_are_solved_right_in_whatever_precision_that_takes(bool wide)
    {
        int inFloat = 0;
        for (int seed = 0; seed < 20; seed++)
        {
            var data = LowRankCase.Next(seed, wide);
            using var probe = new StepProbe<float>(new Linear<float>(1), Shape.Vector(data.Features), data.Batch);
            data.Samples<float>().CopyTo(probe.Input, 0);
            LayerReport report = probe.Run(new ExactStep<float>(data.TauTheta), out float[] v);
            Assert.Equal(SolveStatus.Solved, report.Status);
            Assert.Equal(wide ? SolverKind.DualCholesky : SolverKind.PrimalCholesky, report.Solver);
            double error = StepProbe<float>.Error(v, probe.Expected(data.TauTheta));
            Assert.True(error < Tolerances.Solved, $"{data}, in double {report.InDouble}: solved, but off by {error:e2}");
            inFloat += report.InDouble ? 0 : 1;
        }

        Assert.InRange(inFloat, 1, 19);
    }

    // The same rounding does no harm where every direction has its samples, whatever the pivots.
    [Fact]
    public void Many_samples_of_full_rank_are_solved_in_float()
    {
        const double tauTheta = 1e5;
        using var probe = new StepProbe<float>(new Linear<float>(1), Shape.Vector(100), 2000);
        for (int i = 0; i < probe.Input.Length; i++)
            probe.Input[i] = 1 + MathF.Abs(probe.Input[i]);
        LayerReport report = probe.Run(new ExactStep<float>(tauTheta), out float[] v);
        Assert.Equal((SolveStatus.Solved, false), (report.Status, report.InDouble));
        double error = StepProbe<float>.Error(v, probe.Expected(tauTheta));
        Assert.True(error < 0.01, $"off by {error:e2}");
    }

    // Columns of very different size are no harm: the factor is the same up to their scale.
    [Fact]
    public void Columns_of_different_scales_are_solved_in_float()
    {
        using var probe = new StepProbe<float>(new Linear<float>(1), Shape.Vector(40), 200);
        for (int i = 0; i < probe.Input.Length; i++)
            probe.Input[i] *= MathF.Pow(10, -(i % 40 / 10));
        LayerReport report = probe.Run(new ExactStep<float>(1e5), out float[] v);
        Assert.Equal((SolveStatus.Solved, false), (report.Status, report.InDouble));
        Assert.True(StepProbe<float>.Error(v, probe.Expected(1e5)) < 1e-3);
    }

    // One column that nobody scaled makes AAᵀ singular even to double; AᵀA is there instead unless it is much the larger.
    [Theory]
    [InlineData(20, 1e6, SolverKind.DualCholesky, SolveStatus.Solved)]
    [InlineData(20, 1e9, SolverKind.PrimalCholesky, SolveStatus.Solved)]
    [InlineData(9, 1e9, SolverKind.DualCholesky, SolveStatus.IllConditioned)]
    public void A_column_that_is_much_the_largest_is_solved_by_the_matrix_that_it_does_no_harm(int batch, double scale, SolverKind solver, SolveStatus status)
    {
        const double tauTheta = 1;
        const int features = 39;
        using var probe = new StepProbe<float>(new Linear<float>(1), Shape.Vector(features), batch);
        for (int i = 0; i < batch; i++)
            probe.Input[i * features] = (float)(scale * (1 + (1e-3 * probe.Input[i * features])));
        LayerReport report = probe.Run(new ExactStep<float>(tauTheta), out float[] v);
        Assert.Equal((solver, status, true), (report.Solver, report.Status, report.InDouble));
        if (status != SolveStatus.Solved)
            return;
        Assert.Equal(1 / tauTheta, report.Shift);

        // (D(AᵀA + I/τ_θ)D)y = DAᵀδ, v = Dy, where D makes all columns of one size.
        double Unit(int column) => column == 0 ? 1 / scale : 1;
        double A(int row, int column) => column < features ? probe.Input[(row * features) + column] : 1;
        var matrix = new double[features + 1, features + 1];
        var right = new double[features + 1, 1];
        for (int i = 0; i <= features; i++)
        {
            for (int j = 0; j <= features; j++)
                matrix[i, j] = (i == j ? Unit(i) * Unit(i) / tauTheta : 0) + (Unit(i) * Unit(j) * Enumerable.Range(0, batch).Sum(row => A(row, i) * A(row, j)));
            right[i, 0] = Unit(i) * Enumerable.Range(0, batch).Sum(row => A(row, i) * probe.Delta[row]);
        }

        double[,] expected = Dense.Solve(matrix, right);
        double error = StepProbe<float>.Error(v, [.. Enumerable.Range(0, features + 1).Select(i => (float)(Unit(i) * expected[i, 0]))]);
        Assert.True(error < (solver == SolverKind.PrimalCholesky ? 1e-4 : 0.1), $"off by {error:e2}");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void An_automatic_step_is_right_or_says_that_it_may_not_be(double tauTheta, int features, int batch)
    {
        foreach ((int units, int likely) in ((int, int)[])[(4, 4), (1, 1)])
        {
            foreach (bool deficient in (bool[])[false, true])
            {
                using var probe = new StepProbe<float>(new Linear<float>(units), Shape.Vector(features), batch);
                if (deficient)
                    MakeDeficient(probe.Input, features);
                var step = new AutoStep<float>(tauTheta) { LikelyIterations = likely };
                LayerReport report = probe.Run(step, out float[] v);
                Assert.All(v, e => Assert.True(float.IsFinite(e)));
                Assert.True(Dense.Dot<float>(v, probe.Gradient()) > 0, "a descent direction");
                Assert.Equal(SolveStatus.Solved, report.Status == SolveStatus.IllConditioned ? SolveStatus.Solved : report.Status);
                if (report.Solver is SolverKind.PrimalCholesky or SolverKind.DualCholesky)
                {
                    double error = report.Status == SolveStatus.Solved ? StepProbe<float>.Error(v, probe.Expected(tauTheta)) : 0;
                    Assert.True(error < 0.1, $"deficient {deficient}: solved, but off by {error:e2}");
                }
                else
                {
                    double residual = probe.Residual(v, tauTheta);
                    Assert.True(residual <= 1.01 * step.Tolerance, $"deficient {deficient}: {report}, but the residual is {residual:e2}");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_conjugate_gradient_step_reports_the_residual_it_has(double tauTheta, int features, int batch)
    {
        using var probe = new StepProbe<float>(new Linear<float>(4), Shape.Vector(features), batch);
        MakeDeficient(probe.Input, features);
        foreach (ProximalStep<float> step in (ProximalStep<float>[])
            [new CgStep<float>(3, tauTheta), new CgStep<float>(500, tauTheta), new CgStep<float>(20, tauTheta, CgPreconditioner.Jacobi)])
        {
            LayerReport report = probe.Run(step, out float[] v);
            Assert.All(v, e => Assert.True(float.IsFinite(e)));
            Assert.True(Dense.Dot<float>(v, probe.Gradient()) > 0);
            Assert.True(report.Status != SolveStatus.Solved || report.RelativeResidual < 0.01, $"{step}: {report}");
        }
    }

    [Theory]
    [InlineData(1e18, 1)]
    [InlineData(1e-18, 1)]
    [InlineData(1, 1e18)]
    [InlineData(1, 1e-18)]
    [InlineData(1e-18, 1e-18)]
    [InlineData(1e18, 1e-18)]
    [InlineData(1e18, 1e18)]
    [InlineData(1e30, 1)]
    public void Hostile_scales_never_give_nan(double input, double delta)
    {
        foreach (int batch in (int[])[3, 60])
        {
            using var probe = new StepProbe<float>(new Linear<float>(4), Shape.Vector(20), batch, input, delta);
            foreach (ProximalStep<float> step in (ProximalStep<float>[])
                [new ExactStep<float>(1), new AutoStep<float>(1), new AutoStep<float>(1) { LikelyIterations = 1, MemoryBudget = 2000 }, new CgStep<float>(1, 1), new CgStep<float>(5, 1), new CgStep<float>(5, 1, CgPreconditioner.Jacobi), new CgStep<float>(5, 1, joint: true)])
            {
                LayerReport report = probe.Run(step, out float[] v);
                Assert.All(v, e => Assert.True(float.IsFinite(e), $"{step}: {e}"));
                float[] expected = probe.Expected(1);
                // Below, the solution itself is about to vanish in float.
                if (report.Status == SolveStatus.Solved && expected.Max(Math.Abs) > 1e-30f)
                {
                    double error = probe.EnergyError(v, expected, 1);
                    Assert.True(error < 0.1, $"{step}: solved, but off by {error:e2}");
                }
            }
        }
    }

    // The last third of the columns repeats the first, to within the rounding of float.
    private static void MakeDeficient(float[] input, int features)
    {
        for (int i = 0; i < input.Length; i++)
        {
            if (i % features >= features - (features / 3))
                input[i] = input[i - (features - (features / 3))];
        }
    }
}
