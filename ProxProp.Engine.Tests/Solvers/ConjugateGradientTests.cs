using System.Numerics;
using ProxProp.Engine.Solvers;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Solvers;

/// <summary>Conjugate gradients against elimination in double: convergence, blocks, reports.</summary>
public sealed class ConjugateGradientTests
{
    [Theory]
    [InlineData(30, 12, 5)]
    [InlineData(4, 20, 3)]
    [InlineData(1, 9, 7)]
    [InlineData(200, 40, 1)]
    public void Run_to_convergence_it_solves_the_system(int rows, int columns, int units)
    {
        Converges<double>(rows, columns, units, 1e-11);
        Converges<float>(rows, columns, units, 1e-4);
    }

    [Fact]
    public void Zero_right_hand_sides_give_zero()
    {
        using var system = new SystemCase<float>(30, 12, 4, 0.5);
        system.G.AsSpan().Clear();
        SolveReport report = system.Solve(10);
        Assert.Equal(new SolveReport(SolverKind.MatrixFreeCg, SolveStatus.Solved, 0, 0) { RightHandSideNorm = 0 }, report);
        Assert.All(system.V, v => Assert.Equal(0, v));
    }

    [Fact]
    public void A_zero_right_hand_side_among_others_disturbs_none()
    {
        using var system = new SystemCase<float>(30, 12, 4, 0.5);
        system.G.AsSpan(12, 12).Clear();
        SolveReport report = system.Solve(60);
        Assert.Equal(SolveStatus.Solved, report.Status);
        Assert.All(system.V[12..24], v => Assert.Equal(0, v));
        Assert.True(system.Error() < 1e-4);
    }

    [Fact]
    public void Each_block_is_solved_as_if_it_were_alone_to_the_bit()
    {
        using var system = new SystemCase<float>(30, 17, 5, 0.1);
        for (int iterations = 1; iterations < 30; iterations += 4)
        {
            system.Solve(iterations);
            float[] together = system.V;
            for (int u = 0; u < 5; u++)
            {
                system.Solve(iterations, unit: u);
                Assert.Equal(together[(u * 17)..((u + 1) * 17)], system.V);
            }
        }
    }

    [Fact]
    public void A_column_that_has_converged_keeps_its_iterate()
    {
        using var system = new SystemCase<double>(6, 12, 2, 0.5);
        // One right-hand side in the null space of A, where M is 0.5·I: converged after one iteration.
        double[] null1 = NullVector(system);
        null1.CopyTo(system.G, 0);
        system.Solve(1);
        double[] first = system.V[..12];
        SolveReport report = system.Solve(50);
        Assert.Equal(SolveStatus.Solved, report.Status);
        Assert.True(Dense.WorstError<double>(first, [.. null1.Select(v => 2 * v)]) < 1e-12);
        Assert.True(Dense.WorstError<double>(system.V.AsSpan(0, 12), first) < 1e-12);
        Assert.True(system.Error() < 1e-11);
    }

    [Fact]
    public void The_number_of_iterations_is_bounded_by_the_number_of_eigenvalues()
    {
        using var system = new SystemCase<double>(3, 40, 6, 0.25);
        // Three of A's and the shift.
        SolveReport report = system.Solve(100, tolerance: 1e-9);
        Assert.Equal(SolveStatus.Solved, report.Status);
        Assert.Equal(4, report.Iterations);
        Assert.True(system.Error() < 1e-9);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_reported_residual_is_the_true_one(bool preconditioned)
    {
        using var system = new SystemCase<double>(40, 25, 3, 0.01);
        JacobiPreconditioner<double>? jacobi = preconditioned ? system.Jacobi() : null;
        for (int iterations = 1; iterations <= 20; iterations++)
        {
            SolveReport report = system.Solve(iterations, jacobi);
            Assert.Equal(SolveStatus.IterationLimit, report.Status);
            Assert.Equal(iterations, report.Iterations);
            Assert.InRange(report.RelativeResidual / system.Residual(), 1 - 1e-6, 1 + 1e-6);
        }

        SolveReport end = system.Solve(500, jacobi);
        Assert.Equal(SolveStatus.Solved, end.Status);
        Assert.InRange(end.RelativeResidual, 0, 1e-10);
    }

    [Fact]
    public void A_converged_float_solve_reports_the_residual_it_really_has()
    {
        using var system = new SystemCase<float>(20, 40, 3, 1e-4);
        SolveReport report = system.Solve(2000);
        double residual = system.Residual();
        Assert.Equal(SolveStatus.Solved, report.Status);
        Assert.True(residual > 2e-6, $"The case is hard enough that the recurrence alone would be too optimistic: {residual}.");
        Assert.InRange(report.RelativeResidual / residual, 0.5, 2);
    }

    [Fact]
    public void A_tolerance_ends_the_solve_early()
    {
        using var system = new SystemCase<double>(40, 25, 3, 0.01);
        SolveReport report = system.Solve(500, tolerance: 1e-3);
        Assert.Equal(SolveStatus.Solved, report.Status);
        Assert.InRange(report.Iterations, 2, 40);
        Assert.InRange(system.Residual(), 1e-8, 1e-3);
    }

    [Fact]
    public void Every_iterate_from_zero_is_a_descent_direction()
    {
        using var system = new SystemCase<float>(20, 30, 4, 1e-3);
        JacobiPreconditioner<float> jacobi = system.Jacobi();
        for (int iterations = 1; iterations < 60; iterations += 3)
        {
            foreach (bool joint in (bool[])[false, true])
            {
                system.Solve(iterations, joint ? null : jacobi, joint);
                for (int u = 0; u < 4; u++)
                {
                    double inner = Dense.Dot<float>(system.V.AsSpan(u * 30, 30), system.G.AsSpan(u * 30, 30));
                    Assert.True(joint || inner > 0, $"unit {u} after {iterations}: {inner}");
                }

                Assert.True(Dense.Dot<float>(system.V, system.G) > 0);
            }
        }
    }

    [Fact]
    public void No_iterations_give_zero()
    {
        using var system = new SystemCase<float>(20, 10, 4, 1);
        SolveReport report = system.Solve(0);
        Assert.Equal((SolveStatus.IterationLimit, 0, 1.0), (report.Status, report.Iterations, report.RelativeResidual));
        Assert.Equal(Math.Sqrt(Dense.Dot<float>(system.G, system.G)), report.RightHandSideNorm, 1e-5);
        Assert.All(system.V, v => Assert.Equal(0, v));
    }

    private static void Converges<T>(int rows, int columns, int units, double tolerance)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (double shift in (double[])[20, 1, 0.05])
        {
            using var system = new SystemCase<T>(rows, columns, units, shift);
            JacobiPreconditioner<T> jacobi = system.Jacobi();
            foreach ((IPreconditioner<T>? preconditioner, bool joint) in ((IPreconditioner<T>?, bool)[])[(null, false), (jacobi, false), (null, true)])
            {
                SolveReport report = system.Solve(10 * columns * units, preconditioner, joint);
                Assert.Equal(SolveStatus.Solved, report.Status);
                Assert.True(system.Error() < tolerance, $"shift {shift}, joint {joint}: {system.Error():e2}");
                Assert.True(report.RelativeResidual < tolerance);
            }
        }
    }

    private static double[] NullVector(SystemCase<double> system)
    {
        // A long power iteration on I − AᵀA/trace ends in the null space.
        int n = system.Layout.Columns;
        double[,] projector = Dense.Shifted(new double[n, n], 1);
        double trace = Enumerable.Range(0, n).Sum(i => system.Matrix[i, i] - system.Shift);
        double[,] x = system.AsColumns(system.G);
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
                projector[i, j] -= (system.Matrix[i, j] - (i == j ? system.Shift : 0)) / trace;
        }

        for (int k = 0; k < 12; k++)
            projector = Dense.Product(projector, projector);
        double[,] y = Dense.Product(projector, x);
        return [.. Enumerable.Range(0, n).Select(i => y[i, 0])];
    }
}
