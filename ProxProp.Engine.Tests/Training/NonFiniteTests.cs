using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Tests.Data;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Training;

/// <summary>Divergence: training stops, layer and step are named, and what was learnt before is kept.</summary>
public sealed class NonFiniteTests : IDisposable
{
    private readonly ComputeContext _compute = new(1);

    [Fact]
    public void A_loss_that_is_not_finite_stops_and_restores_the_last_epoch()
    {
        using Network<double> network = Make(new BatchNorm<double>());
        using var step = new TrainingStep<double>(network, new ExplicitStep<double>(), new Sgd<double>());
        double[]? parameters = null, mean = null, variance = null;
        var record = new Record(p =>
        {
            if (p.EpochEnd is null)
                return;
            parameters = network.Parameters.ToArray();
            mean = network.Layers[1].StateValues(0).ToArray();
            variance = network.Layers[1].StateValues(1).ToArray();
        });
        var options = new TrainerOptions { Epochs = 3, LearningRate = 1, Schedule = new Explodes(afterStep: 4) };
        using var trainer = new Trainer<double>(step, options);
        TrainingResult result = trainer.Run(TestData.Make(24), progress: record);

        Assert.Equal(TrainingStatus.NonFiniteLoss, result.Status);
        Assert.Single(result.Epochs);
        Assert.Equal((5, 3), (result.Steps, result.WeightsStep));
        Assert.Matches("^The loss became .* at step 6: the (parameters|output) of layer [0-9] .*smaller learning rate", result.Message);
        Assert.Equal(parameters, network.Parameters.ToArray());
        Assert.Equal(mean, network.Layers[1].StateValues(0).ToArray());
        Assert.Equal(variance, network.Layers[1].StateValues(1).ToArray());
    }

    [Theory]
    [InlineData(2, 2)]
    [InlineData(0, 0)]
    public void An_update_that_is_not_finite_at_an_epochs_end_is_not_taken_for_good(int explodes, int epochsKept)
    {
        // One step an epoch: the update of the last step of an epoch overflows while its loss was fine.
        using Network<double> network = Make(new LeakyRelu<double>());
        using var step = new TrainingStep<double>(network, new ExplicitStep<double>(), new Sgd<double>());
        double[] last = network.Parameters.ToArray();
        var record = new Record(_ => last = network.Parameters.ToArray());
        using var trainer = new Trainer<double>(step, new TrainerOptions { Epochs = 5, LearningRate = 1, Schedule = new Explodes(explodes) });
        TrainingResult result = trainer.Run(TestData.Make(8, scale: 100), progress: record);
        Assert.Equal((TrainingStatus.NonFiniteLoss, epochsKept, epochsKept), (result.Status, result.Epochs.Count, result.WeightsStep));
        Assert.Matches($"^The update of step {explodes + 1} left the parameters of layer 0 \\(Linear 6 -> 5\\) not finite", result.Message);
        Assert.Equal(last, network.Parameters.ToArray());
        Assert.All(network.Parameters.ToArray(), p => Assert.True(double.IsFinite(p)));
    }

    [Fact]
    public void An_update_that_is_not_finite_in_the_last_step_of_all_is_noticed()
    {
        using Network<double> network = Make(new LeakyRelu<double>());
        using var step = new TrainingStep<double>(network, new ExplicitStep<double>(), new Sgd<double>());
        double[] before = network.Parameters.ToArray();
        using var trainer = new Trainer<double>(step, new TrainerOptions { MaxSteps = 2, LearningRate = 1, Schedule = new Explodes(1) });
        TrainingResult result = trainer.Run(TestData.Make(24, scale: 100));
        Assert.Equal(TrainingStatus.NonFiniteLoss, result.Status);
        Assert.Equal(before, network.Parameters.ToArray());
    }

    /// <summary>What is restored is what the last checkpoint has, though no epoch was complete.</summary>
    [Fact]
    public void The_result_names_the_step_of_the_checkpoint_that_is_restored()
    {
        using var folder = new TemporaryFolder();
        using Network<double> network = Make(new LeakyRelu<double>());
        using var step = new TrainingStep<double>(network, new ExplicitStep<double>(), new Sgd<double>());
        double[] second = [];
        var record = new Record(p => second = p.Step == 2 ? network.Parameters.ToArray() : second);
        var checkpoint = new CheckpointOptions(folder.File("c")) { EverySteps = 2 };
        using var trainer = new Trainer<double>(
            step, new TrainerOptions { Epochs = 1, LearningRate = 1, Schedule = new Explodes(3), Checkpoint = checkpoint });
        TrainingResult result = trainer.Run(TestData.Make(64, scale: 100), progress: record);
        Assert.Equal((TrainingStatus.NonFiniteLoss, 0, 2), (result.Status, result.Epochs.Count, result.WeightsStep));
        Assert.Equal(second, network.Parameters.ToArray());
    }

    [Fact]
    public void Parameters_that_are_not_finite_to_begin_with_are_refused()
    {
        using Network<double> network = Make(new Tanh<double>());
        network.Parameters[3] = double.NaN;
        using var step = new TrainingStep<double>(network, new ExplicitStep<double>(), new Sgd<double>());
        using var trainer = new Trainer<double>(step, new TrainerOptions());
        Assert.Contains("not all finite", Assert.Throws<InvalidOperationException>(() => trainer.Run(TestData.Make(8))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_step_on_data_that_are_not_finite_changes_nothing(double bad)
    {
        using Network<double> network = Make(new Relu<double>());
        using var step = new TrainingStep<double>(network, new ExactStep<double>(1), new Adam<double>());
        double[] before = network.Parameters.ToArray();
        var samples = new double[8 * 6];
        samples[17] = bad;
        StepResult result = step.Run(samples, new Targets<double>(new int[8]), 8, 0.1);
        Assert.False(result.Updated);
        Assert.False(double.IsFinite(result.Loss));
        Assert.Equal((0L, 0L), (step.StepsDone, step.Optimizer.Updates));
        Assert.Equal(before, network.Parameters.ToArray());
        Assert.Contains("input data", NonFinite.Describe(step, samples, 8, 1, result.Loss), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1e10f, true)]
    [InlineData(1e25f, false)]
    public void A_gradient_that_overflows_though_its_factors_do_not_changes_nothing(float scale, bool updates)
    {
        // The first layer's W is so small that its output is not large, and the loss is finite. Its δ is about 1e14: δa overflows for the larger a.
        var first = new Linear<float>(8);
        using var network = new Network<float>(Shape.Vector(64), [first, new Linear<float>(4)], 1, seed: 2, compute: _compute);
        using var step = new TrainingStep<float>(network, new ExplicitStep<float>(), new Sgd<float>(), new MeanSquaredErrorLoss<float>());
        foreach (ref float p in first.Parameters)
            p /= scale;
        float[] before = network.Parameters.ToArray(), samples = [.. Enumerable.Repeat(scale, 64)], targets = [.. Enumerable.Repeat(1e15f, 4)];
        StepResult result = step.Run(samples, new Targets<float>(targets), 1, 1e-30);
        Assert.True(double.IsFinite(result.Loss));
        Assert.Equal(updates, result.Updated);
        if (!updates)
            Assert.Equal(before, network.Parameters.ToArray());
    }

    public void Dispose() => _compute.Dispose();

    private Network<double> Make(Layer<double> second) => new(
        Shape.Vector(6), [new Linear<double>(5), second, new Linear<double>(3)], 8, seed: 2, compute: _compute);

    /// <summary>1, and from a given step on a factor with which every update overflows.</summary>
    private sealed class Explodes(long afterStep) : Schedule
    {
        public override double Factor(long step, long totalSteps) => step < afterStep ? 1e-5 : double.MaxValue;
    }
}
