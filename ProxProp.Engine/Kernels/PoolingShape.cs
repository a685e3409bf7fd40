namespace ProxProp.Engine.Kernels;

/// <summary>The geometry of a pooling layer on images in NCHW layout.</summary>
/// <param name="Channels">Channels of the input and of the output.</param>
/// <param name="Height">Input height.</param>
/// <param name="Width">Input width.</param>
/// <param name="KernelHeight">Window height.</param>
/// <param name="KernelWidth">Window width.</param>
/// <param name="StrideY">Vertical distance between windows.</param>
/// <param name="StrideX">Horizontal distance between windows.</param>
/// <param name="PaddingY">Rows added above and below, at most half a window.</param>
/// <param name="PaddingX">Columns added left and right, at most half a window.</param>
public readonly record struct PoolingShape(
    int Channels, int Height, int Width, int KernelHeight, int KernelWidth, int StrideY, int StrideX, int PaddingY, int PaddingX)
{
    /// <summary>Output height, ⌊(H + 2p − k)/s⌋ + 1.</summary>
    public int OutputHeight => ((Height + (2 * PaddingY) - KernelHeight) / StrideY) + 1;

    /// <summary>Output width, ⌊(W + 2p − k)/s⌋ + 1.</summary>
    public int OutputWidth => ((Width + (2 * PaddingX) - KernelWidth) / StrideX) + 1;

    /// <summary>Elements of one input channel.</summary>
    public int InputPlane => Height * Width;

    /// <summary>Elements of one output channel.</summary>
    public int OutputPlane => OutputHeight * OutputWidth;

    /// <summary>Whether the windows are 2×2, side by side, without padding: the common case.</summary>
    internal bool IsTwoByTwo => this is { KernelHeight: 2, KernelWidth: 2, StrideY: 2, StrideX: 2, PaddingY: 0, PaddingX: 0 };

    /// <summary>Throws where the geometry is impossible.</summary>
    /// <exception cref="ArgumentException">A size or stride is not positive, a padding is negative or beyond half a window, or no window fits.</exception>
    public void Validate()
    {
        if (Channels < 1 || Height < 1 || Width < 1 || KernelHeight < 1 || KernelWidth < 1 || StrideY < 1 || StrideX < 1)
            throw new ArgumentException($"Pooling needs positive sizes and strides, but got {this}.");
        if (PaddingY < 0 || PaddingX < 0 || PaddingY > KernelHeight / 2 || PaddingX > KernelWidth / 2)
        {
            throw new ArgumentException(
                $"Pooling padding must lie between 0 and half the window ({KernelHeight / 2}, {KernelWidth / 2}), but got ({PaddingY}, {PaddingX}).");
        }

        if (Height + (2 * PaddingY) < KernelHeight || Width + (2 * PaddingX) < KernelWidth)
        {
            throw new ArgumentException(
                $"A {KernelHeight}x{KernelWidth} window does not fit an image of {Height}x{Width} padded by ({PaddingY}, {PaddingX}).");
        }
    }

    internal int CheckedPlanes(int batch, int input, string inputName, int output, string outputName)
    {
        Validate();
        ArgumentOutOfRangeException.ThrowIfNegative(batch);
        int planes = checked(batch * Channels);
        Lengths.Check(input, checked(planes * InputPlane), inputName, this);
        Lengths.Check(output, planes * OutputPlane, outputName, this);
        return planes;
    }

    // The part of a window along one axis that lies inside the image.
    internal static (int Begin, int End) Window(int index, int stride, int padding, int kernel, int size)
    {
        int begin = (index * stride) - padding;
        return (Math.Max(0, begin), Math.Min(size, begin + kernel));
    }
}
