using ProxProp.Engine.Layers;
using ProxProp.Engine.Proximal;

namespace ProxProp.Engine.Tests.Proximal;

/// <summary>What an earlier batch left in a solver's memory does not matter; what a preconditioner divides by does.</summary>
public sealed class RepeatedStepTests
{
    private const double TauTheta = 0.3;

    [Theory]
    [InlineData(6)]
    [InlineData(300)]
    public void A_second_step_is_that_of_a_new_solver_to_the_bit(int batch)
    {
        ProximalStep<double>[] steps =
        [
            new ExactStep<double>(TauTheta), new CgStep<double>(3, TauTheta), new CgStep<double>(3, TauTheta) { MatrixFree = true },
            new CgStep<double>(3, TauTheta, CgPreconditioner.Jacobi),
        ];
        foreach (ProximalStep<double> step in steps)
        {
            using var probe = new DirectionProbe<double>(new Linear<double>(40), Shape.Vector(30), batch);
            Func<(double[] V, LayerReport Report)> used = probe.Bind(step);
            used();
            for (int i = 0; i < probe.Input.Length; i++)
                probe.Input[i] *= 1 + (i % 3);
            for (int i = 0; i < probe.Delta.Length; i++)
                probe.Delta[i] = (i % 5) - probe.Delta[i];
            Assert.Equal(probe.Compute(step).V, used().V);
        }
    }

    [Fact]
    public void The_first_iterate_with_Jacobi_is_a_multiple_of_g_over_the_diagonal_in_every_unit()
    {
        const int Units = 3, Inputs = 5, Batch = 7;
        using var probe = new DirectionProbe<double>(new Linear<double>(Units), Shape.Vector(Inputs), Batch);
        for (int i = 0; i < probe.Input.Length; i++)
            probe.Input[i] *= 1 + (4 * (i % Inputs));
        double[] g = probe.Compute(new ExplicitStep<double>()).V;
        double[] v = probe.Compute(new CgStep<double>(1, TauTheta, CgPreconditioner.Jacobi)).V;
        for (int u = 0; u < Units; u++)
        {
            int bias = (Units * Inputs) + u;
            double step = v[bias] * ((1 / TauTheta) + Batch) / g[bias];
            Assert.True(step > 0);
            for (int j = 0; j < Inputs; j++)
            {
                double squares = Enumerable.Range(0, Batch).Sum(n => probe.Input[(n * Inputs) + j] * probe.Input[(n * Inputs) + j]);
                int at = (u * Inputs) + j;
                Assert.Equal(1, v[at] * ((1 / TauTheta) + squares) / g[at] / step, 1e-9);
            }
        }
    }
}
