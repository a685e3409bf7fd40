using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Training;

/// <summary>What the trainer does, tells, and stops at.</summary>
public sealed class TrainerTests : IDisposable
{
    private readonly ComputeContext _compute = new(1);

    [Fact]
    public void Progress_tells_every_step_and_every_epoch()
    {
        using Network<double> network = Mlp(8);
        using var step = new TrainingStep<double>(network, new ExplicitStep<double>(), new Sgd<double>());
        using var trainer = new Trainer<double>(step, new TrainerOptions { Epochs = 3, LearningRate = 0.2, Schedule = Schedule.Step(4, 0.5) });
        var record = new Record();
        TrainingResult result = trainer.Run(TestData.Make(20), TestData.Make(7, seed: 5), record);

        Assert.Equal((TrainingStatus.Completed, null, 9L), (result.Status, result.Message, result.Steps));
        Assert.Equal(9, step.StepsDone);
        Assert.Equal(Enumerable.Range(1, 9).Select(i => (long)i), record.Values.Select(p => p.Step));
        Assert.Equal([1, 1, 1, 2, 2, 2, 3, 3, 3], record.Values.Select(p => p.Epoch));
        Assert.All(record.Values, p => Assert.Equal(9, p.TotalSteps));
        Assert.Equal([0.2, 0.2, 0.2, 0.2, 0.1, 0.1, 0.1, 0.1, 0.05], record.Values.Select(p => p.LearningRate));
        Assert.Equal([3, 6, 9], record.Values.Where(p => p.EpochEnd is not null).Select(p => p.Step));
        Assert.Equal(result.Epochs, record.Values.Where(p => p.EpochEnd is not null).Select(p => p.EpochEnd!.Value));
        Assert.All(record.Values, p => Assert.True(p.SamplesPerSecond > 0 && p.Remaining >= TimeSpan.Zero));
        Assert.Equal(TimeSpan.Zero, record.Values[^1].Remaining);
        for (int e = 0; e < 3; e++)
        {
            // Batches of 8, 8 and 4: the last one counts half.
            TrainingProgress[] steps = [.. record.Values.Skip(3 * e).Take(3)];
            Assert.Equal(((8 * steps[0].Loss) + (8 * steps[1].Loss) + (4 * steps[2].Loss)) / 20, result.Epochs[e].TrainLoss, 12);
            Assert.Equal(((8 * steps[0].Accuracy) + (8 * steps[1].Accuracy) + (4 * steps[2].Accuracy)) / 20, result.Epochs[e].TrainAccuracy, 12);
        }

        using var evaluator = new Evaluator<double>(network);
        Evaluation last = evaluator.Evaluate(TestData.Make(7, seed: 5));
        Assert.Equal((last.Loss, last.Accuracy), (result.Epochs[2].ValidationLoss, result.Epochs[2].ValidationAccuracy));
    }

    [Fact]
    public void Without_validation_data_there_are_no_validation_figures()
    {
        using Network<double> network = Mlp(8);
        TrainingResult result = Train(network, new TrainerOptions { Epochs = 1 }, TestData.Make(8));
        Assert.True(double.IsNaN(result.Epochs[0].ValidationLoss) && double.IsNaN(result.Epochs[0].ValidationAccuracy));
    }

    [Fact]
    public void Step_limit_ends_within_an_epoch()
    {
        using Network<double> network = Mlp(8);
        var record = new Record();
        TrainingResult result = Train(network, new TrainerOptions { Epochs = 5, MaxSteps = 4 }, TestData.Make(20), record);
        Assert.Equal((TrainingStatus.Completed, 4L, 1), (result.Status, result.Steps, result.Epochs.Count));
        Assert.All(record.Values, p => Assert.Equal(4, p.TotalSteps));
    }

    [Fact]
    public void Cancellation_ends_after_the_current_step()
    {
        using Network<double> network = Mlp(8);
        using var source = new CancellationTokenSource();
        var record = new Record(p =>
        {
            if (p.Step == 5)
                source.Cancel();
        });
        TrainingResult result = Train(network, new TrainerOptions { Epochs = 5 }, TestData.Make(20), record, source.Token);
        Assert.Equal((TrainingStatus.Cancelled, 5L, 1), (result.Status, result.Steps, result.Epochs.Count));

        double[] before = network.Parameters.ToArray();
        using Network<double> untouched = Mlp(8);
        before = untouched.Parameters.ToArray();
        result = Train(untouched, new TrainerOptions(), TestData.Make(20), cancellation: source.Token);
        Assert.Equal((TrainingStatus.Cancelled, 0L), (result.Status, result.Steps));
        Assert.Equal(before, untouched.Parameters.ToArray());
    }

    [Fact]
    public void A_batch_larger_than_the_data_is_all_of_it()
    {
        using Network<double> network = Mlp(50);
        var record = new Record();
        TrainingResult result = Train(network, new TrainerOptions { Epochs = 2 }, TestData.Make(20), record);
        Assert.Equal((TrainingStatus.Completed, 2L), (result.Status, result.Steps));
    }

    [Fact]
    public void Shuffling_follows_the_seed()
    {
        double[] Losses(bool shuffle, ulong seed)
        {
            using Network<double> network = Mlp(8);
            var record = new Record();
            Train(network, new TrainerOptions { Epochs = 2, Shuffle = shuffle, Seed = seed }, TestData.Make(20), record);
            return [.. record.Values.Select(p => p.Loss)];
        }

        Assert.Equal(Losses(true, 4), Losses(true, 4));
        Assert.NotEqual(Losses(true, 4), Losses(true, 5));
        Assert.Equal(Losses(false, 4), Losses(false, 5));
        Assert.NotEqual(Losses(true, 4), Losses(false, 4));
    }

    [Fact]
    public void Training_again_goes_on_where_it_ended()
    {
        using Network<double> network = Mlp(8);
        using var step = new TrainingStep<double>(network, new ExplicitStep<double>(), new Sgd<double>());
        using var trainer = new Trainer<double>(step, new TrainerOptions { Epochs = 2, Shuffle = false, LearningRate = 0.1 });
        double first = trainer.Run(TestData.Make(20)).Epochs[^1].TrainLoss;
        double second = trainer.Run(TestData.Make(20)).Epochs[0].TrainLoss;
        Assert.True(second < first);
        Assert.Equal(12, step.StepsDone);
    }

    [Fact]
    public void Options_out_of_range_are_refused_by_name()
    {
        using Network<double> network = Mlp(8);
        using var step = new TrainingStep<double>(network, new ExplicitStep<double>(), new Sgd<double>());
        (TrainerOptions Options, string Said)[] cases =
        [
            (new() { Epochs = 0 }, "Epochs must be 1 or more, but is 0"),
            (new() { BatchSize = -1 }, "BatchSize must be 1 to 8 (the network's largest batch), but is -1"),
            (new() { BatchSize = 9 }, "BatchSize must be 1 to 8"),
            (new() { LearningRate = 0 }, "LearningRate must be positive"),
            (new() { LearningRate = double.NaN }, "LearningRate must be positive and finite, but is NaN"),
            (new() { MaxSteps = -1 }, "MaxSteps must be 0"),
        ];
        foreach ((TrainerOptions options, string said) in cases)
            Assert.Contains(said, Assert.Throws<ArgumentException>(() => new Trainer<double>(step, options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Data_that_do_not_fit_are_refused()
    {
        using Network<double> network = Mlp(8);
        (Dataset<double> Data, string Said)[] cases =
        [
            (TestData.Make(10, features: 5), "takes samples of 6 elements (6), but those of toy have 5"),
            (TestData.Make(10, classes: 9), "toy has 9 classes, but the network has only 3 outputs"),
            (TestData.Make(10).Take(0), "toy has no samples"),
        ];
        foreach ((Dataset<double> data, string said) in cases)
        {
            Assert.Contains(said, Assert.Throws<ArgumentException>(() => Train(network, new TrainerOptions(), data)).Message, StringComparison.Ordinal);
        }

        var unlabelled = new Dataset<double>("toy", 1, 1, 6, ["a", "b"], new double[12], [0, -1]);
        Assert.Contains(
            "Row 1 of toy has the label -1; cross-entropy needs one of 0 to 2",
            Assert.Throws<ArgumentException>(() => Train(network, new TrainerOptions(), unlabelled)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Validation_data_that_do_not_fit_are_refused_before_the_first_step()
    {
        using Network<double> network = Mlp(8);
        using var step = new TrainingStep<double>(network, new ExplicitStep<double>(), new Sgd<double>());
        using var trainer = new Trainer<double>(step, new TrainerOptions { Epochs = 1 });
        var unlabelled = new Dataset<double>("held back", 1, 1, 6, ["a", "b"], new double[24], [0, 1, 1, -1]);
        (Dataset<double> Data, string Said)[] cases =
        [
            (TestData.Make(10, features: 5), "takes samples of 6 elements (6), but those of toy have 5"),
            (TestData.Make(10, classes: 9), "toy has 9 classes, but the network has only 3 outputs"),
            (unlabelled, "Row 3 of held back has the label -1; cross-entropy needs one of 0 to 2"),
            (unlabelled.Slice(2, 2), "Row 3 of held back has the label -1"),
        ];
        foreach ((Dataset<double> data, string said) in cases)
        {
            Assert.Contains(said, Assert.Throws<ArgumentException>(() => trainer.Run(TestData.Make(20), data)).Message, StringComparison.Ordinal);
            Assert.Contains(said, Assert.Throws<ArgumentException>(() => trainer.Check(TestData.Make(20), data)).Message, StringComparison.Ordinal);
        }

        Assert.Equal(0, step.StepsDone);
        Assert.Equal(TrainingStatus.Completed, trainer.Run(TestData.Make(20), unlabelled.Take(3)).Status);
    }

    [Fact]
    public void A_stop_after_an_update_that_is_not_finite_leaves_the_last_good_parameters()
    {
        using Network<double> network = Mlp(8);
        double[] before = network.Parameters.ToArray();
        using var source = new CancellationTokenSource();
        var record = new Record(_ =>
        {
            network.Parameters[0] = double.NaN;
            source.Cancel();
        });
        TrainingResult result = Train(network, new TrainerOptions { Epochs = 5 }, TestData.Make(20), record, source.Token);
        Assert.Equal((TrainingStatus.NonFiniteLoss, 0L), (result.Status, result.WeightsStep));
        Assert.Equal(before, network.Parameters.ToArray());
    }

    [Fact]
    public void A_last_batch_too_small_for_batch_statistics_is_refused_before_training()
    {
        using var network = new Network<double>(Shape.Vector(6), [new Linear<double>(4), new BatchNorm<double>(), new Linear<double>(3)], 8, compute: _compute);
        double[] before = network.Parameters.ToArray();
        var e = Assert.Throws<ArgumentException>(() => Train(network, new TrainerOptions(), TestData.Make(17)));
        Assert.StartsWith(
            "17 samples in batches of 8 leave a last batch of 1, and layer 1 (BatchNorm 4 -> 4) needs at least 2; take another batch size, 9 for example.",
            e.Message,
            StringComparison.Ordinal);
        Assert.StartsWith(
            "9 samples in batches of 4 leave a last batch of 1, and layer 1 (BatchNorm 4 -> 4) needs at least 2; take another batch size, 5 for example.",
            Assert.Throws<ArgumentException>(() => Train(network, new TrainerOptions { BatchSize = 4 }, TestData.Make(9))).Message,
            StringComparison.Ordinal);
        Assert.StartsWith(
            "Layer 1 (BatchNorm 4 -> 4) needs batches of at least 2 samples, but the data have 1.",
            Assert.Throws<ArgumentException>(() => Train(network, new TrainerOptions(), TestData.Make(1))).Message,
            StringComparison.Ordinal);
        Assert.Equal(before, network.Parameters.ToArray());
        Assert.Equal(TrainingStatus.Completed, Train(network, new TrainerOptions { Epochs = 1 }, TestData.Make(18)).Status);

        // The batch of one never comes.
        Assert.Equal(TrainingStatus.Completed, Train(network, new TrainerOptions { MaxSteps = 2 }, TestData.Make(17)).Status);
    }

    public void Dispose() => _compute.Dispose();

    private static TrainingResult Train(
        Network<double> network, TrainerOptions options, Dataset<double> data, IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var step = new TrainingStep<double>(network, new ExplicitStep<double>(), new Sgd<double>());
        using var trainer = new Trainer<double>(step, options);
        return trainer.Run(data, progress: progress, cancellation: cancellation);
    }

    private Network<double> Mlp(int batch) => new(Shape.Vector(6), Models.Mlp<double>(6, [5], 3).Layers, batch, seed: 2, compute: _compute);
}
