using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Theory;

/// <summary>
/// Mini-batches (paper, 4.2.3). Each direction is one of descent for its own batch; that the mean of the directions keeps a positive
/// inner product with the full gradient does not follow, and is not true in general.
/// </summary>
public sealed class StochasticTests
{
    [EngineProperty(Cases = 60)]
    public void Every_mini_batch_direction_descends_on_its_own_batch(NetworkCase c)
    {
        // A batch of one sample has no batch statistics.
        c = c with { Layers = c.Layers.RemoveAll(l => l is BatchNormSpec), CrossEntropy = false, ZeroGradient = false };
        using var run = new NetworkRun<double>(c);
        using var plain = new NetworkRun<double>(c, new StepSpec(StepKind.Gradient));
        int size = 1 + (c.Seed % c.Batch), width = run.Targets.Values.Length / c.Batch;
        for (int first = 0; first < c.Batch; first += size)
        {
            int count = Math.Min(size, c.Batch - first);
            double[][] v = Part(run, first, count, width), g = Part(plain, first, count, width);
            for (int l = 0; l < v.Length; l++)
            {
                double inner = Vectors.Dot(v[l], g[l]), sizes = Vectors.Norm(v[l]) * Vectors.Norm(g[l]);
                Assert.True(inner >= -1e-9 * sizes, $"samples {first} to {first + count - 1}, layer {l}: <v,g> = {inner:e2}, sizes {sizes:e2}");
            }
        }
    }

    /// <summary>With |a| ≤ B the spectrum of M⁻¹ stays in [λ, τ_θ] with λ = 1/(1/τ_θ + rows·(B²·weights + 1)).</summary>
    [EngineProperty(Cases = 40)]
    public void The_spectrum_stays_above_a_constant_while_activations_are_bounded(LayerCase c)
    {
        using var probe = LayerProbe<double>.Definite(c);
        double bound = probe.Input.Max(Math.Abs);
        double rows = (double)probe.A.GetLength(0) / probe.Layout.Units;
        double largest = (1 / probe.TauTheta) + (rows * ((bound * bound * probe.Layout.WeightsPerUnit) + 1));
        var random = new Random(c.Seed);
        for (int i = 0; i < 3; i++)
        {
            // Rayleigh quotients of the inverse that the production applies.
            double[] x = BatchData.Normals(random, probe.G.Length);
            double quotient = Vectors.Dot(x, probe.Primal(x)) / Vectors.Dot(x, x);
            double rounding = Tolerances.ResidualRatio * probe.Order * Tolerances.Epsilon<double>() * probe.Condition * quotient;
            Assert.InRange(quotient, (1 / largest) - rounding, probe.TauTheta + rounding);
        }

        Assert.True(probe.Eigenvalues[^1] <= largest * (1 + 1e-12), $"largest eigenvalue {probe.Eigenvalues[^1]:e3}, bound {largest:e3}");
    }

    /// <summary>
    /// The counterexample: two samples, batches of one. A sample with a large activation has a large gradient but, for the same reason, a small
    /// proximal direction, so that a weaker sample of the opposite sign wins the mean.
    /// </summary>
    [Fact]
    public void The_mean_of_mini_batch_directions_can_point_away_from_the_gradient()
    {
        double[] gradient = MeanHunt.Mean([10, 1], [1, -5], 1, tauTheta: 1e9, batch: 2, explicitly: true);
        double[] direction = MeanHunt.Mean([10, 1], [1, -5], 1, tauTheta: 1, batch: 1, explicitly: false);
        Assert.Equal(2.5, gradient[0], 1e-12);
        Assert.Equal(((10.0 / 101) - (5.0 / 2)) / 2, direction[0], 1e-12);
        Assert.True(direction[0] * gradient[0] < 0, "The mean direction climbs.");
    }

    /// <summary>The same in a network that is trained: linear 1→1→1, squared error, everything by the production's step.</summary>
    [Fact]
    public void A_network_has_the_counterexample_too()
    {
        double[] samples = [10, 1], targets = [10 - 0.5, 1 + 2.5];
        double[] full = Hidden(samples, targets, new ExplicitStep<double>());
        double mean = 0;
        for (int i = 0; i < 2; i++)
            mean += Hidden([samples[i]], [targets[i]], new ExactStep<double>(1))[0] / 2;
        Assert.Equal(2.5, full[0], 1e-12);
        Assert.True(mean < -1, $"mean direction {mean}");
    }

    /// <summary>
    /// When it does hold: d_i = τ_θ(g_i − E_i g_i) with ‖E_i‖ ≤ η = τ_θ·max‖A_i‖²/(1 + τ_θ·max‖A_i‖²), so ⟨mean d, mean g⟩ &gt; 0 whenever
    /// η·mean‖g_i‖ &lt; ‖mean g_i‖.
    /// </summary>
    [EngineProperty(Cases = 200)]
    public void The_mean_keeps_its_sign_while_tau_theta_is_small_against_the_cancellation_of_gradients(LayerCase c)
    {
        c = c with { Delta = DeltaKind.Normal, DeltaScale = 1, Batch = Math.Max(2, c.Batch) };
        using var probe = new LayerProbe<double>(c);
        int batch = 1 + (c.Seed % Math.Max(1, c.Batch / 2));
        MeanHunt.Parts parts = MeanHunt.Split(c, probe.Input, probe.Delta, batch);
        double eta = (parts.FullGradientNorm / parts.MeanGradientNorm) * 0.99;
        if (!(eta > 1e-6))
            return;
        double tau = eta / (1 - eta) / Math.Max(1e-12, parts.LargestSquaredNorm);
        double inner = MeanHunt.Inner(c with { TauTheta = tau }, probe.Input, probe.Delta, batch);
        Assert.True(inner > 0, $"batches of {batch}, tau_theta {tau:e2}: <mean d, g> = {inner:e2}");
    }

    /// <summary>How often the mean direction climbs, by batch size, τ_θ and spread of the activations; prints the table that is kept beside the results.</summary>
    [Fact]
    public void Counterexamples_are_found_where_tau_theta_is_large_and_the_spread_is_wide()
    {
        int trials = 300 * EnginePropertyAttribute.Factor;
        string table = MeanHunt.Table(trials, out int smallTau, out int largeTau);
        TestContext.Current.TestOutputHelper?.WriteLine(table);
        Assert.Equal(0, smallTau);
        Assert.True(largeTau > trials / 10, $"{largeTau} of {trials} at the largest tau_theta and spread\n{table}");
    }

    private static double[][] Part(NetworkRun<double> run, int first, int count, int width)
    {
        int input = run.Network.Input.Size;
        run.Step.ComputeDirections(
            run.Samples.AsSpan(first * input, count * input), new Targets<double>(run.Targets.Values.Slice(first * width, count * width)), count);
        return run.Split(run.Step.Directions);
    }

    private static double[] Hidden(double[] samples, double[] targets, ProximalStep<double> step)
    {
        using var network = new Network<double>(
            Shape.Vector(1), [new Linear<double>(1, bias: false), new Linear<double>(1, bias: false)], samples.Length, 1, SharedCompute.OneThread);
        network.Parameters.Fill(1);
        using var training = new TrainingStep<double>(network, step, new Sgd<double>(), new MeanSquaredErrorLoss<double>());
        training.ComputeDirections(samples, new Targets<double>(targets), samples.Length);
        return [training.Directions[0]];
    }
}
