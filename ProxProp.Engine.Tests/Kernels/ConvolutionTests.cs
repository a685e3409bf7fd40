using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Simd;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Kernels;

/// <summary>
/// Exact small integers: every product and sum is representable, so any order of summation gives the oracle's number and a wrong tap,
/// a missed border or an element left over from before shows at once. Outputs and scratch begin as NaN.
/// </summary>
public class ConvolutionTests
{
    public static TheoryData<SimdWidth, int> Widths => new()
    {
        { SimdWidth.Scalar, 1 }, { SimdWidth.Bits128, 2 }, { SimdWidth.Bits256, 3 }, { SimdWidth.Bits512, 4 },
    };

    [Theory]
    [MemberData(nameof(Widths))]
    public void Integers_are_exact_in_float(SimdWidth width, int seed) => IntegersAreExact<float>(width, seed);

    [Theory]
    [MemberData(nameof(Widths))]
    public void Integers_are_exact_in_double(SimdWidth width, int seed) => IntegersAreExact<double>(width, seed + 10);

    private static void IntegersAreExact<T>(SimdWidth width, int seed)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var random = new Random(seed);
        using var context = new ComputeContext(2, width);
        for (int i = 0; i < 30; i++)
        {
            (ConvolutionShape shape, int batch) = (i % 3) switch
            {
                0 => ConvolutionCases.Any(random),
                1 => ConvolutionCases.UnitStride(random),
                _ => ConvolutionCases.Same(random),
            };
            bool withBias = random.Next(2) == 0;
            bool relu = random.Next(2) == 0;
            double[] input = Integers(random, batch * shape.InputLength);
            double[] weight = Integers(random, shape.WeightLength);
            double[] bias = withBias ? Integers(random, shape.Filters) : [];
            double[] dOutput = Integers(random, batch * shape.OutputLength);
            double[,] a = ConvolutionOracle.Im2Col(shape, batch, input, withBias);
            var run = new ConvolutionRun<T>(context, shape, batch);
            string what = $"{typeof(T).Name} {width} batch {batch} bias {withBias} {shape}";

            double[] output = ConvolutionOracle.Forward(shape, batch, a, weight, bias);
            Equal(relu ? [.. output.Select(v => Math.Max(0, v))] : output, run.Forward(input, weight, bias, relu), "forward, " + what);
            Equal(ConvolutionOracle.InputGradient(shape, batch, weight, dOutput), run.InputGradient(weight, dOutput), "input gradient, " + what);
            Equal(ConvolutionOracle.ParameterGradient(shape, batch, a, dOutput), run.ParameterGradient(input, dOutput, withBias), "parameters, " + what);
            Equal(ConvolutionOracle.Gram(a), run.Gram(input, withBias), "Gram, " + what);
        }
    }

    private static double[] Integers(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (double)random.Next(-3, 4))];

    private static void Equal(double[] expected, double[] actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.True(expected[i] == actual[i], $"element {i}: expected {expected[i]}, got {actual[i]} ({what})");
    }
}
