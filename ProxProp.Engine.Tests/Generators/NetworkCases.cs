using System.Collections.Immutable;
using ProxProp.Engine.Layers;

namespace ProxProp.Engine.Tests.Generators;

/// <summary>Random networks of 1 to 6 layers with parameters. Every number drawn fits what was drawn before: nothing is filtered.</summary>
public static class NetworkCases
{
    // Oracles build the matrix of each layer and solve densely; this bounds rows · columns² / units of one layer.
    private const double Budget = 2e6;

    /// <param name="random">Source of the choices.</param>
    /// <param name="size">How large: about 1 to 100.</param>
    public static NetworkCase Next(Random random, int size)
    {
        bool images = random.Next(3) == 0;
        Shape input = images
            ? Shape.Image(random.Next(1, 4), random.Next(1, 4 + (size / 20)), random.Next(1, 4 + (size / 20)))
            : Shape.Vector(random.Next(1, 3 + (size / 5)));
        int depth = random.Next(1, 7);
        var layers = ImmutableList.CreateBuilder<LayerSpec>();
        Shape shape = input;
        double rowsTimesColumns = 1;

        void Add(LayerSpec layer)
        {
            if (layer is LinearSpec or ConvSpec)
            {
                Shape output = layer.Output(shape);
                double columns = 1 + (layer is ConvSpec c ? shape.Channels * c.Kernel.Y * c.Kernel.X : shape.Size);
                rowsTimesColumns = Math.Max(rowsTimesColumns, output.Pixels * output.Channels * columns * columns * output.Channels);
            }

            layers.Add(layer);
            shape = layer.Output(shape);
        }

        for (int l = 0; l < depth; l++)
        {
            bool last = l == depth - 1;
            if (shape.IsImage && !last && random.Next(4) != 0)
                Add(Convolution(random, shape));
            else
                Add(new LinearSpec(random.Next(last ? 2 : 1, 4 + (size / 12)), random.Next(5) != 0));
            if (last && random.Next(8) != 0)
                continue;
            if (!last && random.Next(5) == 0)
                Add(new BatchNormSpec());
            if (random.Next(8) != 0)
                Add(new ActivationSpec((ActivationKind)random.Next(5)));
            if (shape.IsImage && random.Next(3) == 0)
                Add(Pooling(random, shape));
            if (random.Next(8) == 0)
                Add(new DropoutSpec(0.25));
            if (shape.IsImage && random.Next(6) == 0)
                Add(new FlattenSpec());
        }

        int least = layers.Any(l => l is BatchNormSpec) ? 2 : 1;
        int largest = (int)Math.Clamp(Budget / rowsTimesColumns, least, 64);
        bool zeroGradient = random.Next(20) == 0;
        bool vector = !shape.IsImage;
        return new NetworkCase(
            input,
            layers.ToImmutable(),
            random.Next(6) == 0 ? largest : random.Next(least, Math.Min(largest, 2 + (size / 4)) + 1),
            !zeroGradient && vector && random.Next(3) != 0,
            (DataKind)random.Next(7),
            random.Next(2) == 0 ? 1 : Pick(random, 1e-3, 0.1, 30, 1e4),
            random.Next(3) == 0 ? Pick(random, 0.2, 3) : 1,
            random.Next(4) == 0 ? random.Next(1, 4) : 0,
            zeroGradient,
            Math.Pow(10, (random.NextDouble() * 5) - 4),
            Math.Pow(10, (random.NextDouble() * 12) - 6),
            Step(random),
            random.Next());
    }

    public static StepSpec Step(Random random)
    {
        var kind = (StepKind)random.Next(10);
        int iterations = kind is StepKind.Gradient or StepKind.Exact or StepKind.Auto ? 0 : random.Next(1, 11);
        return new StepSpec(kind, iterations);
    }

    public static ConvSpec Convolution(Random random, Shape shape)
    {
        (int ky, int dy, int py) = Extent(random, shape.Height);
        (int kx, int dx, int px) = Extent(random, shape.Width);
        return new ConvSpec(
            random.Next(1, 5), (ky, kx), (random.Next(1, 3), random.Next(1, 3)), (py, px), (dy, dx), random.Next(5) != 0);
    }

    // Padding is what makes the dilated kernel fit.
    private static (int Kernel, int Dilation, int Padding) Extent(Random random, int size)
    {
        int kernel = random.Next(1, 4), dilation = random.Next(1, 3);
        int least = Math.Max(0, (dilation * (kernel - 1)) + 2 - size) / 2;
        return (kernel, dilation, random.Next(least, Math.Max(least, kernel - 1) + 1));
    }

    private static PoolSpec Pooling(Random random, Shape shape)
    {
        int kernel = random.Next(1, Math.Min(3, Math.Min(shape.Height, shape.Width)) + 1);
        return new PoolSpec(random.Next(2) == 0, kernel, random.Next(1, kernel + 1), random.Next((kernel / 2) + 1));
    }

    private static double Pick(Random random, params ReadOnlySpan<double> values) => values[random.Next(values.Length)];
}
