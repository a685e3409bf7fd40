using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Tests.Oracles;
using ProxProp.Engine.Theory;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Generators;

/// <summary>A <see cref="NetworkCase"/> come to life in one precision: network, batch, targets and the production's training step.</summary>
public sealed class NetworkRun<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly int[] _labels;
    private readonly T[] _values;
    private readonly double _lossScale;

    public NetworkRun(NetworkCase c, StepSpec? step = null, double? tauTheta = null)
    {
        Case = c;
        var random = new Random(c.Seed);
        Network = new Network<T>(c.Input, c.Layers.Select(l => l.Make<T>()), c.Batch, (ulong)c.Seed, SharedCompute.OneThread);
        foreach (ref T p in Network.Parameters)
            p *= T.CreateChecked(c.WeightScale);
        KillUnits(c.DeadUnits, random);
        Samples = BatchData.Make<T>(c.Data, c.DataScale, c.Batch, c.Input.Size, random);
        int outputs = Network.Output.Size;
        _labels = [.. Enumerable.Range(0, c.Batch).Select(_ => random.Next(outputs))];
        var pass = new Pass(Network.Compute, c.Batch, Training: true, 0, Network.Seed);
        T[] output = Network.Forward(pass, Samples).ToArray();
        // Targets at a distance of about the outputs' own size give a derivative that is neither tiny nor huge.
        double size = Math.Max(1e-3, Math.Sqrt(output.Sum(o => double.CreateChecked(o * o)) / output.Length));
        T[] noise = BatchData.Normals<T>(random, output.Length, size);
        _values = c.ZeroGradient ? output : [.. output.Zip(noise, (o, n) => o + n)];
        _lossScale = LossScale(c, size, outputs);
        Loss = MakeLoss();
        Step = new TrainingStep<T>(Network, (step ?? c.Step).Make<T>(tauTheta ?? c.TauTheta), new Sgd<T>(), Loss);
    }

    public NetworkCase Case { get; }

    public Network<T> Network { get; }

    public T[] Samples { get; }

    public Targets<T> Targets => Case.CrossEntropy ? new Targets<T>(_labels) : new Targets<T>(_values);

    public Loss<T> Loss { get; }

    public TrainingStep<T> Step { get; }

    /// <summary>A loss for another step on the same network.</summary>
    public Loss<T> MakeLoss() => new ScaledLoss<T>(Case.CrossEntropy ? new CrossEntropyLoss<T>() : new MeanSquaredErrorLoss<T>(), _lossScale);

    /// <summary>The directions of the production's step, one array per layer with parameters.</summary>
    public double[][] Directions()
    {
        Step.ComputeDirections(Samples, Targets, Case.Batch);
        return Split(Step.Directions);
    }

    /// <summary>
    /// How far rounding may move the gradient Aᵀδ of each layer, 30·√n·ε·‖A‖‖δ‖ (a bias adds a column of ones to A): all of the gradient
    /// where its terms cancel, as behind batch statistics of equal samples. Or thirty times what an ulp in every number between the layers does to it, where that is more.
    /// </summary>
    public double[] GradientRounding(out double loss)
    {
        BackwardSweep<T> sweep = BackwardSweep<T>.Run(Step, Samples, Targets, Case.Batch);
        RoundingProbe probe = RoundingProbe.Run(Step, Samples, Targets, Case.Batch, sweep);
        loss = probe.Loss;
        double[] sums = [.. sweep.Inputs.Zip(sweep.Deltas, (a, delta) =>
            Math.Sqrt(Math.Max(a.Length, delta.Length)) * Math.Sqrt((Squares(a) + delta.Length) * Squares(delta)))];
        return [.. sums.Zip(probe.Gradients, (n, moved) => Math.Max(Tolerances.ResidualRatio * Tolerances.Epsilon<T>() * n, Tolerances.ResidualRatio * moved))];
    }

    /// <summary>The loss J, as training sees it.</summary>
    public double LossAt(ReadOnlySpan<T> theta)
    {
        T[] saved = Network.Parameters.ToArray();
        theta.CopyTo(Network.Parameters);
        var pass = new Pass(Network.Compute, Case.Batch, Training: true, Step.StepsDone, Network.Seed);
        double loss = Loss.Evaluate(pass, Network.Forward(pass, Samples), Targets, default).Loss;
        saved.CopyTo(Network.Parameters);
        return loss;
    }

    /// <summary>A flat parameter vector cut at the layers.</summary>
    public double[][] Split(ReadOnlySpan<T> flat)
    {
        var parts = new List<double[]>();
        foreach (ParametricLayer<T> layer in Network.Layers.OfType<ParametricLayer<T>>())
        {
            parts.Add([.. flat[..layer.ParameterCount].ToArray().Select(double.CreateChecked)]);
            flat = flat[layer.ParameterCount..];
        }

        return [.. parts];
    }

    public void Dispose()
    {
        Step.Dispose();
        Network.Dispose();
    }

    private static double Squares(T[] x) => x.Sum(p => double.CreateChecked(p) * double.CreateChecked(p));

    // τ·dJ/dz should be about as large as z: otherwise z − τ·dJ/dz, as the literal algorithms write it, is all rounding.
    private static double LossScale(NetworkCase c, double outputSize, int outputs) =>
        c.CrossEntropy ? outputSize * c.Batch / c.Tau : c.Batch * outputs / (2 * c.Tau);

    // A unit whose weights are zero and whose bias is very negative gives nothing behind a ReLU, whatever its input.
    private void KillUnits(int count, Random random)
    {
        ProximalLayer<T>[] layers = [.. Network.Layers.OfType<ProximalLayer<T>>()];
        for (int i = 0; i < count && layers.Length > 1; i++)
        {
            ProximalLayer<T> layer = layers[random.Next(layers.Length - 1)];
            int unit = random.Next(layer.Layout.Units);
            layer.Parameters.Slice(unit * layer.Layout.WeightsPerUnit, layer.Layout.WeightsPerUnit).Clear();
            if (layer.Layout.HasBias)
                layer.Parameters[layer.Layout.WeightCount + unit] = T.CreateChecked(-3);
        }
    }
}

/// <summary>A loss times a constant.</summary>
public sealed class ScaledLoss<T>(Loss<T> inner, double factor) : Loss<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public override double TermSize => factor * inner.TermSize;

    public override void Plan(in PlanContext plan, Shape output) => inner.Plan(plan, output);

    public override LossValue Evaluate(in Pass pass, ReadOnlySpan<T> output, Targets<T> targets, Span<T> dOutput)
    {
        LossValue value = inner.Evaluate(pass, output, targets, dOutput);
        foreach (ref T d in dOutput)
            d *= T.CreateSaturating(factor);
        return value with { Loss = value.Loss * factor };
    }
}

/// <summary>One compute context per test thread: making one for every case would cost more than the case.</summary>
public static class SharedCompute
{
    [ThreadStatic]
    private static ComputeContext? s_oneThread;

    public static ComputeContext OneThread => s_oneThread ??= new ComputeContext(1);
}
