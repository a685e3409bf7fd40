using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Theory;

/// <summary>What a change of the problem must do to the direction: permutations, rotations, splitting, scaling.</summary>
public sealed class EquivarianceTests
{
    [EngineProperty(Cases = 60)]
    public void Permuting_samples_changes_nothing(LayerCase c)
    {
        int[] order = Permutation(c.Batch, c.Seed);
        ForEachStep(c, (probe, step) => Near(
            probe, step, probe.Direction(step), Direct(probe, step, PermuteRows(probe.Input, order), PermuteRows(probe.Delta, order))));
    }

    [EngineProperty(Cases = 60)]
    public void Permuting_units_permutes_the_direction(LayerCase c)
    {
        ForEachStep(c, (probe, step) =>
        {
            int units = probe.Layout.Units, weights = probe.Layout.WeightsPerUnit;
            int[] order = Permutation(units, c.Seed);
            int pixels = probe.Delta.Length / c.Batch / units;
            double[] delta = [.. Enumerable.Range(0, c.Batch).SelectMany(
                n => order.SelectMany(u => probe.Delta.AsSpan(((n * units) + u) * pixels, pixels).ToArray()))];
            double[] v = probe.Direction(step);
            double[] expected =
            [
                .. order.SelectMany(u => v.AsSpan(u * weights, weights).ToArray()),
                .. probe.Layout.HasBias ? order.Select(u => v[(units * weights) + u]) : [],
            ];
            Near(probe, step, expected, Direct(probe, step, probe.Input, delta));
        });
    }

    [EngineProperty(Cases = 60)]
    public void Rotating_the_inputs_of_a_linear_layer_rotates_its_weights(LayerCase c)
    {
        int features = c.Input.Size;
        c = c with { Layer = c.Layer as LinearSpec ?? new LinearSpec(3), Input = Shape.Vector(features) };
        double[,] q = Orthogonal(features, c.Seed);
        ForEachStep(c, (probe, step) =>
        {
            // Jacobi's preconditioner is tied to the axes: its iterates are the ones that do not rotate.
            if (step.IsPreconditioned)
                return;
            double[] v = probe.Direction(step);
            int weights = probe.Layout.WeightCount;
            double[] expected = [.. RotateRows(v.AsSpan(0, weights), q), .. v.AsSpan(weights)];
            Near(probe, step, expected, Direct(probe, step, RotateRows(probe.Input, q), probe.Delta), 10);
        });
    }

    [EngineProperty(Cases = 60)]
    public void Gram_matrices_of_the_parts_of_a_batch_add_up(LayerCase c)
    {
        c = c with { Batch = Math.Max(2, c.Batch) };
        using var probe = new LayerProbe<double>(c);
        int first = 1 + (c.Seed % (c.Batch - 1));
        double[,] whole = probe.Gram(0, c.Batch), a = probe.Gram(0, first), b = probe.Gram(first, c.Batch - first);
        double allowed = probe.Order * 4 * Tolerances.Epsilon<double>() * probe.AFrobenius * probe.AFrobenius;
        for (int i = 0; i < whole.GetLength(0); i++)
        {
            for (int j = 0; j < whole.GetLength(1); j++)
                Assert.True(Math.Abs(whole[i, j] - a[i, j] - b[i, j]) <= allowed, $"element ({i}, {j}): {whole[i, j]:r}, parts {a[i, j]:r} and {b[i, j]:r}");
        }
    }

    /// <summary>v is linear in δ, to the bit where the factor is a power of two: there is no absolute ε anywhere.</summary>
    [EngineProperty(Cases = 60)]
    public void Scaling_the_derivative_by_a_power_of_two_scales_the_direction_to_the_bit(LayerCase c)
    {
        using var probe = new LayerProbe<double>(c);
        foreach (StepSpec step in StepSpecs.All(1, 2, 7))
        {
            double[] v = probe.Direction(step);
            foreach (double factor in (double[])[Math.ScaleB(1, -60), 4096])
                Assert.Equal(Vectors.Scaled(factor, v), probe.Direction(step, deltaFactor: factor));
        }
    }

    /// <summary>a → ca with τ_θ → τ_θ/c² gives v → v/c, without a bias; c = 2⁻³, so to the bit.</summary>
    [EngineProperty(Cases = 60)]
    public void Scaling_the_inputs_is_undone_by_tau_theta(LayerCase c)
    {
        c = c with { Layer = c.Layer is LinearSpec linear ? linear with { Bias = false } : ((ConvSpec)c.Layer) with { Bias = false } };
        c = c with { TauTheta = Math.ScaleB(1, (int)Math.Log2(c.TauTheta)) };
        using var probe = new LayerProbe<double>(c);
        double[] input = Vectors.Scaled(0.125, probe.Input);
        foreach (StepSpec step in StepSpecs.Proximal(1, 3))
            Assert.Equal(Vectors.Scaled(8, probe.Direction(step)), Direct(probe, step, input, probe.Delta, c.TauTheta * 64));
    }

    /// <summary>The whole network: permuting the samples of a batch leaves every layer's direction alone.</summary>
    [EngineProperty(Cases = 40)]
    public void Permuting_samples_leaves_the_directions_of_a_network_alone(NetworkCase c)
    {
        // Dropout is a function of an element's place in the batch.
        c = c with { Layers = c.Layers.RemoveAll(l => l is DropoutSpec), CrossEntropy = false, ZeroGradient = false, Data = DataKind.Normal, DataScale = 1, TauTheta = 1 };
        // The number of iterations of an automatic step is a threshold, which rounding may cross; a preconditioner that makes the condition
        // worse enlarges rounding at each iteration.
        // So does each iteration by the condition number itself: no more than three are compared.
        c = c with
        {
            Step = c.Step.Kind is StepKind.Auto or StepKind.PcgOwn
                ? new StepSpec(StepKind.Exact)
                : c.Step with { Iterations = Math.Min(c.Step.Iterations, 3) },
        };
        using var run = new NetworkRun<double>(c);
        double[][] before = run.Directions();
        int[] order = Permutation(c.Batch, c.Seed);
        double[] samples = PermuteRows(run.Samples, order), values = PermuteRows(run.Targets.Values.ToArray(), order);
        run.Step.ComputeDirections(samples, new Targets<double>(values), c.Batch);
        double[][] after = run.Split(run.Step.Directions);
        for (int l = 0; l < before.Length; l++)
        {
            double scale = before.Max(b => Vectors.Norm(b));
            Assert.True(Vectors.Distance(before[l], after[l]) <= 1e-6 * scale, $"layer {l} differs by {Vectors.Distance(before[l], after[l]):e2} of {scale:e2}");
        }
    }

    // Every step on the case; iterates of conjugate gradients on one whose condition number is at most a thousand. Each iteration may enlarge a
    // difference of the data by that number, which would leave no digit of the third iterate of an ill-conditioned system.
    private static void ForEachStep(LayerCase c, Action<LayerProbe<double>, StepSpec> check)
    {
        using var probe = new LayerProbe<double>(c);
        double tame = Math.Min(c.TauTheta, 1e3 / Math.Max(1e-6, probe.AFrobenius * probe.AFrobenius));
        using var tamed = new LayerProbe<double>(c with { TauTheta = tame });
        foreach (StepSpec step in StepSpecs.All(1, 3))
            check(step.Iterations > 0 ? tamed : probe, step);
    }

    private static void Near(LayerProbe<double> probe, StepSpec step, double[] expected, double[] actual, double factor = 1)
    {
        double rounding = step.Kind == StepKind.Gradient
            ? Tolerances.ResidualRatio * probe.Order * Tolerances.Epsilon<double>() * probe.AFrobenius * Vectors.Norm(probe.Delta)
            : probe.SolverError * (step.Iterations > 0 ? probe.Condition : 1);
        double distance = Vectors.Distance(expected, actual);
        Assert.True(distance <= factor * rounding, $"{step}: distance {distance:e2}, allowed {factor * rounding:e2}, size {Vectors.Norm(expected):e2}");
    }

    // The production's direction for other data than the case's own.
    private static double[] Direct(LayerProbe<double> probe, StepSpec step, double[] input, double[] delta, double? tauTheta = null)
    {
        LayerCase c = probe.Case;
        var layer = (ProximalLayer<double>)c.Layer.Make<double>();
        using var network = new Network<double>(c.Input, [layer], c.Batch, 1, SharedCompute.OneThread);
        using var arena = new Arena();
        IDirection<double> direction = step.Make<double>(tauTheta ?? c.TauTheta).Bind(layer, new PlanContext(arena, network.Compute, c.Batch));
        arena.Commit();
        var v = new double[layer.ParameterCount];
        direction.Compute(new Pass(network.Compute, c.Batch), input, delta, v);
        return v;
    }

    private static int[] Permutation(int count, int seed)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        new Random(seed).Shuffle(order);
        return order;
    }

    private static double[] PermuteRows(double[] rows, int[] order)
    {
        int width = rows.Length / order.Length;
        return [.. order.SelectMany(i => rows.AsSpan(i * width, width).ToArray())];
    }

    private static double[] RotateRows(ReadOnlySpan<double> rows, double[,] q)
    {
        int n = q.GetLength(0);
        var result = new double[rows.Length];
        for (int i = 0; i < rows.Length; i += n)
            Vectors.ApplyTransposed(q, rows.Slice(i, n).ToArray()).CopyTo(result, i);
        return result;
    }

    // A product of Householder reflections.
    private static double[,] Orthogonal(int n, int seed)
    {
        var random = new Random(seed);
        var q = new double[n, n];
        for (int i = 0; i < n; i++)
            q[i, i] = 1;
        for (int k = 0; k < Math.Min(n, 4); k++)
        {
            double[] u = BatchData.Normals(random, n);
            double[] qu = Vectors.Apply(q, u);
            double beta = 2 / Vectors.Dot(u, u);
            for (int i = 0; i < n; i++)
            {
                for (int j = 0; j < n; j++)
                    q[i, j] -= beta * qu[i] * u[j];
            }
        }

        return q;
    }
}
