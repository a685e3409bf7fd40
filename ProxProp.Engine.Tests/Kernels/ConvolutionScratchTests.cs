using ProxProp.Engine.Kernels;

namespace ProxProp.Engine.Tests.Kernels;

/// <summary>Scratch planned for a largest batch serves every smaller one, the short last batch of an epoch for example.</summary>
public sealed class ConvolutionScratchTests
{
    [Theory]
    [InlineData(1, 8, 16, 5, 2)]
    [InlineData(16, 4, 20, 5, 2)]
    [InlineData(20, 2, 20, 5, 2)]
    [InlineData(3, 32, 16, 5, 2)]
    [InlineData(3, 6, 1, 3, 0)]
    [InlineData(2, 40, 7, 11, 5)]
    public void A_smaller_batch_never_needs_more(int channels, int side, int filters, int kernel, int padding)
    {
        using var compute = new ComputeContext(2);
        foreach (int stride in new[] { 1, 2 })
        {
            var shape = new ConvolutionShape(channels, side, side, filters, kernel, kernel, stride, stride, padding, padding, 1, 1);
            int before = 0;
            for (int batch = 1; batch <= 600; batch++)
            {
                int length = Convolution.ScratchLength(shape, batch, compute);
                Assert.True(length >= before, $"batch {batch} needs {length}, batch {batch - 1} {before}");
                before = length;
            }
        }
    }
}
