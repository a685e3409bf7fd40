using System.Globalization;
using System.Text;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Theory;

/// <summary>
/// The mean of the proximal directions of all mini-batches against the full gradient. δ is scaled as a loss that is averaged over its own batch
/// scales it, so that the mean of the mini-batch gradients is the full one.
/// </summary>
internal static class MeanHunt
{
    private static readonly double[] TauThetas = [1e-4, 1e-2, 1, 100];
    private static readonly double[] Spreads = [0, 1, 2, 3];

    /// <summary>What the gradients of the parts of a batch are like.</summary>
    public readonly record struct Parts(double FullGradientNorm, double MeanGradientNorm, double LargestSquaredNorm);

    /// <summary>Mean over mini-batches of the direction of a linear layer without bias and with one output.</summary>
    public static double[] Mean(double[] input, double[] delta, int features, double tauTheta, int batch, bool explicitly)
    {
        ProximalStep<double> step = explicitly ? new ExplicitStep<double>() : new ExactStep<double>(tauTheta);
        double[][] parts = Directions(new LinearSpec(1, Bias: false), Shape.Vector(features), input, delta, batch, step);
        return Average(parts);
    }

    public static Parts Split(LayerCase c, double[] input, double[] delta, int batch)
    {
        double[][] gradients = Directions(c.Layer, c.Input, input, delta, batch, new ExplicitStep<double>());
        int samples = input.Length / c.Input.Size;
        double largest = 0;
        for (int first = 0; first + batch <= samples; first += batch)
        {
            using var part = new LayerProbe<double>(c with { Batch = batch }, input.AsSpan(first * c.Input.Size, batch * c.Input.Size).ToArray());
            largest = Math.Max(largest, part.AFrobenius * part.AFrobenius);
        }

        return new Parts(Vectors.Norm(Average(gradients)), gradients.Average(g => Vectors.Norm(g)), largest);
    }

    public static double Inner(LayerCase c, double[] input, double[] delta, int batch) => Vectors.Dot(
        Average(Directions(c.Layer, c.Input, input, delta, batch, new ExactStep<double>(c.TauTheta))),
        Average(Directions(c.Layer, c.Input, input, delta, batch, new ExplicitStep<double>())));

    /// <summary>Fractions of random problems (8 inputs, 4 outputs, 16 samples whose sizes spread over 10^±spread/2) whose mean direction climbs.</summary>
    public static string Table(int trials, out int smallTau, out int largeTau)
    {
        var text = new StringBuilder("| batch | tau_theta | spread 10^0 | 10^1 | 10^2 | 10^3 |\n|---|---|---|---|---|---|\n");
        smallTau = largeTau = 0;
        foreach (int batch in (int[])[1, 4, 16])
        {
            foreach (double tau in TauThetas)
            {
                text.Append(CultureInfo.InvariantCulture, $"| {batch} | {tau} |");
                foreach (double spread in Spreads)
                {
                    int climbs = Enumerable.Range(0, trials).Count(seed => Climbs(seed, batch, tau, spread));
                    smallTau += tau == TauThetas[0] && spread == 0 ? climbs : 0;
                    largeTau += tau == TauThetas[^1] && spread == Spreads[^1] && batch == 1 ? climbs : 0;
                    text.Append(CultureInfo.InvariantCulture, $" {100.0 * climbs / trials:f1} % |");
                }

                text.Append('\n');
            }
        }

        return text.ToString();
    }

    private static bool Climbs(int seed, int batch, double tau, double spread)
    {
        const int Samples = 16, Features = 8, Outputs = 4;
        var random = new Random(seed);
        double[] input = BatchData.Normals(random, Samples * Features), delta = BatchData.Normals(random, Samples * Outputs);
        for (int n = 0; n < Samples; n++)
        {
            double size = Math.Pow(10, spread * (random.NextDouble() - 0.5));
            foreach (ref double x in input.AsSpan(n * Features, Features))
                x *= size;
        }

        var c = new LayerCase(
            new LinearSpec(Outputs, Bias: false), Shape.Vector(Features), Samples, DataKind.Normal, 1, DeltaKind.Normal, 1, tau, seed);
        return Inner(c, input, delta, batch) < 0;
    }

    private static double[][] Directions(LayerSpec spec, Shape shape, double[] input, double[] delta, int batch, ProximalStep<double> step)
    {
        var layer = (ProximalLayer<double>)spec.Make<double>();
        using var network = new Network<double>(shape, [layer], batch, 1, SharedCompute.OneThread);
        using var arena = new Arena();
        IDirection<double> direction = step.Bind(layer, new PlanContext(arena, network.Compute, batch));
        arena.Commit();
        int samples = input.Length / shape.Size, outputs = layer.Output.Size;
        var parts = new List<double[]>();
        for (int first = 0; first + batch <= samples; first += batch)
        {
            double[] d = [.. delta.AsSpan(first * outputs, batch * outputs).ToArray().Select(x => x / batch)];
            var v = new double[layer.ParameterCount];
            direction.Compute(new Pass(network.Compute, batch), input.AsSpan(first * shape.Size, batch * shape.Size), d, v);
            parts.Add(v);
        }

        return [.. parts];
    }

    private static double[] Average(double[][] parts) =>
        [.. Enumerable.Range(0, parts[0].Length).Select(j => parts.Average(p => p[j]))];
}
