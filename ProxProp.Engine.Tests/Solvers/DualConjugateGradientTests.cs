using System.Numerics;
using ProxProp.Engine.Solvers;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Solvers;

/// <summary>Conjugate gradients in the dual space: the primal iterates, the same care for numbers out of range.</summary>
public sealed class DualConjugateGradientTests
{
    private const int Rows = DualCase<float>.Rows, Units = DualCase<float>.Units;

    [Fact]
    public void Its_iterates_are_the_primal_ones()
    {
        using var system = new DualCase<double>(0.5);
        for (int iterations = 0; iterations <= 8; iterations++)
        {
            SolveReport dual = system.Solve(iterations), primal = system.SolvePrimal(iterations);
            Assert.True(Dense.WorstError<double>(system.V, system.PrimalV) < Tolerances.SameIterates);
            Assert.Equal((primal.Status, primal.Iterations), (dual.Status, dual.Iterations));
            Assert.Equal(primal.RelativeResidual, dual.RelativeResidual, Tolerances.SameIterates);
            Assert.Equal(1, dual.RightHandSideNorm / primal.RightHandSideNorm, Tolerances.SameIterates);
        }
    }

    [Fact]
    public void Run_to_convergence_it_reports_the_true_residual()
    {
        using var exact = new DualCase<double>(0.01);
        SolveReport report = exact.Solve(200);
        Assert.Equal(SolveStatus.Solved, report.Status);
        Assert.InRange(report.RelativeResidual, 0, 1e-12);
        using var rough = new DualCase<float>(1e-6, graded: true);
        SolveReport rounded = rough.Solve(500);
        double residual = rough.Residual();
        Assert.Equal(SolveStatus.Solved, rounded.Status);
        Assert.InRange(rounded.RelativeResidual / residual, 0.2, 5);
    }

    [Fact]
    public void Without_the_residual_the_solution_has_the_same_bits()
    {
        using var system = new DualCase<float>(0.5f);
        foreach (int iterations in (int[])[1, 3, 7])
        {
            SolveReport measured = system.Solve(iterations);
            float[] expected = system.S;
            SolveReport report = system.Solve(iterations, measureResidual: false);
            Assert.Equal(expected, system.S);
            Assert.Equal(measured.Iterations, report.Iterations);
            Assert.Equal(measured.RightHandSideNorm, report.RightHandSideNorm);
            Assert.Equal(double.NaN, report.RelativeResidual);
        }
    }

    [Fact]
    public void A_zero_column_stays_zero_and_disturbs_no_other()
    {
        using var system = new DualCase<float>(0.5f);
        system.Solve(4);
        float[] before = system.S;
        for (int i = 0; i < Rows; i++)
            system.Delta[(i * Units) + 2] = 0;
        SolveReport report = system.Solve(4);
        Assert.Equal(SolveStatus.IterationLimit, report.Status);
        for (int i = 0; i < system.S.Length; i++)
            Assert.Equal(i % Units == 2 ? 0 : before[i], system.S[i]);
    }

    [Theory]
    [InlineData(40)]
    [InlineData(100)]
    [InlineData(-40)]
    [InlineData(-90)]
    public void Float_solves_are_homogeneous_to_the_bit(int exponent) => Homogeneous<float>(exponent);

    [Theory]
    [InlineData(900)]
    [InlineData(-900)]
    public void Double_solves_are_homogeneous_to_the_bit(int exponent) => Homogeneous<double>(exponent);

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void A_column_that_is_not_finite_gives_zero_and_says_so(float bad)
    {
        using var system = new DualCase<float>(0.5f);
        system.Solve(5);
        float[] clean = system.S;
        system.Delta[Units + 3] = bad;
        SolveReport report = system.Solve(5);
        Assert.Equal(SolveStatus.Breakdown, report.Status);
        Assert.Equal(double.NaN, report.RelativeResidual);
        for (int i = 0; i < clean.Length; i++)
            Assert.Equal(i % Units == 3 ? 0 : clean[i], system.S[i]);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(1e38f)]
    [InlineData(1e25f)]
    public void A_matrix_that_overflows_never_gives_nan(float bad)
    {
        using var system = new DualCase<float>(0.5f);
        system.K.AsSpan().Fill(bad);
        foreach (int iterations in (int[])[1, 2, 3, 20])
        {
            SolveReport report = system.Solve(iterations);
            Assert.NotEqual(SolveStatus.Solved, report.Status);
            Assert.All(system.S, s => Assert.True(float.IsFinite(s)));
        }
    }

    [Fact]
    public void Its_measure_is_that_of_the_vectors_themselves()
    {
        using var system = new DualCase<double>(0.5);
        system.Solve(3);
        system.SolvePrimal(3);
        Assert.Equal(Dense.Dot<double>(system.PrimalV, system.G), system.Measured.InnerProduct, 1e-9);
        Assert.Equal(Dense.Dot<double>(system.PrimalV, system.PrimalV), system.Measured.DirectionSquared, 1e-9);
        Assert.Equal(Dense.Dot<double>(system.G, system.G), system.Measured.GradientSquared, 1e-9);
    }

    [Fact]
    public void Right_hand_sides_that_are_too_short_are_refused()
    {
        using var system = new DualCase<float>(0.5f);
        system.Delta = new float[(Rows * Units) - 1];
        ArgumentException e = Assert.Throws<ArgumentException>(() => system.Solve(1));
        Assert.Contains($"{Rows} x {Units}", e.Message, StringComparison.Ordinal);
    }

    private static void Homogeneous<T>(int exponent)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var system = new DualCase<T>(0.5);
        foreach (int iterations in (int[])[1, 3, 6])
        {
            T[] delta = system.Delta;
            SolveReport plain = system.Solve(iterations);
            T[] expected = [.. system.S.Select(s => T.ScaleB(s, exponent))];
            system.Delta = [.. delta.Select(d => T.ScaleB(d, exponent))];
            SolveReport scaled = system.Solve(iterations);
            system.Delta = delta;
            Assert.Equal(expected, system.S);
            Assert.Equal((plain.Status, plain.Iterations), (scaled.Status, scaled.Iterations));
            Assert.Equal(plain.RelativeResidual, scaled.RelativeResidual, 1e-12);
            Assert.Equal(1, scaled.RightHandSideNorm / Math.ScaleB(plain.RightHandSideNorm, exponent), 1e-6);
        }
    }
}
