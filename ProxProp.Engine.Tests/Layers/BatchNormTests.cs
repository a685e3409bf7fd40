using ProxProp.Engine.Layers;
using ProxProp.Engine.Training;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Layers;

/// <summary>Batch normalisation against numbers from torch.nn.BatchNorm1d and BatchNorm2d in double precision (ε 1e-3, momentum 0.2).</summary>
public sealed class BatchNormTests
{
    private const double Tolerance = 1e-12;

    [Fact]
    public void Vectors() => Check(
        Shape.Vector(3),
        4,
        [-1.1053209317871082, 1.2480163252000704, 2.0806884336000944, 0.14371915907660537, 0.5826721084000235, 1.1935628112000316,
         0.03510697726236943, -0.08267210840002379, 0.3064371887999686, -0.07350520455186652, -0.748016325200071, -0.5806884336000941],
        [0.03098602639439465, 0.33470059686587733, -1.357243191698544, 0.1532391441474066, -1.0225425948326667, 1.8158045236764038,
         -0.010328675464798223, 1.0225425948326667, 0.45241439723284793, -0.17389649507700305, -0.33470059686587744, -0.9109757292107078],
        [0.8044089715616851, -0.3326721084000237, 0.16633605420001166],
        [-0.875, 0.5, -0.375],
        [0.6102000000000001, 0.4408000000000001, -0.11360000000000002],
        [1.9516400000000003, 0.7174400000000001, 0.7174400000000001],
        [-0.8261542049267729, 0.5324417501743028, 0.6126724322460783, 0.07911851800499664, 0.3377763835128159, 0.3531186100307624,
         0.00039915079353843274, 0.14311101685132893, 0.09356478781544647, -0.07832021641791978, -0.05155434981015798, -0.1659890343998694]);

    [Fact]
    public void Images() => Check(
        Shape.Image(2, 2, 3),
        2,
        [-1.1216359038821122, -0.05568626346577117, -0.655282936199963, 0.4106667042163781, -0.1889299685178138, -0.7885266412520057,
         1.2976563939310686, 0.33878444016364984, -0.6200875136037688, 1.0845737375383089, 0.12570178377089014, -0.8331701699965285,
         0.01093558906025014, -0.5886610836739418, 0.47728855674239945, -0.12230811599179249, -0.7219047887259844, 0.3440448516903567,
         0.4453257683600297, -0.513546185407389, 1.1911150657346885, 0.23224311196727, -0.7266288418001486, 0.9780324093419289],
        [-0.19316192593519796, 0.028113128912112317, -0.18625573702432965, 0.03501931782298066, -0.17934954811346127, 0.2876414413298603,
         -0.03851261418823719, 0.5466799008898605, 0.04224519577770969, -0.4062007854923536, 0.17899172958574397, -0.3254429755264068,
         0.09399114212602336, -0.12037772381041859, 0.1008973310368917, -0.11347153489955022, 0.3535194545437713, -0.10656534598868188,
         -0.4196380792144546, 0.16555443586364302, -0.28289154540642036, 0.30230096967167736, -0.20213373544047347, 0.4390475034797116],
        [1.4615168897895927, -0.1953257683600297],
        [0.375, -0.75],
        [0.44593333333333346, 0.32786666666666664],
        [1.3527120000000004, 1.2669120000000003],
        [-0.8713769437285326, -0.11503265333094581, -0.5404763166795884, 0.2158679737179984, -0.20957568963064416, -0.6350193529792867,
         0.9041647804024495, 0.244760287531395, -0.41464420533965946, 0.7576304486533263, 0.0982259557822718, -0.5611785370887826,
         -0.06776113518109665, -0.4932047985297392, 0.26313949186784763, -0.16230417148079498, -0.5877478348294375, 0.16859645556814917,
         0.3180274534059566, -0.34137703946509784, 0.8308976145278878, 0.1714931216568334, -0.487911371214221, 0.6843632827787646]);

    [Fact]
    public void Starts_from_pytorchs_statistics()
    {
        using var probe = new SingleLayer<double>(new BatchNorm<double>(), Shape.Vector(3), 2);
        Assert.Equal(["running_mean", "running_var"], probe.Layer.State.Select(s => s.Name));
        Assert.Equal([0, 0, 0], probe.Layer.StateValues(0).ToArray());
        Assert.Equal([1, 1, 1], probe.Layer.StateValues(1).ToArray());
        Assert.Equal([1, 1, 1, 0, 0, 0], probe.Parametric.Parameters.ToArray());
    }

    [Theory]
    [InlineData(-0.1, 1e-5, "momentum")]
    [InlineData(1.1, 1e-5, "momentum")]
    [InlineData(double.NaN, 1e-5, "momentum")]
    [InlineData(0.1, 0, "epsilon")]
    [InlineData(0.1, double.NaN, "epsilon")]
    [InlineData(0.1, double.PositiveInfinity, "epsilon")]
    public void Settings_out_of_range_are_refused(double momentum, double epsilon, string name) =>
        Assert.Equal(name, Assert.Throws<ArgumentOutOfRangeException>(() => new BatchNorm<float>(momentum, epsilon)).ParamName);

    private static void Check(
        Shape shape, int batch, double[] z, double[] da, double[] dGamma, double[] dBeta, double[] mean, double[] variance, double[] evaluated)
    {
        var layer = new BatchNorm<double>(momentum: 0.2, epsilon: 1e-3);
        using var compute = new ComputeContext(2);
        using var network = new Network<double>(shape, [layer], batch, compute: compute);
        double[] x = [.. Enumerable.Range(0, batch * shape.Size).Select(i => ((i * 7 % 11) * 0.25) - 1 + (i * 0.01))];
        double[] dz = [.. Enumerable.Range(0, x.Length).Select(i => ((i * 5 % 9) * 0.125) - 0.5)];
        for (int c = 0; c < shape.Channels; c++)
            (layer.Parameters[c], layer.Parameters[shape.Channels + c]) = (0.5 + (0.25 * c), -0.25 + (0.5 * c));

        var pass = new Pass(compute, batch, Training: true);
        double[] output = new double[x.Length], gradient = new double[x.Length], parameters = new double[2 * shape.Channels];
        layer.Forward(pass, x, output);
        layer.ParameterGradient(pass, x, dz, parameters);
        layer.Backward(pass, x, output, dz, gradient);
        AssertClose(z, output);
        AssertClose(da, gradient);
        AssertClose([.. dGamma, .. dBeta], parameters);

        layer.Forward(pass, [.. x.Select(v => (2 * v) + 1)], output);
        AssertClose(mean, layer.StateValues(0));
        AssertClose(variance, layer.StateValues(1));
        AssertClose(evaluated, network.Forward(x, batch));
    }

    private static void AssertClose(ReadOnlySpan<double> expected, ReadOnlySpan<double> found) =>
        Assert.True(Dense.WorstError(found, expected) < Tolerance);
}
