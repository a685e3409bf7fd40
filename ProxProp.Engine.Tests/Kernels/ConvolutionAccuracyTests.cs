using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Kernels;

/// <summary>Rounding: every element within n·ε·Σ|a·b| of the oracle, the bound of a sum of n products in any order.</summary>
public class ConvolutionAccuracyTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Float_is_accurate(int seed) => IsAccurate<float>(seed);

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void Double_is_accurate(int seed) => IsAccurate<double>(seed);

    /// <summary>⟨forward(x; w), d⟩ = ⟨x, input gradient(w, d)⟩ = ⟨w, parameter gradient(x, d)⟩.</summary>
    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    public void Gradients_are_adjoints(int seed)
    {
        var random = new Random(seed);
        using var context = new ComputeContext(2);
        for (int i = 0; i < 40; i++)
        {
            (ConvolutionShape s, int batch) = Case(random, i);
            double[] input = Values<double>(random, batch * s.InputLength);
            double[] weight = Values<double>(random, s.WeightLength);
            double[] dOutput = Values<double>(random, batch * s.OutputLength);
            var run = new ConvolutionRun<double>(context, s, batch);
            double[] output = run.Forward(input, weight, [], relu: false);
            double forward = Dot(output, dOutput);
            double scale = output.Zip(dOutput, (a, b) => Math.Abs(a * b)).Sum();
            double bound = Tolerances.ResidualRatio * Tolerances.Epsilon<double>() * s.WeightsPerFilter * (scale + 1);
            Assert.True(Math.Abs(forward - Dot(input, run.InputGradient(weight, dOutput))) <= bound, $"input gradient, batch {batch} {s}");
            Assert.True(Math.Abs(forward - Dot(weight, run.ParameterGradient(input, dOutput, false))) <= bound, $"parameters, batch {batch} {s}");
        }
    }

    /// <summary>
    /// Sums over all pixels of a batch are made of parts of 512 and a few hundred sums of those, not of one chain: with equal numbers, where every addition
    /// is rounded to the same side, a chain is off by far more than that many ε.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Sums_over_a_batch_are_as_accurate_as_short_ones(int stride)
    {
        const int Terms = 512 + 256;
        var s = new ConvolutionShape(1, 32, 32, 2, 3, 3, stride, stride, 1, 1, 1, 1);
        int batch = 256 * stride * stride;
        double[] input = new double[batch * s.InputLength], dOutput = new double[batch * s.OutputLength];
        Array.Fill(input, 0.1f);
        Array.Fill(dOutput, 0.1f);
        double[,] a = ConvolutionOracle.Im2Col(s, batch, input, withBias: true);
        using var context = new ComputeContext(2);
        var run = new ConvolutionRun<float>(context, s, batch);
        double[] gradient = ConvolutionOracle.ParameterGradient(s, batch, a, dOutput), gram = ConvolutionOracle.Gram(a);
        Near<float>(gradient, run.ParameterGradient(input, dOutput, withBias: true), gradient, Terms, "parameters");
        Near<float>(gram, run.Gram(input, withBias: true), gram, Terms, "Gram");
    }

    private static void IsAccurate<T>(int seed)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var random = new Random(seed);
        using var context = new ComputeContext(2);
        for (int i = 0; i < 30; i++)
        {
            (ConvolutionShape s, int batch) = Case(random, i);
            double[] input = Values<T>(random, batch * s.InputLength);
            double[] weight = Values<T>(random, s.WeightLength);
            double[] bias = Values<T>(random, s.Filters);
            double[] dOutput = Values<T>(random, batch * s.OutputLength);
            double[,] a = ConvolutionOracle.Im2Col(s, batch, input, withBias: true);
            double[,] absolute = ConvolutionOracle.Im2Col(s, batch, Absolute(input), withBias: true);
            var run = new ConvolutionRun<T>(context, s, batch);
            int rows = Math.Max(1, batch * s.OutputPixels);

            Near<T>(
                ConvolutionOracle.Forward(s, batch, a, weight, bias),
                run.Forward(input, weight, bias, relu: false),
                ConvolutionOracle.Forward(s, batch, absolute, Absolute(weight), Absolute(bias)),
                s.WeightsPerFilter + 1,
                $"forward, batch {batch} {s}");
            Near<T>(
                ConvolutionOracle.InputGradient(s, batch, weight, dOutput),
                run.InputGradient(weight, dOutput),
                ConvolutionOracle.InputGradient(s, batch, Absolute(weight), Absolute(dOutput)),
                s.Filters * s.Taps,
                $"input gradient, batch {batch} {s}");
            Near<T>(
                ConvolutionOracle.ParameterGradient(s, batch, a, dOutput),
                run.ParameterGradient(input, dOutput, withBias: true),
                ConvolutionOracle.ParameterGradient(s, batch, absolute, Absolute(dOutput)),
                rows,
                $"parameters, batch {batch} {s}");
            Near<T>(ConvolutionOracle.Gram(a), run.Gram(input, withBias: true), ConvolutionOracle.Gram(absolute), rows, $"Gram, batch {batch} {s}");
        }
    }

    private static (ConvolutionShape Shape, int Batch) Case(Random random, int i) => (i % 3) switch
    {
        0 => ConvolutionCases.Any(random),
        1 => ConvolutionCases.UnitStride(random),
        _ => ConvolutionCases.Same(random),
    };

    // Values that T holds exactly, so that the oracle computes on the same input.
    private static double[] Values<T>(Random random, int count)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        [.. Enumerable.Range(0, count).Select(_ => double.CreateChecked(T.CreateChecked((random.NextDouble() * 2) - 1)))];

    private static double[] Absolute(double[] values) => [.. values.Select(Math.Abs)];

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();

    private static void Near<T>(double[] expected, double[] actual, double[] magnitude, int terms, string what)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            double bound = terms * Tolerances.Epsilon<T>() * magnitude[i];
            Assert.True(Math.Abs(expected[i] - actual[i]) <= bound, $"element {i}: expected {expected[i]:R}, got {actual[i]:R}, bound {bound:R} ({what})");
        }
    }
}
