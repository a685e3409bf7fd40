using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Training;

public sealed class ReluBeforeMaximumTests
{
    private const int Batch = 3;

    [Theory]
    [InlineData(2, 0, 0)]
    [InlineData(3, 1, 1)]
    [InlineData(3, 2, 0)]
    public void The_derivative_behind_the_maximum_is_the_derivative_before_it_to_the_bit(int kernel, int stride, int padding)
    {
        var random = new Random(7);
        var shape = new PoolingShape(2, 9, 35, kernel, kernel, stride == 0 ? kernel : stride, stride == 0 ? kernel : stride, padding, padding);
        using var context = new ComputeContext(1);
        float[] values = [-1, 0, 0.5f, 1, float.NaN];
        for (int i = 0; i < 20; i++)
        {
            float[] a = [.. Enumerable.Range(0, Batch * 2 * shape.InputPlane).Select(_ => values[random.Next(i % 2 == 0 ? 4 : 5)])];
            float[] relu = new float[a.Length], z = new float[Batch * 2 * shape.OutputPlane], before = new float[a.Length], behind = new float[a.Length];
            int[] argmax = new int[z.Length];
            Elementwise.Map<float, ReluMap<float>>(context, default, a, relu);
            MaxPooling.Forward<float>(context, shape, Batch, relu, z, argmax);
            float[] dz = Arrays.Normal<float>(z.Length, i);
            MaxPooling.Backward<float>(context, shape, Batch, dz, argmax, before);
            Elementwise.Map<float, ReluGradient<float>>(context, default, relu, before, before);
            Elementwise.Map<float, ReluGradient<float>>(context, default, z, dz, dz);
            MaxPooling.Backward<float>(context, shape, Batch, dz, argmax, behind);
            Assert.Equal(before, behind);
        }
    }

    [Fact]
    public void A_step_takes_it_only_where_the_maximum_is_kept()
    {
        // A sigmoid writes over the maximum, and none of its numbers is 0.
        Assert.True(IsTaken([new Conv2d<float>(4, 3, padding: 1), new Relu<float>(), new MaxPool2d<float>(2), new Flatten<float>(), new Linear<float>(3)]));
        Assert.False(IsTaken([new Conv2d<float>(4, 3, padding: 1), new Relu<float>(), new MaxPool2d<float>(2), new Sigmoid<float>(), new Flatten<float>(), new Linear<float>(3)]));
        Assert.False(IsTaken([new Conv2d<float>(4, 3, padding: 1), new Relu<float>(), new AvgPool2d<float>(2), new Flatten<float>(), new Linear<float>(3)]));
    }

    private static bool IsTaken(Layer<float>[] layers)
    {
        using var compute = new ComputeContext(1);
        using var network = new Network<float>(Shape.Image(2, 8, 8), layers, Batch, seed: 1, compute: compute);
        using var step = new TrainingStep<float>(network, new ExplicitStep<float>(), new Sgd<float>());
        float[] samples = Arrays.Normal<float>(Batch * network.Input.Size, 2);
        step.ComputeDirections(samples, new Targets<float>([0, 1, 2]), Batch);
        Assert.Contains(step.Directions[..(4 * 2 * 9)].ToArray(), v => v != 0);
        return ReluBeforeMaximum.IsAt(network, 1);
    }
}
