using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Layers;

/// <summary>Dropout as a layer: how many, which, and when.</summary>
public sealed class DropoutLayerTests
{
    private const int Features = 1000;
    private const int Batch = 40;

    [Theory]
    [InlineData(0.1)]
    [InlineData(0.5)]
    [InlineData(0.9)]
    public void Drops_its_share_and_keeps_the_mean(double probability)
    {
        double[] z = Run(probability, step: 0, seed: 5);
        int dropped = z.Count(v => v == 0);
        // Six standard deviations of a binomial count.
        double n = z.Length, spread = 6 * Math.Sqrt(n * probability * (1 - probability));
        Assert.InRange(dropped, (n * probability) - spread, (n * probability) + spread);
        Assert.All(z, v => Assert.True(v == 0 || Math.Abs(v - (1 / (1 - probability))) < 1e-12));
    }

    [Fact]
    public void The_same_seed_and_step_drop_the_same_and_others_do_not()
    {
        double[] first = Run(0.5, step: 3, seed: 5);
        Assert.Equal(first, Run(0.5, step: 3, seed: 5));
        Assert.Equal(first, Run(0.5, step: 3, seed: 5, threads: 3));
        foreach (double[] other in (double[][])[Run(0.5, step: 4, seed: 5), Run(0.5, step: 3, seed: 6)])
            Assert.InRange(first.Zip(other, (x, y) => x == y ? 0.0 : 1.0).Average(), 0.45, 0.55);
    }

    [Fact]
    public void Two_layers_of_one_network_drop_different_elements()
    {
        using var compute = new ComputeContext(1);
        using var network = new Network<double>(Shape.Vector(Features), [new Dropout<double>(), new Dropout<double>()], Batch, compute: compute);
        double[] ones = [.. Enumerable.Repeat(1.0, Batch * Features)];
        ReadOnlySpan<double> z = network.Forward(new Pass(compute, Batch, Training: true, Seed: 2), ones);
        int kept = z.Length - z.Count(0);
        Assert.InRange(kept, 0.22 * ones.Length, 0.28 * ones.Length);
    }

    [Fact]
    public void Evaluation_drops_nothing()
    {
        using var compute = new ComputeContext(1);
        using var network = new Network<double>(Shape.Vector(Features), [new Tanh<double>(), new Dropout<double>(0.7)], Batch, compute: compute);
        double[] a = Values.Uniform<double>(Batch * Features, 1);
        double[] tanh = new double[a.Length];
        Elementwise.Map(compute, default(TanhMap<double>), a, tanh);
        Assert.Equal(tanh, network.Forward(a, Batch).ToArray());
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1)]
    [InlineData(double.NaN)]
    public void A_probability_out_of_range_is_refused(double probability) =>
        Assert.Equal("probability", Assert.Throws<ArgumentOutOfRangeException>(() => new Dropout<float>(probability)).ParamName);

    private static double[] Run(double probability, long step, ulong seed, int threads = 1)
    {
        using var compute = new ComputeContext(threads);
        var layer = new Dropout<double>(probability);
        using var network = new Network<double>(Shape.Vector(Features), [layer], Batch, compute: compute);
        double[] ones = [.. Enumerable.Repeat(1.0, Batch * Features)], z = new double[ones.Length];
        layer.Forward(new Pass(compute, Batch, Training: true, step, seed), ones, z);
        return z;
    }
}
