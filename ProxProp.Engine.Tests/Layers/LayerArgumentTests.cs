using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Layers;

/// <summary>What layers and shapes refuse, and what they say.</summary>
public sealed class LayerArgumentTests
{
    [Fact]
    public void Shapes_are_positive_and_addressable()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Shape.Vector(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Shape.Image(1, -2, 3));
        Assert.Contains("2147483647", Assert.Throws<ArgumentException>(() => Shape.Image(1 << 11, 1 << 10, 1 << 10)).Message, StringComparison.Ordinal);
        // Even the product in 64 bits would overflow.
        Assert.Throws<ArgumentException>(() => Shape.Image(int.MaxValue, int.MaxValue, int.MaxValue));
    }

    [Fact]
    public void Settings_out_of_range_are_refused()
    {
        Assert.Equal("outputs", Assert.Throws<ArgumentOutOfRangeException>(() => new Linear<float>(0)).ParamName);
        Assert.Equal("filters", Assert.Throws<ArgumentOutOfRangeException>(() => new Conv2d<float>(-1, 3)).ParamName);
        Assert.Equal("kernel", Assert.Throws<ArgumentOutOfRangeException>(() => new MaxPool2d<float>(0)).ParamName);
        Assert.Equal("stride", Assert.Throws<ArgumentOutOfRangeException>(() => new AvgPool2d<float>(2, -1)).ParamName);
        Assert.Equal("padding", Assert.Throws<ArgumentOutOfRangeException>(() => new AvgPool2d<float>(2, 1, -1)).ParamName);
        foreach (double slope in (double[])[-0.5, 0, 1.5, double.NaN])
            Assert.Equal("slope", Assert.Throws<ArgumentOutOfRangeException>(() => new LeakyRelu<float>(slope)).ParamName);
    }

    [Theory]
    [InlineData(0, 1, 0, 1, "Kernel")]
    [InlineData(3, 0, 0, 1, "Stride")]
    [InlineData(3, 1, -1, 1, "Padding")]
    [InlineData(3, 1, 0, 0, "Dilation")]
    [InlineData(9, 1, 0, 1, "9")]
    [InlineData(3, 1, 0, 4, "dilation 4")]
    public void A_convolution_that_has_no_output_is_refused(int kernel, int stride, int padding, int dilation, string said)
    {
        using var compute = new ComputeContext(1);
        var e = Assert.Throws<ArgumentException>(() =>
            new Network<float>(Shape.Image(1, 8, 8), [new Conv2d<float>(2, kernel, stride, padding, dilation)], 1, compute: compute));
        Assert.Contains("Layer 0 (Conv2d)", e.Message, StringComparison.Ordinal);
        Assert.Contains(said, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Image_layers_refuse_vectors_and_name_both_layers()
    {
        using var compute = new ComputeContext(1);
        foreach (Layer<float> layer in (Layer<float>[])[new Conv2d<float>(2, 3), new MaxPool2d<float>(2), new AvgPool2d<float>(2)])
        {
            var e = Assert.Throws<ArgumentException>(() =>
                new Network<float>(Shape.Vector(16), [new Linear<float>(12), layer], 1, compute: compute));
            Assert.Contains($"Layer 1 ({layer.Kind}) cannot follow layer 0 (Linear) of shape 12", e.Message, StringComparison.Ordinal);
            Assert.Contains("needs an image", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_layer_too_large_for_memory_says_so()
    {
        using var compute = new ComputeContext(1);
        var e = Assert.Throws<ArgumentException>(() =>
            new Network<float>(Shape.Vector(100_000), [new Linear<float>(100_000)], 1, compute: compute));
        Assert.Contains("Layer 0 (Linear)", e.Message, StringComparison.Ordinal);
        Assert.Contains("[100000, 100000]", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_layer_belongs_to_one_network()
    {
        using var compute = new ComputeContext(1);
        var layer = new Linear<float>(2);
        Assert.Contains(
            "before it is part of a network",
            Assert.Throws<InvalidOperationException>(() => layer.Parameters.Length).Message,
            StringComparison.Ordinal);
        using var network = new Network<float>(Shape.Vector(3), [layer], 1, compute: compute);
        Assert.Contains(
            "belongs to one network",
            Assert.Throws<InvalidOperationException>(() => new Network<float>(Shape.Vector(3), [layer], 1, compute: compute)).Message,
            StringComparison.Ordinal);
    }
}
