using System.Numerics;
using ProxProp.Engine.Kernels;

namespace ProxProp.Engine.Tests.Kernels;

/// <summary>Runs the convolution kernels on arrays of doubles rounded to T; outputs and scratch begin as NaN and end in canaries.</summary>
public sealed class ConvolutionRun<T>(ComputeContext context, ConvolutionShape shape, int batch)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Canaries = 37;
    private const double Canary = -12345;

    public double[] Forward(double[] input, double[] weight, double[] bias, bool relu) => Guarded(
        batch * shape.OutputLength, (x, scratch) => Convolution.Forward<T>(context, shape, batch, Cast(input), Cast(weight), Cast(bias), x, relu, scratch));

    public double[] InputGradient(double[] weight, double[] dOutput) => Guarded(
        batch * shape.InputLength, (x, scratch) => Convolution.InputGradient<T>(context, shape, batch, Cast(weight), Cast(dOutput), x, scratch));

    /// <summary>Filters × (weights, then the bias if asked for).</summary>
    public double[] ParameterGradient(double[] input, double[] dOutput, bool withBias)
    {
        int weights = shape.WeightLength;
        double[] both = Guarded(
            weights + (withBias ? shape.Filters : 0),
            (x, scratch) => Convolution.ParameterGradient<T>(context, shape, batch, Cast(input), Cast(dOutput), x[..weights], x[weights..], scratch));
        return
        [
            .. Enumerable.Range(0, shape.Filters).SelectMany(
                f => both.Skip(f * shape.WeightsPerFilter).Take(shape.WeightsPerFilter).Concat(withBias ? [both[weights + f]] : [])),
        ];
    }

    public double[] Gram(double[] input, bool withBias)
    {
        int columns = shape.WeightsPerFilter + (withBias ? 1 : 0);
        return Guarded(
            columns * columns,
            (x, scratch) => Convolution.Gram(context, shape, batch, Cast(input), withBias, new Matrix<T>(x, columns, columns), scratch));
    }

    private static T[] Cast(double[] values) => [.. values.Select(T.CreateChecked)];

    private double[] Guarded(int length, Operation operation)
    {
        T[] output = Enumerable.Repeat(T.NaN, length + Canaries).ToArray();
        int scratchLength = Convolution.ScratchLength(shape, batch, context);
        T[] scratch = Enumerable.Repeat(T.NaN, scratchLength + Canaries).ToArray();
        output.AsSpan(length).Fill(T.CreateChecked(Canary));
        scratch.AsSpan(scratchLength).Fill(T.CreateChecked(Canary));
        operation(output.AsSpan(0, length), scratch.AsSpan(0, scratchLength));
        Assert.All(output[length..], v => Assert.Equal(T.CreateChecked(Canary), v));
        Assert.All(scratch[scratchLength..], v => Assert.Equal(T.CreateChecked(Canary), v));
        return [.. output[..length].Select(double.CreateChecked)];
    }

    private delegate void Operation(Span<T> output, Span<T> scratch);
}
