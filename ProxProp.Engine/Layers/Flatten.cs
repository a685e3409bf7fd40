using System.Numerics;

namespace ProxProp.Engine.Layers;

/// <summary>Takes an image as the vector of its elements, channel by channel. Moves nothing.</summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class Flatten<T> : Layer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    public override BufferUse BufferUse => BufferUse.View;

    /// <inheritdoc/>
    public override bool BackwardInPlace => true;

    /// <inheritdoc/>
    public override void Forward(in Pass pass, ReadOnlySpan<T> a, Span<T> z) => a.CopyTo(z);

    /// <inheritdoc/>
    public override void Backward(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> z, ReadOnlySpan<T> dz, Span<T> da) => dz.CopyTo(da);

    /// <inheritdoc/>
    protected override Shape Build(in PlanContext plan, Shape input) => Shape.Vector(input.Size);
}
