using ProxProp.Engine.Layers;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Layers;

/// <summary>Every layer's derivatives against central differences in double, and in the buffers that a network shares between layers.</summary>
public sealed class GradientTests
{
    private const int Batch = 3;
    private const double Step = 1e-5;

    public static TheoryData<string> All => [.. LayerCases.All];

    public static TheoryData<string> WithParameters => [.. LayerCases.Proximal, "batch norm", "batch norm of images"];

    [Theory]
    [MemberData(nameof(All))]
    public void Input_gradient(string name)
    {
        (Layer<double> layer, Shape input) = LayerCases.Make<double>(name);
        using var probe = new SingleLayer<double>(layer, input, Batch);
        double[] a = Values.Uniform<double>(probe.InputLength, 5, 2), dz = Values.Uniform<double>(probe.OutputLength, 6);
        double[] z = probe.Forward(a);
        double[] expected = Differences(a, () => Dense.Dot<double>(probe.Forward(a), dz));
        z = probe.Forward(a);
        Assert.True(Dense.WorstError<double>(probe.Backward(a, z, dz), expected) < 1e-8);
    }

    [Theory]
    [MemberData(nameof(WithParameters))]
    public void Parameter_gradient(string name)
    {
        (Layer<double> layer, Shape input) = LayerCases.Make<double>(name);
        using var probe = new SingleLayer<double>(layer, input, Batch);
        double[] a = Values.Uniform<double>(probe.InputLength, 5, 2), dz = Values.Uniform<double>(probe.OutputLength, 6);
        double[] expected = Differences(probe.Parametric.Parameters, () => Dense.Dot<double>(probe.Forward(a), dz));
        probe.Forward(a);
        Assert.True(Dense.WorstError<double>(probe.ParameterGradient(a, dz), expected) < 1e-8);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Shared_buffers_change_no_bit(string name)
    {
        (Layer<double> layer, Shape input) = LayerCases.Make<double>(name);
        using var probe = new SingleLayer<double>(layer, input, Batch);
        double[] a = Values.Uniform<double>(probe.InputLength, 5, 2), dz = Values.Uniform<double>(probe.OutputLength, 6);
        double[] z = probe.Forward(a), da = probe.Backward(a, z, dz);
        if (layer.BufferUse == BufferUse.Overwrites)
        {
            double[] both = [.. a];
            layer.Forward(probe.Training, both, both);
            Assert.Equal(z, both);
            Assert.Equal(da, probe.Backward(both, both, dz));
        }

        if (layer.BackwardInPlace)
        {
            double[] both = [.. dz];
            layer.Backward(probe.Training, a, z, both, both);
            Assert.Equal(da, both);
        }

        if (!layer.BackwardNeedsOutput)
            Assert.Equal(da, probe.Backward(a, [.. z.Select(_ => double.NaN)], dz));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Outputs_and_derivatives_are_overwritten_whatever_they_held(string name)
    {
        (Layer<double> layer, Shape input) = LayerCases.Make<double>(name);
        using var probe = new SingleLayer<double>(layer, input, Batch);
        double[] a = Values.Uniform<double>(probe.InputLength, 5, 2), dz = Values.Uniform<double>(probe.OutputLength, 6);
        double[] z = probe.Forward(a), expected = probe.Backward(a, z, dz);
        double[] dirty = [.. z.Select(_ => double.NaN)], dirtyInput = [.. a.Select(_ => double.NaN)];
        layer.Forward(probe.Training, a, dirty);
        layer.Backward(probe.Training, a, z, dz, dirtyInput);
        Assert.Equal(z, dirty);
        Assert.Equal(expected, dirtyInput);
        if (layer is ParametricLayer<double> parametric)
        {
            double[] gradient = [.. Enumerable.Repeat(double.NaN, parametric.ParameterCount)];
            parametric.ParameterGradient(probe.Training, a, dz, gradient);
            Assert.Equal(probe.ParameterGradient(a, dz), gradient);
        }
    }

    [Theory]
    [InlineData("linear")]
    [InlineData("conv")]
    [InlineData("conv strided")]
    public void A_fused_relu_is_a_relu_to_the_bit(string name)
    {
        (Layer<float> layer, Shape input) = LayerCases.Make<float>(name);
        using var probe = new SingleLayer<float>(layer, input, Batch);
        float[] a = Values.Uniform<float>(probe.InputLength, 5, 2);
        float[] expected = [.. probe.Forward(a).Select(v => v <= 0 ? 0 : v)];
        ((IFusesRelu)layer).FuseRelu = true;
        Assert.Equal(expected.Select(BitConverter.SingleToInt32Bits), probe.Forward(a).Select(BitConverter.SingleToInt32Bits));
        Assert.Contains(expected, v => v == 0);
        Assert.Contains(expected, v => v > 0);
        Assert.Contains(probe.Apply(a, probe.Parametric.Parameters), v => v < 0);
    }

    private static double[] Differences(Span<double> x, Func<double> f)
    {
        var slope = new double[x.Length];
        for (int i = 0; i < x.Length; i++)
        {
            double value = x[i];
            x[i] = value + Step;
            double up = f();
            x[i] = value - Step;
            double down = f();
            x[i] = value;
            slope[i] = (up - down) / (2 * Step);
        }

        return slope;
    }
}
