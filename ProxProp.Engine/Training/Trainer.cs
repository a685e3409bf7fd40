using System.Numerics;
using ProxProp.Engine.Data;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Randomness;

namespace ProxProp.Engine.Training;

/// <summary>How long and in what order to train.</summary>
public sealed record TrainerOptions
{
    /// <summary>Passes over the training data, 1 or more.</summary>
    public int Epochs { get; init; } = 10;

    /// <summary>Samples per step; 0 for the largest batch, the network's or the step's.</summary>
    public int BatchSize { get; init; }

    /// <summary>Ends training after so many steps, wherever in an epoch that is; 0 for no such limit.</summary>
    public long MaxSteps { get; init; }

    /// <summary>The base learning rate, positive.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>How the learning rate changes.</summary>
    public Schedule Schedule { get; init; } = Schedule.Constant;

    /// <summary>Whether each epoch takes the samples in a new random order.</summary>
    public bool Shuffle { get; init; } = true;

    /// <summary>Seed of the order.</summary>
    public ulong Seed { get; init; }

    /// <summary>Where and how often the run is saved so that it can go on later; null for never.</summary>
    public CheckpointOptions? Checkpoint { get; init; }

    /// <summary>
    /// The checkpoint that the run goes on from, to the bit; null to start anew. Everything else must be as it was, but that with a constant
    /// schedule the run may be lengthened.
    /// </summary>
    public string? ResumeFrom { get; init; }

    /// <summary>
    /// Told how each layer's direction was made, every <see cref="TrainingStep{T}.MeasureEvery"/> steps and where a step updated nothing; on
    /// the training thread: keep it short. See <see cref="TrainingStep{T}.Reported"/>.
    /// </summary>
    public StepReported? Reported { get; init; }
}

/// <summary>How a training run ended.</summary>
public enum TrainingStatus
{
    /// <summary>All epochs or steps were done.</summary>
    Completed,

    /// <summary>It was asked to stop; the parameters are those of the last step.</summary>
    Cancelled,

    /// <summary>
    /// The loss, a direction or the parameters were no longer finite; parameters and running statistics are those after the last completed epoch or saved
    /// checkpoint (or the starting ones): those of <see cref="TrainingResult.WeightsStep"/>.
    /// </summary>
    NonFiniteLoss,
}

/// <summary>Figures of one epoch.</summary>
/// <param name="Epoch">From 1.</param>
/// <param name="TrainLoss">Mean over the epoch's samples of the loss, each before the update of its step.</param>
/// <param name="TrainAccuracy">Fraction correct over the epoch's samples, each before the update of its step.</param>
/// <param name="ValidationLoss">Loss on the validation data after the epoch; NaN without such data.</param>
/// <param name="ValidationAccuracy">Accuracy on the validation data after the epoch; NaN without such data.</param>
/// <param name="Seconds">Training time from the start to the end of this epoch, evaluation not counted.</param>
public readonly record struct EpochResult(
    int Epoch, double TrainLoss, double TrainAccuracy, double ValidationLoss, double ValidationAccuracy, double Seconds);

/// <summary>What is told after each training step.</summary>
/// <param name="Step">Number of this step, from 1.</param>
/// <param name="TotalSteps">Steps of the whole run.</param>
/// <param name="Epoch">Epoch of this step, from 1.</param>
/// <param name="Loss">Loss of the batch before the update.</param>
/// <param name="Accuracy">Accuracy of the batch before the update.</param>
/// <param name="LearningRate">The learning rate used.</param>
/// <param name="SamplesPerSecond">Speed since the start.</param>
/// <param name="Remaining">Estimate of the training time that is left.</param>
/// <param name="EpochEnd">The epoch's figures where this step was its last.</param>
public readonly record struct TrainingProgress(
    long Step, long TotalSteps, int Epoch, double Loss, double Accuracy, double LearningRate, double SamplesPerSecond, TimeSpan Remaining, EpochResult? EpochEnd)
{
    /// <summary>
    /// Why the last checkpoint could not be saved; null if it could, or if none was due yet. One that is due after this step is saved after the report;
    /// the next one is tried as if nothing had happened.
    /// </summary>
    public string? CheckpointFailure { get; init; }

    /// <summary>The step of the last checkpoint, saved or not; 0 if none was due yet.</summary>
    public long CheckpointStep { get; init; }
}

/// <summary>What a training run gave.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="Message">What went wrong, naming layer and step, or null.</param>
/// <param name="Epochs">Figures of the completed epochs.</param>
/// <param name="Steps">Updates done.</param>
/// <param name="Seconds">Training time, evaluation not counted.</param>
public sealed record TrainingResult(TrainingStatus Status, string? Message, IReadOnlyList<EpochResult> Epochs, long Steps, double Seconds)
{
    /// <summary>Why the last checkpoint could not be saved, or null. The one before it is still there.</summary>
    public string? CheckpointFailure { get; init; }

    /// <summary>The step after which the network was as it is now: <see cref="Steps"/>, but where a loss or an update was not finite an earlier one.</summary>
    public long WeightsStep { get; init; } = Steps;
}

/// <summary>Trains a network over a data set: batches, schedule, evaluation, progress, and a stop that keeps good parameters.</summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class Trainer<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const double MostSeconds = 1e11;

    private readonly TrainingStep<T> _step;
    private readonly TrainerOptions _options;
    private readonly int _batchSize;
    private readonly Arena _arena = new();
    private readonly Slot<T> _samples;
    private readonly Slot<int> _labels;
    private readonly Snapshot<T> _lastGood;

    /// <summary>Sets up a run.</summary>
    /// <param name="step">The step, with its network and optimizer.</param>
    /// <param name="options">How long and in what order.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public Trainer(TrainingStep<T> step, TrainerOptions options)
    {
        ArgumentNullException.ThrowIfNull(step);
        ArgumentNullException.ThrowIfNull(options);
        _step = step;
        _options = options;
        _batchSize = options.BatchSize == 0 ? step.MaxBatch : options.BatchSize;
        if (options.Epochs < 1)
            throw new ArgumentException($"Epochs must be 1 or more, but is {options.Epochs}.", nameof(options));
        if (_batchSize < 1 || _batchSize > step.MaxBatch)
            throw new ArgumentException($"BatchSize must be 1 to {step.MaxBatch} (the network's largest batch), but is {_batchSize}.", nameof(options));
        if (!(options.LearningRate > 0) || !double.IsFinite(options.LearningRate))
            throw new ArgumentException($"LearningRate must be positive and finite, but is {options.LearningRate}.", nameof(options));
        if (options.MaxSteps < 0)
            throw new ArgumentException($"MaxSteps must be 0 (no limit) or more, but is {options.MaxSteps}.", nameof(options));
        _arena.Label("trainer", BufferPurpose.Data);
        _samples = _arena.Reserve<T>("batch samples", (long)_batchSize * step.Network.Input.Size);
        _labels = _arena.Reserve<int>("batch labels", _batchSize);
        _arena.Label("trainer", BufferPurpose.Copy);
        _lastGood = new Snapshot<T>(step.Network, _arena);
        if (!step.Network.Compute.IsPlan)
            _arena.Commit();
    }

    /// <summary>Every buffer that the trainer reserved, for the memory plan.</summary>
    public IReadOnlyList<ArenaEntry> Buffers => _arena.Entries;

    /// <summary>Bytes of all buffers.</summary>
    public long BufferBytes => _arena.TotalBytes;

    /// <summary>Trains.</summary>
    /// <param name="train">Training data.</param>
    /// <param name="validation">Data evaluated after each epoch, or null.</param>
    /// <param name="progress">Told after every step, before its checkpoint if one is due, on this thread's time: keep it short.</param>
    /// <param name="cancellation">
    /// Ends training after the current step; after an epoch's last one when its evaluation is done, which the epoch's figures in a checkpoint need.
    /// </param>
    /// <exception cref="ArgumentException">
    /// The data do not fit the network, a batch of them is too small for one of its layers (see <see cref="Check"/>), or the checkpoint to resume from has
    /// more steps than are asked for.
    /// </exception>
    /// <exception cref="DataFormatException">The checkpoint to resume from is damaged, or belongs to a run with other settings.</exception>
    public TrainingResult Run(
        Dataset<T> train, Dataset<T>? validation = null, IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(train);
        _step.Reported += _options.Reported;
        try
        {
            return RunEpochs(train, validation, progress, cancellation);
        }
        finally
        {
            _step.Reported -= _options.Reported;
        }
    }

    /// <summary>Refuses what <see cref="Run"/> would refuse of its data, before anything is computed.</summary>
    /// <param name="train">Training data.</param>
    /// <param name="validation">Data evaluated after each epoch, or null.</param>
    /// <exception cref="ArgumentException">
    /// The data do not fit the network, a row has no label that the loss could use, or the last batch is too small for one of the layers.
    /// </exception>
    public void Check(Dataset<T> train, Dataset<T>? validation = null)
    {
        ArgumentNullException.ThrowIfNull(train);
        CheckFits(train);
        if (train.Count == 0)
            throw new ArgumentException($"{train.Name} has no samples to train on.", nameof(train));
        if (validation is { Count: > 0 })
            CheckFits(validation);
        if (_options.MaxSteps == 0 || _options.MaxSteps >= StepsPerEpoch(train))
            MicroBatches.CheckLast(_step.Network, train.Count, _batchSize);
    }

    /// <summary>Frees the trainer's buffers; the step and the network stay.</summary>
    public void Dispose() => _arena.Dispose();

    private TrainingResult RunEpochs(
        Dataset<T> train, Dataset<T>? validation, IProgress<TrainingProgress>? progress, CancellationToken cancellation)
    {
        Network<T> network = _step.Network;
        Check(train, validation);
        long totalSteps = (long)_options.Epochs * StepsPerEpoch(train);
        if (_options.MaxSteps > 0)
            totalSteps = Math.Min(totalSteps, _options.MaxSteps);
        var keeper = new CheckpointKeeper<T>(_step, _options, _batchSize, totalSteps, train, validation);
        TrainingPosition start = keeper.Start;
        if (start.Step > totalSteps)
            throw new ArgumentException($"The checkpoint {_options.ResumeFrom} already has {start.Step} steps, of which Epochs and MaxSteps ask {totalSteps}.");
        Generator? generator = start.EpochState is { } state ? new Generator(state) : _options.Shuffle ? new Generator(_options.Seed, stream: 1) : null;
        var batches = new BatchPlan(train.Count, _batchSize, generator);
        Span<T> samples = _samples.Span;
        Span<int> labels = _labels.Span;
        using Evaluator<T>? evaluator = validation is { Count: > 0 } ? new Evaluator<T>(network, _step.Loss) : null;

        if (!_lastGood.TryTake())
            throw new InvalidOperationException("The network's parameters are not all finite; there is nothing good to start from.");
        var run = new RunState(start);
        long goodStep = run.Step;
        for (int epoch = run.Epoch; epoch <= _options.Epochs && run.Step < totalSteps; epoch++)
        {
            batches.StartEpoch();
            for (int b = run.BeginEpoch(epoch); b < batches.Count && run.Step < totalSteps; b++)
            {
                if (cancellation.IsCancellationRequested)
                {
                    if (!_lastGood.TryTake())
                        return Fail(NonFinite.DescribeUpdate(network, run.Step), run, goodStep, keeper);
                    keeper.Save(run.Position(b, batches.EpochState));
                    return Result(TrainingStatus.Cancelled, "Training was cancelled.", run, keeper);
                }

                run.StartClock();
                ReadOnlySpan<int> rows = batches[b];
                train.CopyBatch(rows, samples, labels);
                double rate = _options.LearningRate * _options.Schedule.Factor(run.Step, totalSteps);
                StepResult result = _step.Run(samples, new Targets<T>(labels[..rows.Length]), rows.Length, rate);
                run.StopClock();
                if (!result.Updated)
                    return Fail(NonFinite.Describe(_step, samples, rows.Length, run.Step + 1, result.Loss), run, goodStep, keeper);
                run.Add(result, rows.Length);
                bool endsEpoch = b == batches.Count - 1, ends = run.Step == totalSteps, due = keeper.IsDue(run.Step);
                if (endsEpoch || ends || due)
                {
                    if (!_lastGood.TryTake())
                        return Fail(NonFinite.DescribeUpdate(network, run.Step), run, goodStep, keeper);
                    goodStep = run.Step;
                }

                EpochResult? end = endsEpoch ? run.EndEpoch(evaluator?.Evaluate(validation!) ?? new Evaluation(double.NaN, double.NaN, 0)) : null;
                progress?.Report(new TrainingProgress(
                    run.Step, totalSteps, epoch, result.Loss, (double)result.Correct / rows.Length, rate, run.SamplesPerSecond,
                    Time(run.Seconds / run.Step * (totalSteps - run.Step)), end)
                {
                    CheckpointFailure = keeper.Failure,
                    CheckpointStep = keeper.LastTried,
                });
                if (ends || due)
                    keeper.Save(run.Position(b + 1, batches.EpochState));
            }
        }

        return Result(TrainingStatus.Completed, null, run, keeper);
    }

    private int StepsPerEpoch(Dataset<T> train) => (int)(((long)train.Count + _batchSize - 1) / _batchSize);

    private void CheckFits(Dataset<T> data)
    {
        Evaluator<T>.CheckFits(_step.Network, data);
        if (_step.Loss is CrossEntropyLoss<T>)
            Evaluator<T>.CheckLabels(_step.Network, data);
    }

    // As many steps as there can be, to train until the stop, may take more seconds than a time span holds.
    private static TimeSpan Time(double seconds) => TimeSpan.FromSeconds(Math.Min(seconds, MostSeconds));

    private static TrainingResult Result(TrainingStatus status, string? message, RunState run, CheckpointKeeper<T> keeper) =>
        new(status, message, run.Epochs, run.Step, run.Seconds) { CheckpointFailure = keeper.Failure };

    private TrainingResult Fail(string message, RunState run, long goodStep, CheckpointKeeper<T> keeper)
    {
        _lastGood.Restore();
        return Result(TrainingStatus.NonFiniteLoss, message, run, keeper) with { WeightsStep = goodStep };
    }
}
