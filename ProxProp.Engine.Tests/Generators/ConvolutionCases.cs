using ProxProp.Engine.Kernels;

namespace ProxProp.Engine.Tests.Generators;

/// <summary>Random convolution geometries and batches, small enough for a naive oracle.</summary>
public static class ConvolutionCases
{
    /// <summary>Strides 1 to 3, dilations 1 to 3, paddings 0 to the kernel's size, kernels 1 to 7, not square.</summary>
    public static (ConvolutionShape Shape, int Batch) Any(Random random) => Next(random, stride: 3, dilation: 3);

    /// <summary>The same with stride 1.</summary>
    public static (ConvolutionShape Shape, int Batch) UnitStride(Random random) => Next(random, stride: 1, dilation: 3);

    /// <summary>The layers of a plain convolutional network: square images, odd kernels, "same" padding, more than one vector of pixels.</summary>
    public static (ConvolutionShape Shape, int Batch) Same(Random random)
    {
        while (true)
        {
            int kernel = 1 + (2 * random.Next(3));
            int size = random.Next(4, 20);
            var shape = new ConvolutionShape(random.Next(1, 21), size, size, random.Next(1, 25), kernel, kernel, 1, 1, kernel / 2, kernel / 2, 1, 1);
            int batch = random.Next(6);
            if (Affordable(shape, batch))
                return (shape, batch);
        }
    }

    // The oracle's Gram matrix costs columns² · rows.
    private static bool Affordable(in ConvolutionShape s, int batch) =>
        (double)s.WeightsPerFilter * Math.Max(s.WeightsPerFilter, s.Filters) * s.OutputPixels * batch < 2e6;

    private static (ConvolutionShape Shape, int Batch) Next(Random random, int stride, int dilation)
    {
        while (true)
        {
            int kernelHeight = random.Next(1, 8);
            int kernelWidth = random.Next(1, 8);
            var shape = new ConvolutionShape(
                random.Next(1, random.Next(2) == 0 ? 4 : 21),
                random.Next(1, 14),
                random.Next(1, random.Next(3) == 0 ? 36 : 14),
                random.Next(1, random.Next(2) == 0 ? 6 : 25),
                kernelHeight,
                kernelWidth,
                random.Next(1, stride + 1),
                random.Next(1, stride + 1),
                random.Next(kernelHeight + 1),
                random.Next(kernelWidth + 1),
                random.Next(1, dilation + 1),
                random.Next(1, dilation + 1));
            bool fits = shape.DilationY * (kernelHeight - 1) < shape.Height + (2 * shape.PaddingY)
                && shape.DilationX * (kernelWidth - 1) < shape.Width + (2 * shape.PaddingX);
            int batch = random.Next(6);
            if (fits && Affordable(shape, batch))
                return (shape, batch);
        }
    }
}
