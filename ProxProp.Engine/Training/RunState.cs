using System.Diagnostics;
using ProxProp.Engine.Randomness;

namespace ProxProp.Engine.Training;

/// <summary>The counts and sums of a training run under way.</summary>
internal sealed class RunState(TrainingPosition start)
{
    private readonly List<EpochResult> _epochs = [.. start.Epochs];
    private readonly Stopwatch _clock = new();
    private double _lossSum;
    private long _correct, _epochSamples, _samples = start.Samples;

    /// <summary>Updates done.</summary>
    public long Step { get; private set; } = start.Step;

    /// <summary>The epoch under way, from 1.</summary>
    public int Epoch { get; private set; } = Math.Max(1, start.Epoch);

    /// <summary>Figures of the completed epochs.</summary>
    public IReadOnlyList<EpochResult> Epochs => _epochs;

    /// <summary>Training time, that before a resumption included.</summary>
    public double Seconds => start.Seconds + _clock.Elapsed.TotalSeconds;

    /// <summary>Samples per second of training time.</summary>
    public double SamplesPerSecond => _samples / Seconds;

    /// <summary>Runs the clock of training time.</summary>
    public void StartClock() => _clock.Start();

    /// <summary>Stops the clock of training time.</summary>
    public void StopClock() => _clock.Stop();

    /// <summary>Begins an epoch, or the rest of the one in which the run was saved.</summary>
    /// <returns>Its first batch that is still to be done.</returns>
    public int BeginEpoch(int epoch)
    {
        Epoch = epoch;
        bool rest = epoch == start.Epoch;
        (_lossSum, _correct, _epochSamples) = rest ? (start.LossSum, start.Correct, start.EpochSamples) : default;
        return rest ? start.Batch : 0;
    }

    /// <summary>Counts a step.</summary>
    public void Add(in StepResult result, int rows)
    {
        Step++;
        _lossSum += result.Loss * rows;
        _correct += result.Correct;
        _epochSamples += rows;
        _samples += rows;
    }

    /// <summary>Closes an epoch.</summary>
    public EpochResult EndEpoch(in Evaluation validation)
    {
        var result = new EpochResult(
            Epoch, _lossSum / _epochSamples, (double)_correct / _epochSamples, validation.Loss, validation.Accuracy, Seconds);
        _epochs.Add(result);
        return result;
    }

    /// <summary>What a checkpoint keeps of this.</summary>
    /// <param name="batch">Batches of the epoch that are done.</param>
    /// <param name="epochState">State of the shuffling generator at the epoch's start.</param>
    public TrainingPosition Position(int batch, GeneratorState? epochState) => new()
    {
        Step = Step,
        Epoch = Epoch,
        Batch = batch,
        EpochState = epochState,
        LossSum = _lossSum,
        Correct = _correct,
        EpochSamples = _epochSamples,
        Samples = _samples,
        Seconds = Seconds,
        Epochs = [.. _epochs],
    };
}
