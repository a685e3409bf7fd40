using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Layers;

/// <summary>What max and average pooling have in common: a window that moves over each channel, PyTorch's floor rule for the output size.</summary>
/// <typeparam name="T">float or double.</typeparam>
public abstract class Pooling2d<T> : Layer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>A square window.</summary>
    /// <param name="kernel">Height and width of the window.</param>
    /// <param name="stride">Step of the window; 0 for the window's own size.</param>
    /// <param name="padding">Padding on each side, at most half the window.</param>
    protected Pooling2d(int kernel, int stride, int padding)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(kernel);
        ArgumentOutOfRangeException.ThrowIfNegative(stride);
        ArgumentOutOfRangeException.ThrowIfNegative(padding);
        Kernel = kernel;
        Stride = stride == 0 ? kernel : stride;
        Padding = padding;
    }

    /// <summary>Height and width of the window.</summary>
    public int Kernel { get; }

    /// <summary>Step of the window.</summary>
    public int Stride { get; }

    /// <summary>Padding on each side.</summary>
    public int Padding { get; }

    /// <summary>The shape for the kernels.</summary>
    protected PoolingShape PoolingShape { get; private set; }

    /// <inheritdoc/>
    protected override Shape Build(in PlanContext plan, Shape input)
    {
        if (!input.IsImage)
            throw new ArgumentException($"{Kind} needs an image at its input (channels x height x width), but got a vector of {input}.", nameof(input));
        PoolingShape = new PoolingShape(input.Channels, input.Height, input.Width, Kernel, Kernel, Stride, Stride, Padding, Padding);
        PoolingShape.Validate();
        return Shape.Image(input.Channels, PoolingShape.OutputHeight, PoolingShape.OutputWidth);
    }
}

/// <summary>The largest element of each window; the derivative goes to the first of equals.</summary>
/// <param name="kernel">Height and width of the window.</param>
/// <param name="stride">Step of the window; 0 for the window's own size.</param>
/// <param name="padding">Padding (−∞) on each side, at most half the window.</param>
/// <typeparam name="T">float or double.</typeparam>
public sealed class MaxPool2d<T>(int kernel, int stride = 0, int padding = 0) : Pooling2d<T>(kernel, stride, padding)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private Slot<int> _argmax;

    /// <inheritdoc/>
    public override void Forward(in Pass pass, ReadOnlySpan<T> a, Span<T> z) =>
        MaxPooling.Forward(pass.Compute, PoolingShape, pass.Batch, a, z, _argmax.Span[..z.Length]);

    /// <inheritdoc/>
    public override void Backward(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> z, ReadOnlySpan<T> dz, Span<T> da) =>
        MaxPooling.Backward(pass.Compute, PoolingShape, pass.Batch, dz, _argmax.Span[..dz.Length], da);

    /// <inheritdoc/>
    protected override Shape Build(in PlanContext plan, Shape input)
    {
        Shape output = base.Build(plan, input);
        _argmax = plan.Arena.Reserve<int>("max-pooling positions", (long)plan.MaxBatch * output.Size);
        return output;
    }
}

/// <summary>The mean of each window; padding counts as zeros, as in PyTorch's default.</summary>
/// <param name="kernel">Height and width of the window.</param>
/// <param name="stride">Step of the window; 0 for the window's own size.</param>
/// <param name="padding">Zero padding on each side, at most half the window.</param>
/// <typeparam name="T">float or double.</typeparam>
public sealed class AvgPool2d<T>(int kernel, int stride = 0, int padding = 0) : Pooling2d<T>(kernel, stride, padding)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    public override void Forward(in Pass pass, ReadOnlySpan<T> a, Span<T> z) =>
        AveragePooling.Forward(pass.Compute, PoolingShape, pass.Batch, a, z);

    /// <inheritdoc/>
    public override void Backward(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> z, ReadOnlySpan<T> dz, Span<T> da) =>
        AveragePooling.Backward(pass.Compute, PoolingShape, pass.Batch, dz, da);
}
