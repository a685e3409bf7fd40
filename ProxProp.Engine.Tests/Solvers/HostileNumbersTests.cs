using System.Numerics;
using ProxProp.Engine.Solvers;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Solvers;

/// <summary>Conjugate gradients on numbers whose squares overflow or vanish, on NaN, and on matrices that are not positive definite.</summary>
public sealed class HostileNumbersTests
{
    [Theory]
    [InlineData(40)]
    [InlineData(60)]
    [InlineData(100)]
    [InlineData(-40)]
    [InlineData(-60)]
    [InlineData(-90)]
    public void Float_solves_are_homogeneous_to_the_bit(int exponent) => Homogeneous<float>(exponent);

    [Theory]
    [InlineData(500)]
    [InlineData(1000)]
    [InlineData(-500)]
    [InlineData(-900)]
    public void Double_solves_are_homogeneous_to_the_bit(int exponent) => Homogeneous<double>(exponent);

    [Fact]
    public void Blocks_of_very_different_size_are_solved_together()
    {
        using var system = new SystemCase<float>(30, 15, 3, 0.5);
        for (int i = 0; i < 15; i++)
        {
            system.G[i] *= 1e25f;
            system.G[15 + i] *= 1e-25f;
        }

        SolveReport report = system.Solve(100);
        Assert.Equal(SolveStatus.Solved, report.Status);
        double[,] expected = Dense.Solve(system.Matrix, system.AsColumns(system.G));
        double[,] found = system.AsColumns(system.V);
        for (int u = 0; u < 3; u++)
        {
            double largest = Enumerable.Range(0, 15).Max(i => Math.Abs(expected[i, u]));
            for (int i = 0; i < 15; i++)
                Assert.True(Math.Abs(found[i, u] - expected[i, u]) < 1e-4 * largest, $"unit {u}: {found[i, u]} instead of {expected[i, u]}");
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void A_right_hand_side_that_is_not_finite_gives_zero_and_says_so(float bad)
    {
        using var system = new SystemCase<float>(30, 15, 3, 0.5);
        system.Solve(5);
        float[] clean = system.V;
        system.G[18] = bad;
        SolveReport report = system.Solve(5);
        Assert.Equal(SolveStatus.Breakdown, report.Status);
        Assert.Equal(double.NaN, report.RelativeResidual);
        Assert.All(system.V[15..30], v => Assert.Equal(0, v));
        Assert.Equal(clean[..15], system.V[..15]);
        Assert.Equal(clean[30..], system.V[30..]);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(1e38f)]
    public void A_matrix_that_overflows_never_gives_nan(float bad)
    {
        using var system = new SystemCase<float>(30, 15, 3, 0.5);
        system.Gram.AsSpan().Fill(bad);
        foreach (int iterations in (int[])[1, 2, 3, 20])
        {
            SolveReport report = system.Solve(iterations);
            Assert.NotEqual(SolveStatus.Solved, report.Status);
            Assert.All(system.V, v => Assert.True(float.IsFinite(v)));
        }
    }

    [Fact]
    public void A_solution_that_overflows_is_zero_and_says_so()
    {
        using var system = new SystemCase<float>(1, 15, 2, 1e-20);
        for (int i = 0; i < 15; i++)
            system.G[i] *= 1e30f;
        SolveReport report = system.Solve(50);
        Assert.Equal(SolveStatus.Breakdown, report.Status);
        Assert.All(system.V, v => Assert.True(float.IsFinite(v)));
    }

    [Fact]
    public void An_indefinite_matrix_breaks_down_at_the_last_good_iterate()
    {
        using var system = new SystemCase<double>(30, 15, 3, 0.5);
        for (int i = 0; i < 15; i++)
            system.Gram[(i * 15) + i] -= i % 2 == 0 ? 40 : 0;
        SolveReport report = system.Solve(50);
        Assert.Equal(SolveStatus.Breakdown, report.Status);
        Assert.All(system.V, v => Assert.True(double.IsFinite(v)));
    }

    [Fact]
    public void A_preconditioner_that_is_not_positive_definite_breaks_down()
    {
        using var system = new SystemCase<double>(30, 15, 3, 0.5);
        SolveReport report = system.Solve(50, new Negative());
        Assert.Equal(SolveStatus.Breakdown, report.Status);
        Assert.All(system.V, v => Assert.Equal(0, v));
        Assert.Equal(1, report.RelativeResidual, 12);
    }

    [Fact]
    public void A_perfect_preconditioner_needs_one_iteration()
    {
        using var system = new SystemCase<double>(30, 15, 3, 0.5);
        SolveReport report = system.Solve(50, new Perfect(system));
        Assert.Equal((SolveStatus.Solved, 1), (report.Status, report.Iterations));
        Assert.True(system.Error() < 1e-12);
    }

    private static void Homogeneous<T>(int exponent)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var system = new SystemCase<T>(30, 15, 3, 0.5);
        foreach (int iterations in (int[])[1, 4, 12])
        {
            T[] g = system.G;
            SolveReport plain = system.Solve(iterations);
            T[] expected = [.. system.V.Select(v => T.ScaleB(v, exponent))];
            system.G = [.. g.Select(v => T.ScaleB(v, exponent))];
            SolveReport scaled = system.Solve(iterations);
            system.G = g;
            Assert.Equal(expected, system.V);
            Assert.Equal((plain.Status, plain.Iterations), (scaled.Status, scaled.Iterations));
            Assert.Equal(plain.RelativeResidual, scaled.RelativeResidual, 1e-12);
            Assert.Equal(1, scaled.RightHandSideNorm / Math.ScaleB(plain.RightHandSideNorm, exponent), 1e-6);
        }
    }

    private sealed class Negative : IPreconditioner<double>
    {
        public void Apply(ReadOnlySpan<double> r, Span<double> z)
        {
            for (int i = 0; i < r.Length; i++)
                z[i] = -r[i];
        }
    }

    private sealed class Perfect(SystemCase<double> system) : IPreconditioner<double>
    {
        public void Apply(ReadOnlySpan<double> r, Span<double> z)
        {
            double[,] x = Dense.Solve(system.Matrix, system.AsColumns(r.ToArray()));
            for (int i = 0; i < z.Length; i++)
                z[i] = x[i % system.Layout.Columns, i / system.Layout.Columns];
        }
    }
}
