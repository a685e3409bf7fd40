using ProxProp.Engine.Layers;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;
using ProxProp.Engine.Theory;

namespace ProxProp.Engine.Tests.Theory;

/// <summary>The literal algorithms are only as good as the energy's gradients: these against central differences of the energy itself, away from
/// the forward pass, where no term is zero.</summary>
public sealed class PenaltyEnergyTests
{
    [EngineProperty(Cases = 60)]
    public void Gradients_are_those_of_the_energy(NetworkCase c)
    {
        // Kinks and badly scaled numbers say nothing about formulas, and would drown central differences.
        c = c with { DataScale = 1, WeightScale = 1, DeadUnits = 0, Data = DataKind.Normal, Tau = 1, ZeroGradient = false };
        using var run = new NetworkRun<double>(c);
        using var energy = new PenaltyEnergy<double>(run.Network, run.Loss, rho: 0.7, gamma: 1.3);
        var random = new Random(c.Seed);
        PenaltyPoint<double> point = energy.ForwardPass(run.Samples, c.Batch);
        foreach (double[] x in point.A.Concat(point.Z))
            Add(x, 0.3, BatchData.Normals(random, x.Length));
        double size = Math.Abs(energy.Evaluate(point, run.Targets));
        int last = energy.Groups.Count - 1;
        for (int l = 0; l <= last; l++)
        {
            Compare(run, energy, point, point.Theta[l], energy.GradientTheta(point, l, run.Targets), size, random, $"theta of group {l}");
            if (l == last)
                continue;
            Compare(run, energy, point, point.A[l], energy.GradientA(point, l, run.Targets), size, random, $"a of group {l}");
            Compare(run, energy, point, point.Z[l], energy.GradientZ(point, l), size, random, $"z of group {l}");
        }
    }

    [EngineProperty(Cases = 30)]
    public void On_the_forward_pass_the_energy_is_the_loss(NetworkCase c)
    {
        using var run = new NetworkRun<double>(c);
        using var energy = new PenaltyEnergy<double>(run.Network, run.Loss, 1 / c.Tau, 1 / c.Tau);
        double loss = run.LossAt(run.Network.Parameters);
        double value = energy.Evaluate(energy.ForwardPass(run.Samples, c.Batch), run.Targets);
        Assert.True(Math.Abs(value - loss) <= 1e-11 * Math.Abs(loss) + 1e-300, $"energy {value:r}, loss {loss:r}");
    }

    private static void Compare(
        NetworkRun<double> run, PenaltyEnergy<double> energy, PenaltyPoint<double> point, double[] x, double[] gradient, double size, Random random, string what)
    {
        // Two step sizes: at a kink between the points of one the other is right.
        double[] direction = BatchData.Normals(random, x.Length);
        double expected = Vectors.Dot(gradient, direction);
        double scale = Vectors.Norm(gradient) * Vectors.Norm(direction);
        double best = double.PositiveInfinity;
        foreach (double h in (double[])[1e-4, 1e-5, 1e-6])
        {
            double[] saved = [.. x];
            Add(x, h, direction);
            double plus = energy.Evaluate(point, run.Targets);
            saved.CopyTo(x, 0);
            Add(x, -h, direction);
            double minus = energy.Evaluate(point, run.Targets);
            saved.CopyTo(x, 0);
            double error = Math.Abs(((plus - minus) / (2 * h)) - expected);
            best = Math.Min(best, error - (1e-14 * size / h));
        }

        Assert.True(best <= 1e-4 * scale, $"{what}: central differences are off by {best:e2}, the gradient's size is {scale:e2}");
    }

    private static void Add(double[] x, double s, double[] y)
    {
        for (int i = 0; i < x.Length; i++)
            x[i] += s * y[i];
    }
}
