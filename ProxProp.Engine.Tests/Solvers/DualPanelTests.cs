using ProxProp.Engine.Solvers;

namespace ProxProp.Engine.Tests.Solvers;

/// <summary>Dual conjugate gradients a panel of columns at a time: bits and report of the whole, on any number of workers.</summary>
public sealed class DualPanelTests
{
    private const int Rows = DualCase<float>.Rows, Units = DualCase<float>.Units;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void In_panels_of_any_width_the_solution_has_the_same_bits_and_the_report_says_the_same(int panelColumns)
    {
        using var system = new DualCase<float>(0.5f);
        for (int i = 0; i < Rows; i++)
        {
            system.Delta[i * Units] *= 1e25f;
            system.Delta[(i * Units) + 2] = 0;
        }

        foreach (int iterations in (int[])[0, 1, 5, 100])
        {
            SolveReport whole = system.Solve(iterations);
            float[] expected = system.S;
            SolveReport parts = system.Solve(iterations, panelColumns: panelColumns);
            Assert.Equal(expected, system.S);
            Assert.Equal((whole.Solver, whole.Status, whole.Iterations), (parts.Solver, parts.Status, parts.Iterations));
            Assert.Equal(whole.RelativeResidual, parts.RelativeResidual, 1e-6 * (1 + whole.RelativeResidual));
            Assert.Equal(1, parts.RightHandSideNorm / whole.RightHandSideNorm, 1e-6);
        }
    }

    /// <summary>With fewer panels than workers each panel has all of them; with more each worker has panels of its own, in memory of its own.</summary>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(3, 1)]
    [InlineData(3, 2)]
    [InlineData(8, 1)]
    public void Panels_have_the_same_bits_on_any_worker(int workers, int panelColumns)
    {
        using var system = new DualCase<float>(0.5f, threads: workers);
        foreach (int iterations in (int[])[0, 1, 3])
        {
            SolveReport one = system.Solve(iterations, panelColumns: panelColumns);
            float[] expected = system.S;
            Assert.Equal(one, system.Solve(iterations, panelColumns: panelColumns, workers: workers));
            Assert.Equal(expected, system.S);
            Assert.Equal(one, system.Solve(iterations, panelColumns: panelColumns, workers: workers + 2));
            Assert.Equal(expected, system.S);
        }
    }

    [Fact]
    public void In_panels_of_any_width_the_measure_is_the_same()
    {
        using var system = new DualCase<double>(0.5);
        system.Solve(3);
        DirectionMeasure whole = system.Measured;
        foreach (int panelColumns in (int[])[1, 2, 4])
        {
            system.Solve(3, panelColumns: panelColumns);
            Assert.Equal(whole.InnerProduct, system.Measured.InnerProduct, 1e-12);
            Assert.Equal(whole.DirectionSquared, system.Measured.DirectionSquared, 1e-12);
            Assert.Equal(whole.GradientSquared, system.Measured.GradientSquared, 1e-9);
        }
    }

    [Fact]
    public void A_panel_that_breaks_down_leaves_the_others_alone()
    {
        using var system = new DualCase<float>(0.5f);
        system.Solve(5, panelColumns: 2);
        float[] clean = system.S;
        system.Delta[Units + 3] = float.NaN;
        SolveReport report = system.Solve(5, panelColumns: 2);
        Assert.Equal(SolveStatus.Breakdown, report.Status);
        Assert.Equal(double.NaN, report.RelativeResidual);
        for (int i = 0; i < clean.Length; i++)
            Assert.Equal(i % Units == 3 ? 0 : clean[i], system.S[i]);
    }
}
