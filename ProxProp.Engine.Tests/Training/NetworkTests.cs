using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Training;

/// <summary>Building networks, starting values, prediction, evaluation, and what is refused.</summary>
public sealed class NetworkTests : IDisposable
{
    private readonly ComputeContext _compute = new(1);

    /// <summary>Layers that were made part of a network which could not be built are free for another; those of a good one are not.</summary>
    [Fact]
    public void Layers_of_a_failed_network_can_be_used()
    {
        var layer = new Linear<float>(3);
        var activation = new Relu<float>();
        var wrong = new Conv2d<float>(2, 3);
        Assert.Throws<ArgumentException>(() => new Network<float>(Shape.Vector(4), [layer, activation, wrong], 2));
        Assert.Equal(0, layer.ParameterCount);
        using (var network = new Network<float>(Shape.Vector(5), [layer, activation, new Linear<float>(2)], 2))
        {
            Assert.Equal((3 * 5) + 3 + (2 * 3) + 2, network.ParameterCount);
            Assert.Throws<InvalidOperationException>(() => new Network<float>(Shape.Vector(5), [new Linear<float>(5), layer], 2));
            Assert.Equal("Linear 5 -> 3", layer.ToString());
            Assert.Equal(2, network.Forward(new float[5], 1).Length);
        }

        using var images = new Network<float>(Shape.Image(1, 4, 4), [wrong, new Relu<float>()], 2);
        Assert.Equal((2 * 9) + 2, images.ParameterCount);
        var again = new Linear<float>(1_000_000);
        Assert.Throws<ArgumentException>(() => new Network<float>(Shape.Vector(4000), [again], 2));
        using var small = new Network<float>(Shape.Vector(2), [again], 2);
        Assert.Equal(3_000_000, small.ParameterCount);
    }

    [Fact]
    public void Starting_values_are_uniform_within_the_fan_in_and_follow_the_seed()
    {
        using Network<double> first = Mlp(3), same = Mlp(3), other = Mlp(4);
        Assert.Equal(first.Parameters.ToArray(), same.Parameters.ToArray());
        Assert.NotEqual(first.Parameters.ToArray(), other.Parameters.ToArray());
        foreach (Linear<double> layer in first.Layers.OfType<Linear<double>>())
        {
            double bound = 1 / Math.Sqrt(layer.Input.Size);
            double[] values = layer.Parameters.ToArray();
            Assert.All(values, v => Assert.InRange(v, -bound, bound));
            Assert.InRange(values.Max(), 0.8 * bound, bound);
            Assert.InRange(values.Min(), -bound, -0.8 * bound);
        }

        Assert.Equal((40 * 30) + 30 + (30 * 5) + 5, first.ParameterCount);
        Assert.Equal(["weight", "bias"], ((Linear<double>)first.Layers[0]).Tensors.Select(t => t.Name));
    }

    [Fact]
    public void Prediction_does_not_depend_on_how_samples_are_batched()
    {
        double[] samples = Values.Uniform<double>(23 * 40, 1);
        double[]? expected = null;
        foreach (int batch in (int[])[1, 4, 23, 100])
        {
            using var network = new Network<double>(Shape.Vector(40), Models.Mlp<double>(40, [30], 5).Layers, batch, seed: 3, compute: _compute);
            var outputs = new double[23 * 5];
            network.Predict(samples, outputs);
            expected ??= outputs;
            Assert.Equal(expected, outputs);
        }

        using Network<double> any = Mlp(3);
        Refused("no multiple of that", () => any.Predict(samples.AsSpan(1), new double[200]));
        Refused("23 samples give 115 outputs, but there is room for 114", () => any.Predict(samples, new double[114]));
        any.Predict([], []);
    }

    [Fact]
    public void Evaluation_is_the_mean_over_all_samples()
    {
        Dataset<double> data = TestData.Make(23, features: 40, classes: 5);
        using Network<double> network = Mlp(3);
        using var evaluator = new Evaluator<double>(network);
        var samples = new double[23 * 40];
        var labels = new int[23];
        data.CopyRange(0, 23, samples, labels);
        var outputs = new double[23 * 5];
        network.Predict(samples, outputs);
        double loss = 0;
        int correct = 0;
        for (int i = 0; i < 23; i++)
        {
            double[] row = outputs[(5 * i)..(5 * (i + 1))];
            loss += Math.Log(row.Sum(Math.Exp)) - row[labels[i]];
            correct += Array.IndexOf(row, row.Max()) == labels[i] ? 1 : 0;
        }

        Evaluation found = evaluator.Evaluate(data);
        Assert.Equal(loss / 23, found.Loss, 12);
        Assert.Equal((correct / 23.0, 23), (found.Accuracy, found.Count));
        Assert.Equal(0, evaluator.Evaluate(data.Take(0)).Count);
        Assert.True(double.IsNaN(evaluator.Evaluate(data.Take(0)).Loss));
        Refused("takes samples of 40 elements", () => evaluator.Evaluate(TestData.Make(3)));
    }

    [Fact]
    public void Arguments_that_make_no_network_are_refused()
    {
        Refused("at least one layer", () => _ = new Network<double>(Shape.Vector(3), [], 1, compute: _compute));
        Refused("maxBatch", () => _ = new Network<double>(Shape.Vector(3), [new Relu<double>()], 0, compute: _compute));
        Refused("maxBatch", () => _ = new Network<double>(Shape.Vector(3), [new Relu<double>()], -5, compute: _compute));
        Refused("no shape", () => _ = new Network<double>(default, [new Linear<double>(1)], 1, compute: _compute));
        Assert.Throws<ArgumentNullException>(() => new Network<double>(Shape.Vector(3), null!, 1, compute: _compute));
        Refused("smaller largest batch", () => _ = new Network<double>(Shape.Vector(100_000), [new Relu<double>()], 50_000, compute: _compute));
        Refused("output of layer 0 (Linear)", () => _ = new Network<double>(Shape.Vector(10), [new Linear<double>(100_000)], 50_000, compute: _compute));
    }

    [Fact]
    public void A_network_that_cannot_be_built_leaves_no_threads_behind()
    {
        Assert.SkipUnless(Environment.ProcessorCount > 1, "With one processor there are no threads to leave behind.");
        const int Networks = 200, OfOtherTests = 100;
        int before = Threads();
        for (int i = 0; i < Networks; i++)
            Assert.Throws<ArgumentException>(() => new Network<double>(Shape.Vector(10), [new Linear<double>(4), new Conv2d<double>(2, 3)], 4));
        Assert.InRange(Threads() - before, -1000, OfOtherTests);
    }

    [Fact]
    public void Sizes_of_batches_and_samples_are_checked()
    {
        using Network<double> network = Mlp(3);
        Refused("A batch of 1 to 4 samples", () => network.Forward(new double[400], 0));
        Refused("A batch of 1 to 4 samples", () => network.Forward(new double[400], 5));
        Refused("4 samples of shape 40 have 160 elements, but got 159", () => network.Forward(new double[159], 4));
    }

    /// <summary>Jobs of two networks that take turns on one context do not collide, so that numbers would be wrong without a word.</summary>
    [Fact]
    public void A_second_thread_on_the_same_context_is_refused_and_the_first_may_nest()
    {
        using Network<double> other = Mlp(2);
        using var step = new TrainingStep<double>(other, new ExactStep<double>(1), new Sgd<double>());
        using var evaluator = new Evaluator<double>(other);
        double[] samples = new double[160], outputs = new double[20];
        var data = new Dataset<double>("toy", 1, 1, 40, ["a", "b", "c", "d", "e"], samples, new int[4]);
        Action[] uses =
        [
            () => other.Forward(samples, 4),
            () => other.Predict(samples, outputs),
            () => evaluator.Evaluate(data),
            () => step.Run(samples, new Targets<double>(new int[4]), 4, 0.1),
            () => step.ComputeDirections(samples, new Targets<double>(new int[4]), 4),
        ];
        bool held = false;
        var layer = new Calling(() =>
        {
            held = true;
            Array.ForEach(uses, use => use());
            var found = new Exception?[uses.Length];
            var second = new Thread(() => found = Array.ConvertAll(uses, use => Xunit.Record.Exception(use)));
            second.Start();
            second.Join();
            Assert.All(found, e => Assert.Contains("already running a job", Assert.IsType<InvalidOperationException>(e).Message, StringComparison.Ordinal));
        });
        using var network = new Network<double>(Shape.Vector(40), [layer], 4, compute: _compute);
        network.Forward(samples, 4);
        Assert.True(held);
        var later = new Thread(() => Array.ForEach(uses, use => use()));
        later.Start();
        later.Join();
    }

    [Fact]
    public void Layers_describe_themselves()
    {
        using var network = new Network<float>(
            Shape.Image(3, 8, 8), [new Conv2d<float>(4, 3), new Relu<float>(), new Flatten<float>(), new Linear<float>(2)], 1, compute: _compute);
        Assert.Equal(
            ["Conv2d 3x8x8 -> 4x6x6", "ReLU 4x6x6 -> 4x6x6", "Flatten 4x6x6 -> 144", "Linear 144 -> 2"], network.Layers.Select(l => l.ToString()));
        Assert.Equal("Linear", new Linear<float>(3).ToString());
        Assert.Equal("2", network.Output.ToString());
    }

    public void Dispose() => _compute.Dispose();

    private static int Threads() => System.Diagnostics.Process.GetCurrentProcess().Threads.Count;

    private static void Refused(string said, Action action) =>
        Assert.Contains(said, Assert.ThrowsAny<ArgumentException>(action).Message, StringComparison.Ordinal);

    private Network<double> Mlp(ulong seed) => new(Shape.Vector(40), Models.Mlp<double>(40, [30], 5).Layers, 4, seed, _compute);

    /// <summary>A layer that calls its maker in the middle of a pass.</summary>
    private sealed class Calling(Action call) : Layer<double>
    {
        public override void Forward(in Pass pass, ReadOnlySpan<double> a, Span<double> z)
        {
            a.CopyTo(z);
            call();
        }

        public override void Backward(in Pass pass, ReadOnlySpan<double> a, ReadOnlySpan<double> z, ReadOnlySpan<double> dz, Span<double> da) => dz.CopyTo(da);

        protected override Shape Build(in PlanContext plan, Shape input) => input;
    }
}
