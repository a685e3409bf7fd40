using System.Diagnostics;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Bench.Training;

/// <summary>Where the time of a step goes: the median of each part of each layer, and what a plain step's flops there make of it.</summary>
internal sealed class StepBreakdown(IReadOnlyList<Layer<float>> layers, int batch) : IStepObserver
{
    private readonly Dictionary<(StepPart Part, int Layer), List<double>> _seconds = [];
    private long _last;

    /// <summary>A step begins.</summary>
    public void Begin() => _last = Stopwatch.GetTimestamp();

    public void Done(StepPart part, int layer)
    {
        double seconds = Stopwatch.GetElapsedTime(_last).TotalSeconds;
        if (!_seconds.TryGetValue((part, layer), out List<double>? all))
            _seconds[(part, layer)] = all = [];
        all.Add(seconds);
        _last = Stopwatch.GetTimestamp();
    }

    public void Print(TextWriter output)
    {
        double sum = _seconds.Values.Sum(Median);
        foreach (((StepPart part, int layer), List<double> all) in _seconds.OrderBy(s => (s.Key.Part, s.Key.Layer)))
        {
            double seconds = Median(all), flops = Flops(layer);
            string speed = flops > 0 ? $"{flops / seconds * 1e-9,7:F1} GFLOP/s" : string.Empty;
            string name = layer < 0 ? string.Empty : $"{layer} {layers[layer]}";
            output.WriteLine($"  {part,-10} {name,-36} {seconds * 1e3,9:F3} ms {seconds / sum,6:P1} {speed}");
        }

        output.WriteLine($"  {"sum",-47} {sum * 1e3,9:F3} ms");
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    // Forward, gradient and derivative are one product each: a multiply-add for every weight, output pixel and sample.
    private double Flops(int layer) => layer < 0 ? 0 : layers[layer] switch
    {
        Linear<float> linear => 2.0 * batch * linear.Layout.WeightCount,
        Conv2d<float> convolution => 2.0 * batch * convolution.Output.Pixels * convolution.Layout.WeightCount,
        _ => 0,
    };
}
