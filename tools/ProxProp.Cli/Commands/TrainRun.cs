using System.Numerics;
using ProxProp.Cli.Output;
using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Training;

namespace ProxProp.Cli.Commands;

/// <summary>One network, trained once.</summary>
/// <typeparam name="T">float or double.</typeparam>
internal sealed class TrainRun<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly TrainRequest _request;
    private readonly int _batch;

    public TrainRun(TrainRequest request, RunSettings settings, Model<T> model, int rows, ComputeContext compute)
    {
        (_request, Settings) = (request, settings);
        _batch = Math.Min(request.Batch, rows);
        int perEpoch = (int)(((long)rows + _batch - 1) / _batch);
        Epochs = request.EpochsFor(perEpoch);
        Steps = Math.Min((long)Epochs * perEpoch, request.MaxSteps ?? long.MaxValue);
        Network = new Network<T>(model.Input, model.Layers, request.MicroBatch == 0 ? _batch : Math.Min(request.MicroBatch, _batch), request.Seed, compute);
        try
        {
            if (request.Init is not null && !compute.IsPlan)
                Weights.Load(Network, request.Init);
            Step = new TrainingStep<T>(
                Network,
                settings.Step.Make<T>(settings.Damping.Make(), request.SolverBytes),
                Options.OptimizerChoice.Make<T>(settings.Optimizer, settings.Momentum, settings.WeightDecay),
                maxBatch: _batch)
            {
                MeasureEvery = request.ReportEvery,
            };
        }
        catch
        {
            Network.Dispose();
            throw;
        }
    }

    public RunSettings Settings { get; }

    public Network<T> Network { get; }

    public TrainingStep<T> Step { get; }

    public int Epochs { get; }

    /// <summary>Steps of the whole run.</summary>
    public long Steps { get; }

    /// <summary>How the run ended; null before it has.</summary>
    public TrainingResult? Result { get; private set; }

    /// <summary>Figures on the test rows, NaN if there are none or they were not evaluated.</summary>
    public Evaluation Test { get; private set; } = new(double.NaN, double.NaN, 0);

    /// <summary>Trains.</summary>
    /// <param name="split">The data.</param>
    /// <param name="terminal">Where progress is shown.</param>
    /// <param name="log">Where it is logged, or null.</param>
    /// <param name="description">Texts to keep in checkpoints.</param>
    /// <param name="cancel">Ends training after its step.</param>
    public void Train(
        DatasetSplit<T> split, Terminal terminal, TrainingLog? log, IReadOnlyDictionary<string, string> description, CancellationToken cancel)
    {
        log?.WritePlan(Step);
        using var trainer = new Trainer<T>(Step, MakeOptions(description, log));
        var display = new ProgressDisplay(terminal, Settings.Step.Name, Epochs);
        Result = trainer.Run(split.Train, split.Validation, new Both(display, log), cancel);
        display.Finish();
    }

    /// <summary>Evaluates on the test rows what training has made, unless that came to nothing.</summary>
    /// <param name="split">The data.</param>
    public void EvaluateTest(DatasetSplit<T> split)
    {
        if (split.Test.Count > 0 && Result?.Status == TrainingStatus.Completed)
        {
            using var evaluator = new Evaluator<T>(Network);
            Test = evaluator.Evaluate(split.Test);
        }
    }

    /// <summary>The memory that training and evaluating on these data takes; refuses data that training would refuse.</summary>
    public MemoryPlan Plan(DatasetSplit<T> split)
    {
        using var trainer = new Trainer<T>(Step, MakeOptions(new Dictionary<string, string>(), log: null));
        trainer.Check(split.Train, split.Validation);
        using var evaluator = new Evaluator<T>(Network);
        var evaluators = new Evaluator<T>[(split.Validation.Count > 0 ? 1 : 0) + (split.Test.Count > 0 ? 1 : 0)];
        Array.Fill(evaluators, evaluator);
        return MemoryPlan.Of(Step, trainer, evaluators);
    }

    public void Dispose()
    {
        Step.Dispose();
        Network.Dispose();
    }

    private TrainerOptions MakeOptions(IReadOnlyDictionary<string, string> description, TrainingLog? log) => new()
    {
        Epochs = Epochs,
        BatchSize = _batch,
        MaxSteps = _request.MaxSteps ?? 0,
        LearningRate = Settings.Rate,
        Shuffle = _request.Shuffle,
        Seed = _request.Seed,
        Checkpoint = _request.Checkpoint.Path is not { } path ? null : new CheckpointOptions(path)
        {
            EverySteps = _request.Checkpoint.EverySteps,
            Every = _request.Checkpoint.Every,
            Saving = log is null ? null : log.Flush,
            Metadata = description,
        },
        Reported = log is null ? null : log.Report,
        ResumeFrom = _request.Checkpoint.Resume,
    };

    private sealed class Both(ProgressDisplay display, TrainingLog? log) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            log?.Report(value);
            display.Report(value);
        }
    }
}
