using System.Diagnostics;
using System.Globalization;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Randomness;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Bench.Training;

/// <summary>One training step on random data, ready to be timed: a net of the paper's evaluation (or the digits' MLP) with its optimizer.</summary>
internal sealed class StepCase : IDisposable
{
    private readonly Network<float> _network;
    private readonly TrainingStep<float> _step;
    private readonly float[] _samples;
    private readonly int[] _labels;
    private readonly double _learningRate;

    public StepCase(ComputeContext compute, string net, string step, int batch)
    {
        (Model<float> model, Optimizer<float> optimizer, double tauTheta, _learningRate) = net switch
        {
            "mlp" => (Models.Mlp<float>(3072, [4000, 1000, 4000], 10), new Sgd<float>(MomentumKind.Nesterov, 0.95), 0.05, 1e-3),
            "convnet" => (Models.ConvNet<float>(Shape.Image(3, 32, 32), 10), (Optimizer<float>)new Adam<float>(), 1.0, 1e-3),
            ['e', 'v', 'e', 'n', ':', .. string w] => (
                Models.Mlp<float>(int.Parse(w, CultureInfo.InvariantCulture), [.. Enumerable.Repeat(int.Parse(w, CultureInfo.InvariantCulture), 3)], 10),
                new Sgd<float>(MomentumKind.Nesterov, 0.95), 0.05, 1e-3),
            "digits" => (Models.Mlp<float>(64, [48, 24], 10), new Sgd<float>(MomentumKind.Nesterov, 0.95), 0.05, 1e-3),
            ['m', 'l', 'p', ':', .. string widths] => (
                Models.Mlp<float>(3072, [.. widths.Split(',').Select(w => int.Parse(w, CultureInfo.InvariantCulture))], 10),
                new Sgd<float>(MomentumKind.Nesterov, 0.95), 0.05, 1e-3),
            _ => throw new ArgumentException($"Unknown net '{net}': expected mlp, mlp:H1,H2,…, even:W, convnet or digits.", nameof(net)),
        };
        _network = new Network<float>(model.Input, model.Layers, batch, seed: 1, compute);
        _step = new TrainingStep<float>(_network, Parse(step, tauTheta), optimizer);
        var generator = new Generator(2);
        _samples = new float[batch * model.Input.Size];
        foreach (ref float x in _samples.AsSpan())
            x = (float)generator.NextDouble();
        _labels = new int[batch];
        foreach (ref int y in _labels.AsSpan())
            y = generator.NextInt(10);
        Batch = batch;
    }

    public int Batch { get; }

    public TrainingStep<float> Step => _step;

    public ReadOnlySpan<LayerReport> Reports => _step.Reports;

    /// <summary>Mean seconds of one step over at least <paramref name="fillSeconds"/> (one step at the least).</summary>
    public double Time(double fillSeconds)
    {
        long start = Stopwatch.GetTimestamp();
        int steps = 0;
        do
        {
            _step.Run(_samples, new Targets<float>(_labels), Batch, _learningRate);
            steps++;
        }
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < fillSeconds);
        return Stopwatch.GetElapsedTime(start).TotalSeconds / steps;
    }

    /// <summary>Prints where the time of a step goes.</summary>
    public void PrintBreakdown(int steps, TextWriter output)
    {
        var breakdown = new StepBreakdown(_network.Layers, Batch);
        _step.Observer = breakdown;
        for (int i = 0; i < steps; i++)
        {
            breakdown.Begin();
            _step.Run(_samples, new Targets<float>(_labels), Batch, _learningRate);
        }

        _step.Observer = null;
        breakdown.Print(output);
    }

    public void Dispose()
    {
        _step.Dispose();
        _network.Dispose();
    }

    private static ProximalStep<float> Parse(string step, double tauTheta) => step switch
    {
        "gradient" => new ExplicitStep<float>(),
        "exact" => new ExactStep<float>(tauTheta),
        "auto" => new AutoStep<float>(tauTheta),
        ['p', 'c', 'g', .. string n] => new CgStep<float>(int.Parse(n, CultureInfo.InvariantCulture), tauTheta, CgPreconditioner.Jacobi),
        ['c', 'g', .. string n] => new CgStep<float>(int.Parse(n, CultureInfo.InvariantCulture), tauTheta),
        _ => throw new ArgumentException($"Unknown step '{step}': expected gradient, exact, auto, cgN or pcgN.", nameof(step)),
    };
}
