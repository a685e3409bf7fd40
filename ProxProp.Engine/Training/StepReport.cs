using ProxProp.Engine.Proximal;

namespace ProxProp.Engine.Training;

/// <summary>What one training step did.</summary>
/// <param name="Loss">Loss of the batch before the update.</param>
/// <param name="Correct">Samples classified correctly before the update; −1 where the targets are no labels.</param>
/// <param name="Updated">False where the loss or a direction was not finite and parameters and optimizer were left alone.</param>
public readonly record struct StepResult(double Loss, int Correct, bool Updated);

/// <summary>Told about a training step and how each layer's direction was made.</summary>
/// <param name="report">Valid during the call.</param>
public delegate void StepReported(in StepReport report);

/// <summary>One training step and its layers.</summary>
/// <param name="step">Number of the step, from 1.</param>
/// <param name="result">Its result.</param>
/// <param name="layers">How each layer's direction was made.</param>
public readonly ref struct StepReport(long step, StepResult result, ReadOnlySpan<LayerReport> layers)
{
    /// <summary>Number of the step, from 1.</summary>
    public long Step { get; } = step;

    /// <summary>Loss before the update, and whether there was one.</summary>
    public StepResult Result { get; } = result;

    /// <summary>How each layer's direction was made, indexed as the network's layers; empty where the loss was not finite.</summary>
    public ReadOnlySpan<LayerReport> Layers { get; } = layers;
}
