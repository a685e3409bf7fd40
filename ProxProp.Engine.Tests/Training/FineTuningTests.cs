using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Tests.Data;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Training;

/// <summary>Frozen layers stay, the others learn, and learning on kept features is the same to the bit.</summary>
public sealed class FineTuningTests : IDisposable
{
    private const int Side = 6, Classes = 4, Batch = 7, Rows = 31;

    private readonly ComputeContext _compute = new(2);
    private readonly Dataset<float> _data = new(
        "toy", 2, Side, Side, ["a", "b", "c", "d"], Values.Uniform<float>(Rows * 2 * Side * Side, 1), Values.Labels(Rows, Classes, 2));

    public void Dispose() => _compute.Dispose();

    [Fact]
    public void A_network_that_is_refused_for_its_frozen_layers_keeps_nothing()
    {
        var layer = new Linear<float>(2);
        ArgumentOutOfRangeException e = Assert.Throws<ArgumentOutOfRangeException>(
            () => new Network<float>(Shape.Vector(3), [layer], Batch, compute: _compute) { FrozenLayers = 2 });
        Assert.Contains("0 to 1 layers", e.Message, StringComparison.Ordinal);
        Assert.Throws<ObjectDisposedException>(() => layer.Parameters.Length);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(10)]
    [InlineData(11)]
    public void Training_on_kept_features_is_training_with_frozen_layers_in_place(int frozen)
    {
        using Network<float> whole = Make(frozen), other = Make(frozen);
        float[] start = whole.Parameters.ToArray();
        Assert.Equal(start, other.Parameters.ToArray());
        TrainingResult inPlace = Train(whole, _data);

        Dataset<float> features = FineTuning.Features(other, _data);
        using Network<float> tail = FineTuning.Tail(other);
        TrainingResult onFeatures = Train(tail, features);
        Assert.Equal(inPlace.Epochs.Select(e => e with { Seconds = 0 }), onFeatures.Epochs.Select(e => e with { Seconds = 0 }));
        FineTuning.CopyBack(tail, other);
        Assert.Equal(whole.Parameters.ToArray(), other.Parameters.ToArray());
        Assert.Equal(State(whole), State(other));

        int kept = whole.Layers.Take(frozen).OfType<ParametricLayer<float>>().Sum(l => l.ParameterCount);
        Assert.Equal(start[..kept], whole.Parameters[..kept].ToArray());
        Assert.NotEqual(start[kept..], whole.Parameters[kept..].ToArray());
    }

    [Fact]
    public void Frozen_layers_need_no_optimizer_state_and_no_solver()
    {
        using Network<float> network = Make(6);
        using var step = new TrainingStep<float>(network, new ExactStep<float>(0.5), new Adam<float>());
        int trained = network.Layers.Skip(6).OfType<ParametricLayer<float>>().Sum(l => l.ParameterCount);
        Assert.Equal(trained, step.Optimizer.State("first moment").Length);
        Assert.DoesNotContain(step.Buffers, b => b.Owner == "layer 0 (Conv2d)");
        Assert.Equal("frozen", step.Plans[0]!.Reason);
    }

    [Fact]
    public void What_cannot_be_frozen_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Make(13));
        using Network<float> all = Make(12);
        Assert.Contains(
            "there is nothing to train",
            Assert.Throws<ArgumentException>(() => new TrainingStep<float>(all, new ExplicitStep<float>(), new Sgd<float>())).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => FineTuning.Tail(all));
        using Network<float> some = Make(3), fewer = Make(2);
        using Network<float> tail = FineTuning.Tail(some);
        Assert.Contains("are not the network's last", Assert.Throws<ArgumentException>(() => FineTuning.CopyBack(tail, fewer)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_checkpoint_knows_what_was_frozen()
    {
        using var folder = new TemporaryFolder();
        using Network<float> some = Make(6), fewer = Make(4);
        using var step = new TrainingStep<float>(some, new ExactStep<float>(0.5), new Adam<float>());
        Checkpoint.Save(step, folder.File("c"));
        using var other = new TrainingStep<float>(fewer, new ExactStep<float>(0.5), new Adam<float>());
        Assert.Contains(
            "frozen layers: 6", Assert.Throws<DataFormatException>(() => Checkpoint.Load(other, folder.File("c"))).Message, StringComparison.Ordinal);
        Checkpoint.Load(step, folder.File("c"));
    }

    private Network<float> Make(int frozen)
    {
        var network = new Network<float>(
            Shape.Image(2, Side, Side),
            [
                new Conv2d<float>(3, 3, padding: 1), new BatchNorm<float>(), new Relu<float>(), new Dropout<float>(0.3), new MaxPool2d<float>(2), new Flatten<float>(),
                new Linear<float>(9), new Relu<float>(), new Dropout<float>(0.4), new BatchNorm<float>(), new Tanh<float>(), new Linear<float>(Classes),
            ],
            Batch,
            seed: 3,
            _compute) { FrozenLayers = frozen };
        foreach (Layer<float> layer in network.Layers.Where(l => l.State.Count > 0))
            Values.Uniform<float>(layer.StateValues(0).Length, 4).CopyTo(layer.StateValues(0));
        return network;
    }

    private TrainingResult Train(Network<float> network, Dataset<float> data)
    {
        using var step = new TrainingStep<float>(network, new ExactStep<float>(0.5), new Adam<float>(weightDecay: 0.1));
        using var trainer = new Trainer<float>(step, new TrainerOptions { Epochs = 3, LearningRate = 0.01, Seed = 9 });
        return trainer.Run(data, data.Take(12));
    }

    private static float[] State(Network<float> network) =>
        [.. network.Layers.SelectMany(l => Enumerable.Range(0, l.State.Count).SelectMany(i => l.StateValues(i).ToArray()))];
}
