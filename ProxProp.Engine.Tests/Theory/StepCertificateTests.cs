using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Theory;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Theory;

public sealed class StepCertificateTests
{
    [EngineProperty(Cases = 50)]
    public void Every_network_of_the_generators_is_certified_double(NetworkCase c)
    {
        using var run = new NetworkRun<double>(c);
        AssertPassed(StepCertificate.Check(run.Step, run.Samples, run.Targets, c.Batch));
    }

    [EngineProperty(Cases = 30)]
    public void Every_network_of_the_generators_is_certified_float(NetworkCase c)
    {
        // Badly scaled data in float leave derivatives behind saturated units without a digit.
        using var run = new NetworkRun<float>(c with { DataScale = 1, WeightScale = 1, TauTheta = Math.Clamp(c.TauTheta, 1e-3, 10), Data = DataKind.Normal });
        AssertPassed(StepCertificate.Check(run.Step, run.Samples, run.Targets, c.Batch));
    }

    [Theory]
    [InlineData(StepKind.Exact)]
    [InlineData(StepKind.Cg)]
    [InlineData(StepKind.Pcg)]
    [InlineData(StepKind.Gradient)]
    public void Training_on_the_digits_is_certified_in_float(StepKind kind)
    {
        Dataset<float> digits = Digits.Load<float>().Take(200);
        using var compute = new ComputeContext(2);
        using var network = new Network<float>(Shape.Vector(64), Models.Mlp<float>(64, [32, 16], 10).Layers, 100, 3, compute);
        using var step = new TrainingStep<float>(network, new StepSpec(kind, 3).Make<float>(0.05), new Sgd<float>());
        float[] samples = new float[100 * 64];
        int[] labels = new int[100];
        digits.CopyBatch([.. Enumerable.Range(0, 100)], samples, labels);
        for (int i = 0; i < 3; i++)
        {
            float[] before = network.Parameters.ToArray();
            StepCertificate certificate = StepCertificate.Check(step, samples, new Targets<float>(labels), 100);
            AssertPassed(certificate);
            Assert.Equal(before, network.Parameters.ToArray());
            Assert.Equal([0, 2, 4], certificate.Entries.Select(e => e.Layer).Distinct().Order());
            step.Run(samples, new Targets<float>(labels), 100, 0.5);
        }
    }

    /// <summary>Directions that are wrong in one way each: the certificate must say so.</summary>
    [Theory]
    [InlineData("sign")]
    [InlineData("too long")]
    [InlineData("no damping")]
    [InlineData("zero")]
    [InlineData("other data")]
    public void A_wrong_direction_is_not_certified(string fault)
    {
        var c = new NetworkCase(
            Shape.Vector(6), [new LinearSpec(5), new ActivationSpec(ActivationKind.Tanh), new LinearSpec(3)], 4, false, DataKind.Normal, 1, 1, 0, false,
            0.1, 0.5, new StepSpec(StepKind.Exact), 11);
        using var run = new NetworkRun<double>(c);
        using var step = new TrainingStep<double>(run.Network, new FaultyStep(fault), new Sgd<double>(), run.MakeLoss());
        StepCertificate certificate = StepCertificate.Check(step, run.Samples, run.Targets, c.Batch);
        Assert.False(certificate.Passed, string.Join('\n', certificate.Entries));
        Assert.All(certificate.Entries.Where(e => !e.Passed), e => Assert.Equal(0, e.Layer));
    }

    [Fact]
    public void A_loss_that_is_not_finite_is_refused()
    {
        var c = new NetworkCase(
            Shape.Vector(3), [new LinearSpec(2), new LinearSpec(2)], 2, false, DataKind.Normal, 1, 1, 0, false, 1, 1, new StepSpec(StepKind.Exact), 1);
        using var run = new NetworkRun<double>(c);
        run.Samples[1] = double.NaN;
        var e = Assert.Throws<ArgumentException>(() => StepCertificate.Check(run.Step, run.Samples, run.Targets, c.Batch));
        Assert.StartsWith("The loss of this batch is NaN", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Frozen_layers_belong_to_the_data()
    {
        var random = new Random(5);
        double[] samples = [.. Enumerable.Range(0, 12 * 6).Select(_ => random.NextDouble() - 0.5)];
        int[] labels = [.. Enumerable.Range(0, 12).Select(i => i % 3)];
        using var network = new Network<double>(
            Shape.Vector(6),
            [new Linear<double>(7), new BatchNorm<double>(), new Tanh<double>(), new Dropout<double>(0.3), new Linear<double>(5), new Relu<double>(), new Linear<double>(3)],
            12) { FrozenLayers = 3 };
        using var step = new TrainingStep<double>(network, new ExactStep<double>(0.5), new Sgd<double>());
        StepCertificate certificate = StepCertificate.Check(step, samples, new Targets<double>(labels), 12);
        AssertPassed(certificate);
        Assert.Equal([4, 6], certificate.Entries.Select(e => e.Layer).Distinct().Order());
    }

    [Fact]
    public void A_batch_that_comes_in_parts_is_refused()
    {
        using var network = new Network<double>(Shape.Vector(2), [new Linear<double>(2)], 3);
        using var step = new TrainingStep<double>(network, new ExplicitStep<double>(), new Sgd<double>(), maxBatch: 6);
        var e = Assert.Throws<ArgumentOutOfRangeException>(() => StepCertificate.Check(step, new double[12], new Targets<double>(new int[6]), 6));
        Assert.Contains("A batch of 1 to 3 samples was expected", e.Message, StringComparison.Ordinal);
        AssertPassed(StepCertificate.Check(step, new double[6], new Targets<double>(new int[3]), 3));
    }

    [Fact]
    public void It_changes_nothing()
    {
        var c = new NetworkCase(
            Shape.Vector(4), [new LinearSpec(5), new BatchNormSpec(), new ActivationSpec(ActivationKind.Relu), new DropoutSpec(0.25), new LinearSpec(3)],
            8, true, DataKind.Normal, 1, 1, 0, false, 0.1, 0.5, new StepSpec(StepKind.Exact), 11);
        using var one = new NetworkRun<double>(c);
        using var other = new NetworkRun<double>(c);
        for (int i = 0; i < 4; i++)
        {
            AssertPassed(StepCertificate.Check(one.Step, one.Samples, one.Targets, c.Batch));
            one.Step.Run(one.Samples, one.Targets, c.Batch, 0.01);
            other.Step.Run(other.Samples, other.Targets, c.Batch, 0.01);
            Assert.Equal(other.Network.Parameters.ToArray(), one.Network.Parameters.ToArray());
            Assert.Equal(other.Network.Layers[1].StateValues(1).ToArray(), one.Network.Layers[1].StateValues(1).ToArray());
        }
    }

    private static void AssertPassed(StepCertificate certificate) =>
        Assert.True(certificate.Passed, string.Join('\n', certificate.Entries.Where(e => !e.Passed)));

    private sealed class FaultyStep(string fault) : ProximalStep<double>(Damping.Fixed(0.5))
    {
        public override string Name => fault;

        public override IDirection<double> Bind(ProximalLayer<double> layer, in PlanContext plan) =>
            new Direction(fault, new ExactStep<double>(fault == "no damping" ? 1e6 : 0.5).Bind(layer, plan));

        private sealed class Direction(string fault, IDirection<double> right) : IDirection<double>
        {
            public LayerDamping? Damping => null;

            public LayerReport Compute(in Pass pass, ReadOnlySpan<double> a, ReadOnlySpan<double> delta, Span<double> v)
            {
                double[] other = a.ToArray();
                if (fault == "other data")
                    other.AsSpan().Reverse();
                LayerReport report = right.Compute(pass, other, delta, v) with { Shift = 2 };
                double factor = fault switch { "sign" => -1, "too long" => 1.01, "zero" => 0, _ => 1 };
                foreach (ref double x in v)
                    x *= factor;
                return report;
            }
        }
    }
}
