using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Tests.Data;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Training;

/// <summary>Saving a checkpoint changes nothing, comes when it is due, and costs no training where it cannot be done.</summary>
public sealed class CheckpointSavingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ComputeContext _compute = new(1);

    public void Dispose()
    {
        _compute.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Saving_changes_nothing()
    {
        CheckpointRun<float> run = new(_compute) { Step = () => CheckpointTests.MakeStep<float>("lm pcg factor") };
        CheckpointTests.Same(run.Train(), run.Train(_folder.File("c"), every: 1));
    }

    [Fact]
    public void A_checkpoint_by_time_is_saved()
    {
        CheckpointRun<float> run = new(_compute);
        using var network = new Network<float>(Shape.Image(1, 3, 3), run.Layers(), CheckpointRun<float>.Batch, run.Seed, _compute);
        using var step = new TrainingStep<float>(network, run.Step(), run.Optimizer());
        string path = _folder.File("c");
        var times = new List<bool>();
        using var trainer = new Trainer<float>(step, run.Options with { Checkpoint = new CheckpointOptions(path) { Every = TimeSpan.FromTicks(1) } });
        trainer.Run(run.Data, run.Validation, new Record(_ => times.Add(File.Exists(path))));
        Assert.False(times[0]);
        Assert.All(times.Skip(1), Assert.True);
    }

    [Fact]
    public void What_is_told_of_a_step_is_known_before_it_is_saved()
    {
        CheckpointRun<float> run = new(_compute);
        using var network = new Network<float>(Shape.Image(1, 3, 3), run.Layers(), CheckpointRun<float>.Batch, run.Seed, _compute);
        using var step = new TrainingStep<float>(network, run.Step(), run.Optimizer());
        var events = new List<string>();
        string path = _folder.File("c");
        using var trainer = new Trainer<float>(step, run.Options with
        {
            MaxSteps = 5,
            Checkpoint = new CheckpointOptions(path) { EverySteps = 2, Saving = () => events.Add($"save, {(File.Exists(path) ? "again" : "first")}") },
        });
        trainer.Run(run.Data, run.Validation, new Record(p => events.Add($"{p.Step}")));
        Assert.Equal(["1", "2", "save, first", "3", "4", "save, again", "5", "save, again"], events);
    }

    [Fact]
    public void A_checkpoint_that_cannot_be_saved_costs_no_training()
    {
        CheckpointRun<float> run = new(_compute);
        CheckpointRun<float>.Outcome outcome = run.Train(Path.Combine(_folder.Path, "missing", "c"), every: 2);
        CheckpointTests.Same(run.Train(), outcome);
        Assert.Contains("There is no folder", outcome.Result.CheckpointFailure, StringComparison.Ordinal);
        Assert.Null(run.Train(_folder.File("c"), every: 2).Result.CheckpointFailure);
    }

    [Fact]
    public void A_checkpoint_that_cannot_be_saved_is_told_with_the_progress_until_one_is()
    {
        CheckpointRun<float> run = new(_compute);
        using var network = new Network<float>(Shape.Image(1, 3, 3), run.Layers(), CheckpointRun<float>.Batch, run.Seed, _compute);
        using var step = new TrainingStep<float>(network, run.Step(), run.Optimizer());
        string folder = _folder.File("later"), told = "";
        using var trainer = new Trainer<float>(step, run.Options with { Checkpoint = new CheckpointOptions(Path.Combine(folder, "c")) { EverySteps = 2 } });
        var record = new Record(p =>
        {
            told += p.CheckpointFailure is null ? "." : "!";
            if (p.Step == 5)
                Directory.CreateDirectory(folder);
        });
        Assert.Null(trainer.Run(run.Data, run.Validation, record).CheckpointFailure);
        Assert.Equal("..!!!!..........", told); // what is due after a step is saved after its report
    }
}
