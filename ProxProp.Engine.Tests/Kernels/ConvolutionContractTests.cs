using ProxProp.Engine.Kernels;
using ProxProp.Engine.Simd;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Kernels;

/// <summary>What convolutions promise beside their numbers: the same bits everywhere, no allocation, errors that say what is wrong.</summary>
public class ConvolutionContractTests
{
    private static readonly ConvolutionShape Small = new(2, 6, 7, 3, 3, 3, 1, 1, 1, 1, 1, 1);

    public static TheoryData<SimdWidth, int> Machines => new()
    {
        { SimdWidth.Scalar, 1 }, { SimdWidth.Bits128, 1 }, { SimdWidth.Bits256, 1 }, { SimdWidth.Bits512, 1 },
        { SimdWidth.Bits256, 2 }, { SimdWidth.Bits128, 3 }, { SimdWidth.Bits512, 8 },
    };

    [Theory]
    [MemberData(nameof(Machines))]
    public void Results_are_the_same_to_the_bit(SimdWidth width, int threads)
    {
        using var reference = new ComputeContext(1, SimdWidth.Bits256);
        using var other = new ComputeContext(threads, width);
        var random = new Random(77);
        for (int i = 0; i < 18; i++)
        {
            (ConvolutionShape s, int batch) = (i % 3) switch
            {
                0 => ConvolutionCases.Any(random),
                1 => ConvolutionCases.UnitStride(random),
                _ => (new ConvolutionShape(3 + i, 8, 8, 5, 5, 5, 1, 1, 2, 2, 1, 1), 40),
            };
            double[] input = Values(random, batch * s.InputLength);
            double[] weight = Values(random, s.WeightLength);
            double[] bias = Values(random, s.Filters);
            double[] dOutput = Values(random, batch * s.OutputLength);
            SameFloat(reference, other, s, batch, run => run.Forward(input, weight, bias, relu: true));
            SameFloat(reference, other, s, batch, run => run.InputGradient(weight, dOutput));
            SameFloat(reference, other, s, batch, run => run.ParameterGradient(input, dOutput, withBias: true));
            SameFloat(reference, other, s, batch, run => run.Gram(input, withBias: true));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Nothing_is_allocated(int stride)
    {
        using var context = new ComputeContext(1);
        var s = new ConvolutionShape(5, 12, 11, 6, 3, 3, stride, stride, 1, 1, 1, 1);
        const int batch = 3;
        float[] input = new float[batch * s.InputLength];
        float[] output = new float[batch * s.OutputLength];
        float[] weight = new float[s.WeightLength];
        float[] bias = new float[s.Filters];
        int columns = s.WeightsPerFilter + 1;
        float[] gram = new float[columns * columns];
        float[] scratch = new float[Convolution.ScratchLength(s, batch, context)];
        void Step()
        {
            Convolution.ScratchLength(s, batch, context);
            Convolution.Forward<float>(context, s, batch, input, weight, bias, output, relu: true, scratch);
            Convolution.InputGradient<float>(context, s, batch, weight, output, input, scratch);
            Convolution.ParameterGradient<float>(context, s, batch, input, output, weight, bias, scratch);
            Convolution.Gram(context, s, batch, input, true, new Matrix<float>(gram, columns, columns), scratch);
        }

        SameBits.AllocatesNothing(Step);
    }

    [Fact]
    public void Scratch_for_a_batch_is_enough_for_every_smaller_one()
    {
        using var context = new ComputeContext(3);
        var random = new Random(5);
        for (int i = 0; i < 20; i++)
        {
            (ConvolutionShape s, _) = i % 2 == 0 ? ConvolutionCases.Any(random) : ConvolutionCases.UnitStride(random);
            int[] lengths = [.. Enumerable.Range(0, 130).Select(batch => Convolution.ScratchLength(s, batch, context))];
            Assert.True(lengths.SequenceEqual(lengths.Order()), $"{s}");
        }
    }

    [Theory]
    [InlineData(64)]
    [InlineData(int.MaxValue)]
    public void The_distance_of_the_columns_of_a_kernel_that_has_one_means_nothing(int dilation)
    {
        using var context = new ComputeContext(2);
        var plain = new ConvolutionShape(3, 9, 5, 4, 2, 1, 1, 1, 1, 0, 2, 1);
        ConvolutionShape apart = plain with { DilationX = dilation };
        apart.Validate();
        Assert.Equal(Convolution.ScratchLength(plain, 7, context), Convolution.ScratchLength(apart, 7, context));
        double[] input = [.. Enumerable.Range(0, 7 * plain.InputLength).Select(i => i % 7 - 3.0)];
        double[] output = [.. Enumerable.Range(0, 7 * plain.OutputLength).Select(i => i % 5 - 2.0)];
        double[] weight = [.. Enumerable.Range(0, plain.WeightLength).Select(i => i % 4 - 1.0)], bias = new double[4];
        ConvolutionRun<float> expected = new(context, plain, 7), found = new(context, apart, 7);
        Assert.Equal(expected.Forward(input, weight, bias, relu: false), found.Forward(input, weight, bias, relu: false));
        Assert.Equal(expected.InputGradient(weight, output), found.InputGradient(weight, output));
        Assert.Equal(expected.ParameterGradient(input, output, true), found.ParameterGradient(input, output, true));
        Assert.Equal(expected.Gram(input, true), found.Gram(input, true));
    }

    [Fact]
    public void Relu_keeps_a_NaN()
    {
        using var context = new ComputeContext(1);
        var s = new ConvolutionShape(1, 4, 4, 1, 1, 1, 1, 1, 0, 0, 1, 1);
        double[] input = [.. Enumerable.Repeat(-1.0, 16)];
        input[5] = double.NaN;
        double[] output = new ConvolutionRun<float>(context, s, 1).Forward(input, [1], [], relu: true);
        Assert.True(double.IsNaN(output[5]));
        Assert.Equal(15, output.Count(v => v == 0));
    }

    [Fact]
    public void A_short_span_is_named()
    {
        using var context = new ComputeContext(1);
        float[] enough = new float[10_000];
        float[] scratch = new float[Convolution.ScratchLength(Small, 2, context)];
        void Says(string name, string text, Action action)
        {
            ArgumentException e = Assert.Throws<ArgumentException>(action);
            Assert.Equal(name, e.ParamName);
            Assert.Contains(text, e.Message, StringComparison.Ordinal);
        }

        Says("input", "needs 168 elements", () => Convolution.Forward<float>(context, Small, 2, enough.AsSpan(0, 167), enough, enough, enough, false, scratch));
        Says("weight", "needs 54", () => Convolution.Forward<float>(context, Small, 2, enough, enough.AsSpan(0, 53), enough, enough, false, scratch));
        Says("bias", "needs 3", () => Convolution.Forward<float>(context, Small, 2, enough, enough, enough.AsSpan(0, 2), enough, false, scratch));
        Says("output", "needs 252", () => Convolution.Forward<float>(context, Small, 2, enough, enough, [], enough.AsSpan(0, 251), false, scratch));
        Says("dOutput", "needs 252", () => Convolution.InputGradient<float>(context, Small, 2, enough, enough.AsSpan(0, 251), enough, scratch));
        Says("dInput", "needs 168", () => Convolution.InputGradient<float>(context, Small, 2, enough, enough, enough.AsSpan(0, 167), scratch));
        Says("dWeight", "needs 54", () => Convolution.ParameterGradient<float>(context, Small, 2, enough, enough, enough.AsSpan(0, 53), [], scratch));
        Says("dBias", "needs 3", () => Convolution.ParameterGradient<float>(context, Small, 2, enough, enough, enough, enough.AsSpan(0, 2), scratch));
        Says("gram", "19x19", () => Convolution.Gram(context, Small, 2, enough, true, new Matrix<float>(enough, 18, 18), scratch));
        int pass = Convolution.PassScratchLength(Small, 2, context), matrix = Convolution.GramScratchLength(Small, 2, context);
        Assert.Equal(scratch.Length, Math.Max(pass, matrix));
        Says("scratch", $"needs {pass} ", () => Convolution.Forward<float>(context, Small, 2, enough, enough, [], enough, false, scratch.AsSpan(0, pass - 1)));
        Says("scratch", $"needs {matrix} ", () => Convolution.Gram(context, Small, 2, enough, true, new Matrix<float>(enough, 19, 19), scratch.AsSpan(0, matrix - 1)));
    }

    [Theory]
    [InlineData("Channels")]
    [InlineData("Filters")]
    [InlineData("StrideX")]
    [InlineData("DilationY")]
    [InlineData("PaddingX")]
    [InlineData("KernelHeight")]
    public void A_size_out_of_range_is_named(string size)
    {
        ConvolutionShape shape = size switch
        {
            "Channels" => Small with { Channels = 0 },
            "Filters" => Small with { Filters = -1 },
            "StrideX" => Small with { StrideX = 0 },
            "DilationY" => Small with { DilationY = 0 },
            "PaddingX" => Small with { PaddingX = -1 },
            _ => Small with { KernelHeight = 0 },
        };
        ArgumentOutOfRangeException e = Assert.Throws<ArgumentOutOfRangeException>(shape.Validate);
        Assert.Equal(size, e.ParamName);
    }

    [Fact]
    public void A_kernel_larger_than_the_padded_image_is_refused()
    {
        ArgumentException e = Assert.Throws<ArgumentException>((Small with { KernelHeight = 5, DilationY = 2 }).Validate);
        Assert.Contains("reaches over 9 pixels, more than the input height 6 with padding 1 on both sides (8)", e.Message, StringComparison.Ordinal);
    }

    private static void SameFloat(
        ComputeContext reference, ComputeContext other, ConvolutionShape s, int batch, Func<ConvolutionRun<float>, double[]> operation)
    {
        double[] expected = operation(new ConvolutionRun<float>(reference, s, batch));
        double[] actual = operation(new ConvolutionRun<float>(other, s, batch));
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(
                BitConverter.DoubleToInt64Bits(expected[i]) == BitConverter.DoubleToInt64Bits(actual[i]),
                $"element {i}: {expected[i]:R} and {actual[i]:R} at batch {batch} {s}");
        }
    }

    private static double[] Values(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (random.NextDouble() * 2) - 1)];
}
