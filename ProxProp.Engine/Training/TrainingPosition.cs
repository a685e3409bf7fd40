using ProxProp.Engine.Randomness;

namespace ProxProp.Engine.Training;

/// <summary>How far a training run has come: with the state of its <see cref="TrainingStep{T}"/> all that is needed to go on.</summary>
public sealed record TrainingPosition
{
    /// <summary>Updates done.</summary>
    public long Step { get; init; }

    /// <summary>The epoch that is under way, from 1; 0 before the first.</summary>
    public int Epoch { get; init; }

    /// <summary>Batches of that epoch that are done.</summary>
    public int Batch { get; init; }

    /// <summary>State of the generator that shuffles, as it was at the start of that epoch; null in file order.</summary>
    public GeneratorState? EpochState { get; init; }

    /// <summary>Sum over that epoch's samples so far of the loss.</summary>
    public double LossSum { get; init; }

    /// <summary>That epoch's samples so far that were classified correctly.</summary>
    public long Correct { get; init; }

    /// <summary>That epoch's samples so far.</summary>
    public long EpochSamples { get; init; }

    /// <summary>Samples of the whole run so far.</summary>
    public long Samples { get; init; }

    /// <summary>Training time so far, evaluation not counted.</summary>
    public double Seconds { get; init; }

    /// <summary>Figures of the completed epochs.</summary>
    public IReadOnlyList<EpochResult> Epochs { get; init; } = [];
}
