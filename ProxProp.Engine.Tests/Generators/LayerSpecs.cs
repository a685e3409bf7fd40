using System.Numerics;
using ProxProp.Engine.Layers;

namespace ProxProp.Engine.Tests.Generators;

/// <summary>A layer as a value that can be printed, compared and shrunk, and made in float and in double.</summary>
public abstract record LayerSpec
{
    /// <summary>Whether the layer has parameters.</summary>
    public virtual bool IsParametric => false;

    public abstract Shape Output(Shape input);

    public abstract Layer<T> Make<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    /// <summary>The layer in words, behind an input of the given shape.</summary>
    public abstract string Words(Shape input);

    /// <summary>Simpler layers that fit in the same place.</summary>
    public virtual IEnumerable<LayerSpec> Shrink() => [];
}

public sealed record LinearSpec(int Outputs, bool Bias = true) : LayerSpec
{
    public override bool IsParametric => true;

    public override Shape Output(Shape input) => Shape.Vector(Outputs);

    public override Layer<T> Make<T>() => new Linear<T>(Outputs, Bias);

    public override string Words(Shape input) => $"Linear {input.Size}→{Outputs}{(Bias ? "" : " without bias")}";

    public override IEnumerable<LayerSpec> Shrink()
    {
        if (Outputs > 1)
            yield return this with { Outputs = Outputs / 2 };
        if (Outputs > 2)
            yield return this with { Outputs = Outputs - 1 };
        if (Bias)
            yield return this with { Bias = false };
    }
}

public sealed record ConvSpec(
    int Filters, (int Y, int X) Kernel, (int Y, int X) Stride, (int Y, int X) Padding, (int Y, int X) Dilation, bool Bias = true) : LayerSpec
{
    public override bool IsParametric => true;

    public override Shape Output(Shape input) => Shape.Image(
        Filters,
        Extent(input.Height, Kernel.Y, Stride.Y, Padding.Y, Dilation.Y),
        Extent(input.Width, Kernel.X, Stride.X, Padding.X, Dilation.X));

    public override Layer<T> Make<T>() => new Conv2d<T>(Filters, Kernel, Stride, Padding, Dilation, Bias);

    public override string Words(Shape input) =>
        $"Conv2d {input}→{Filters} kernel {Kernel} stride {Stride} padding {Padding} dilation {Dilation}{(Bias ? "" : " without bias")}";

    public override IEnumerable<LayerSpec> Shrink()
    {
        if (Filters > 1)
            yield return this with { Filters = Filters / 2 };
        if (Bias)
            yield return this with { Bias = false };
        if (Stride != (1, 1))
            yield return this with { Stride = (1, 1) };
        if (Dilation != (1, 1))
            yield return this with { Dilation = (1, 1) };
        if (Kernel != (1, 1))
            yield return this with { Kernel = (1, 1), Padding = (0, 0), Dilation = (1, 1) };
        if (Padding != (0, 0))
            yield return this with { Padding = (0, 0), Kernel = (1, 1), Dilation = (1, 1) };
    }

    private static int Extent(int size, int kernel, int stride, int padding, int dilation) =>
        ((size + (2 * padding) - (dilation * (kernel - 1)) - 1) / stride) + 1;
}

public enum ActivationKind
{
    Relu,
    LeakyRelu,
    Tanh,
    Sigmoid,
    Gelu,
}

public sealed record ActivationSpec(ActivationKind Kind) : LayerSpec
{
    public override Shape Output(Shape input) => input;

    public override Layer<T> Make<T>() => Kind switch
    {
        ActivationKind.Relu => new Relu<T>(),
        ActivationKind.LeakyRelu => new LeakyRelu<T>(0.1),
        ActivationKind.Tanh => new Tanh<T>(),
        ActivationKind.Sigmoid => new Sigmoid<T>(),
        _ => new Gelu<T>(),
    };

    public override string Words(Shape input) => Kind.ToString();
}

public sealed record PoolSpec(bool Max, int Kernel, int Stride, int Padding) : LayerSpec
{
    public override Shape Output(Shape input) => Shape.Image(
        input.Channels,
        ((input.Height + (2 * Padding) - Kernel) / Stride) + 1,
        ((input.Width + (2 * Padding) - Kernel) / Stride) + 1);

    public override Layer<T> Make<T>() => Max ? new MaxPool2d<T>(Kernel, Stride, Padding) : new AvgPool2d<T>(Kernel, Stride, Padding);

    public override string Words(Shape input) => $"{(Max ? "MaxPool2d" : "AvgPool2d")} kernel {Kernel} stride {Stride} padding {Padding}";
}

public sealed record BatchNormSpec : LayerSpec
{
    public override bool IsParametric => true;

    public override Shape Output(Shape input) => input;

    public override Layer<T> Make<T>() => new BatchNorm<T>();

    public override string Words(Shape input) => "BatchNorm";
}

public sealed record DropoutSpec(double Probability) : LayerSpec
{
    public override Shape Output(Shape input) => input;

    public override Layer<T> Make<T>() => new Dropout<T>(Probability);

    public override string Words(Shape input) => $"Dropout {Probability}";
}

public sealed record FlattenSpec : LayerSpec
{
    public override Shape Output(Shape input) => Shape.Vector(input.Size);

    public override Layer<T> Make<T>() => new Flatten<T>();

    public override string Words(Shape input) => "Flatten";
}
