using System.Numerics;
using ProxProp.Engine.Kernels;

namespace ProxProp.Engine.Layers;

/// <summary>While training, sets each element to zero with a given probability and scales the others so that the mean stays (inverted dropout).</summary>
/// <remarks>
/// What is dropped is a function of the run's seed, the step and the element's place alone: no mask is stored, and the same elements are
/// dropped on any number of threads.
/// </remarks>
/// <typeparam name="T">float or double.</typeparam>
public sealed class Dropout<T> : Layer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private ulong _place;

    /// <summary>A dropout layer.</summary>
    /// <param name="probability">Probability of dropping an element, in [0, 1).</param>
    public Dropout(double probability = 0.5)
    {
        if (!(probability >= 0 && probability < 1))
            throw new ArgumentOutOfRangeException(nameof(probability), probability, "The probability of dropout must be at least 0 and below 1.");
        Probability = probability;
    }

    /// <summary>Probability of dropping an element.</summary>
    public double Probability { get; }

    /// <inheritdoc/>
    public override BufferUse BufferUse => BufferUse.Overwrites;

    /// <inheritdoc/>
    public override bool BackwardInPlace => true;

    /// <inheritdoc/>
    public override void Forward(in Pass pass, ReadOnlySpan<T> a, Span<T> z)
    {
        if (pass.Training)
            Kernels.Dropout.Forward(pass.Compute, Pattern(pass), a, z);
        else if (!z.Overlaps(a))
            a.CopyTo(z);
    }

    /// <inheritdoc/>
    public override void Backward(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> z, ReadOnlySpan<T> dz, Span<T> da) =>
        Kernels.Dropout.Backward(pass.Compute, Pattern(pass), dz, da);

    /// <inheritdoc/>
    protected override Shape Build(in PlanContext plan, Shape input)
    {
        // Two dropout layers of one network drop different elements.
        _place = (ulong)plan.LayerIndex * 0x9E3779B97F4A7C15UL;
        return input;
    }

    private DropoutPattern Pattern(in Pass pass) => new(1 - Probability, pass.Seed ^ _place, (ulong)pass.Step, (long)pass.First * Input.Size);
}
