using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using ProxProp.Engine.Data;
using ProxProp.Engine.Optimizers;

namespace ProxProp.Engine.Training;

/// <summary>A run's checkpoints: where it starts from, when the next one is due, and whether the last could be saved.</summary>
internal sealed class CheckpointKeeper<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly TrainingStep<T> _step;
    private readonly CheckpointOptions? _options;
    private readonly List<KeyValuePair<string, string>> _settings = [];
    private long _lastTime = Stopwatch.GetTimestamp();
    private long _lastStep;

    /// <summary>Loads what the run goes on from, if it does.</summary>
    /// <exception cref="DataFormatException">The checkpoint is damaged or belongs to a run with other settings.</exception>
    public CheckpointKeeper(TrainingStep<T> step, TrainerOptions options, int batchSize, long totalSteps, Dataset<T> train, Dataset<T>? validation)
    {
        _step = step;
        _options = options.Checkpoint;
        if (_options is not null || options.ResumeFrom is not null)
            _settings.AddRange(Settings(options, batchSize, totalSteps, train, validation));
        Start = options.ResumeFrom is { } path ? Checkpoint.Load(step, path, _settings) : new TrainingPosition();
        _lastStep = options.ResumeFrom is { } from && from == _options?.Path ? Start.Step : -1;
    }

    /// <summary>Where the run starts.</summary>
    public TrainingPosition Start { get; }

    /// <summary>Why the last save failed; null if it did not.</summary>
    public string? Failure { get; private set; }

    /// <summary>The step of the last save, be it a failure; 0 for none.</summary>
    public long LastTried { get; private set; }

    /// <summary>Whether one is due after so many steps.</summary>
    public bool IsDue(long step) => _options is not null
        && ((_options.EverySteps > 0 && step % _options.EverySteps == 0)
            || (_options.Every > TimeSpan.Zero && Stopwatch.GetElapsedTime(_lastTime) >= _options.Every));

    /// <summary>Saves, unless just this position is saved already. A failure is noted, and training goes on: the next save may succeed.</summary>
    public void Save(TrainingPosition position)
    {
        if (_options is null || position.Step == _lastStep)
            return;
        _options.Saving?.Invoke();
        LastTried = position.Step;
        try
        {
            Checkpoint.Save(_step, _options.Path, position, _settings, _options.Metadata);
            _lastStep = position.Step;
            Failure = null;
        }
        catch (IOException e)
        {
            Failure = e.Message;
        }

        _lastTime = Stopwatch.GetTimestamp();
    }

    private static IEnumerable<KeyValuePair<string, string>> Settings(
        TrainerOptions options, int batchSize, long totalSteps, Dataset<T> train, Dataset<T>? validation)
    {
        yield return new("batch", batchSize.ToString(CultureInfo.InvariantCulture));
        yield return new("learning rate", options.LearningRate.ToString("R", CultureInfo.InvariantCulture));
        yield return new("schedule", options.Schedule.ToString());
        yield return new("order of the samples", options.Shuffle ? $"shuffled by seed {options.Seed}" : "as in the data");

        // A constant rate does not ask how long the run will be, so that one can be lengthened.
        if (options.Schedule != Schedule.Constant)
            yield return new("steps of the whole run", totalSteps.ToString(CultureInfo.InvariantCulture));
        yield return new("training data", DatasetFingerprint.Of(train));
        yield return new("validation data", validation is { Count: > 0 } ? DatasetFingerprint.Of(validation) : "none");
    }
}
