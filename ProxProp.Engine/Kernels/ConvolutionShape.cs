namespace ProxProp.Engine.Kernels;

/// <summary>The geometry of a two-dimensional convolution, without the batch.</summary>
/// <param name="Channels">Channels of the input.</param>
/// <param name="Height">Height of the input.</param>
/// <param name="Width">Width of the input.</param>
/// <param name="Filters">Filters, which are the channels of the output.</param>
/// <param name="KernelHeight">Rows of one filter.</param>
/// <param name="KernelWidth">Columns of one filter.</param>
/// <param name="StrideY">Input rows from one output row to the next.</param>
/// <param name="StrideX">Input columns from one output column to the next.</param>
/// <param name="PaddingY">Rows of zeros above and below the input.</param>
/// <param name="PaddingX">Columns of zeros left and right of the input.</param>
/// <param name="DilationY">Input rows from one filter row to the next.</param>
/// <param name="DilationX">Input columns from one filter column to the next.</param>
public readonly record struct ConvolutionShape(
    int Channels,
    int Height,
    int Width,
    int Filters,
    int KernelHeight,
    int KernelWidth,
    int StrideY,
    int StrideX,
    int PaddingY,
    int PaddingX,
    int DilationY,
    int DilationX)
{
    /// <summary>Taps of a filter, and its stride, along one axis at most: planning walks over all pairs of them.</summary>
    public const int MostAlong = 1024;

    /// <summary>Rows of the output: ⌊(Height + 2·PaddingY − DilationY·(KernelHeight − 1) − 1) / StrideY⌋ + 1.</summary>
    public int OutputHeight => Extent(Height, KernelHeight, StrideY, PaddingY, DilationY);

    /// <summary>Columns of the output.</summary>
    public int OutputWidth => Extent(Width, KernelWidth, StrideX, PaddingX, DilationX);

    /// <summary>Pixels of one output channel.</summary>
    public int OutputPixels => OutputHeight * OutputWidth;

    /// <summary>Pixels of one input channel.</summary>
    public int InputPixels => Height * Width;

    /// <summary>Elements of one input image, all channels.</summary>
    public int InputLength => Channels * InputPixels;

    /// <summary>Elements of one output image, all filters.</summary>
    public int OutputLength => Filters * OutputPixels;

    /// <summary>Taps of one filter in one channel.</summary>
    public int Taps => KernelHeight * KernelWidth;

    /// <summary>Weights of one filter: the columns of the im2col matrix, without the bias.</summary>
    public int WeightsPerFilter => Channels * Taps;

    /// <summary>Weights of all filters.</summary>
    public int WeightLength => Filters * WeightsPerFilter;

    /// <summary>Refuses a geometry that has no output or whose buffers cannot be addressed.</summary>
    /// <exception cref="ArgumentException">A size is out of range, or the kernel is larger than the padded image.</exception>
    public void Validate()
    {
        AtLeast(1, Channels, nameof(Channels));
        AtLeast(1, Height, nameof(Height));
        AtLeast(1, Width, nameof(Width));
        AtLeast(1, Filters, nameof(Filters));
        AtLeast(1, KernelHeight, nameof(KernelHeight));
        AtLeast(1, KernelWidth, nameof(KernelWidth));
        AtLeast(1, StrideY, nameof(StrideY));
        AtLeast(1, StrideX, nameof(StrideX));
        AtLeast(0, PaddingY, nameof(PaddingY));
        AtLeast(0, PaddingX, nameof(PaddingX));
        AtLeast(1, DilationY, nameof(DilationY));
        AtLeast(1, DilationX, nameof(DilationX));
        AtMost(MostAlong, KernelHeight, nameof(KernelHeight));
        AtMost(MostAlong, KernelWidth, nameof(KernelWidth));
        AtMost(MostAlong, StrideY, nameof(StrideY));
        AtMost(MostAlong, StrideX, nameof(StrideX));
        Fits("height", Height, KernelHeight, PaddingY, DilationY);
        Fits("width", Width, KernelWidth, PaddingX, DilationX);
        Addressable("padded input image", Channels, Height + (2L * PaddingY), Width + (2L * PaddingX));
        Addressable("weights", Filters, Channels, (long)KernelHeight * KernelWidth);
        Addressable("output image", Filters, OutputHeight, OutputWidth);
    }

    private static int Extent(int size, int kernel, int stride, int padding, int dilation) =>
        ((size + (2 * padding) - (dilation * (kernel - 1)) - 1) / stride) + 1;

    private static void AtLeast(int least, int value, string name)
    {
        if (value < least)
            throw new ArgumentOutOfRangeException(name, $"A convolution's {name} must be at least {least}, but is {value}.");
    }

    private static void AtMost(int most, int value, string name)
    {
        if (value > most)
            throw new ArgumentOutOfRangeException(name, $"A convolution's {name} must be at most {most}, but is {value}.");
    }

    private static void Fits(string axis, int size, int kernel, int padding, int dilation)
    {
        long padded = size + (2L * padding);
        long reach = ((long)dilation * (kernel - 1)) + 1;
        if (reach > padded)
        {
            throw new ArgumentException(
                $"A kernel {axis} of {kernel} with dilation {dilation} reaches over {reach} pixels, more than the input {axis} {size}"
                + $" with padding {padding} on both sides ({padded}).");
        }
    }

    private static void Addressable(string what, long a, long b, long c)
    {
        if ((Int128)a * b * c > int.MaxValue)
            throw new ArgumentException($"The {what} of a convolution would have {(Int128)a * b * c} elements, more than {int.MaxValue}.");
    }
}
