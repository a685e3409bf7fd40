using ProxProp.Engine.Data;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Training;

/// <summary>Small made-up data, and a place to keep what a trainer tells.</summary>
internal static class TestData
{
    public static Dataset<double> Make(int count, int features = 6, int classes = 3, int seed = 1, double scale = 1) => new(
        "toy", 1, 1, features, [.. Enumerable.Range(0, classes).Select(c => $"class {c}")],
        Values.Uniform<double>(count * features, seed, scale), Values.Labels(count, classes, seed + 1));
}

internal sealed class Record(Action<TrainingProgress>? then = null) : IProgress<TrainingProgress>
{
    public List<TrainingProgress> Values { get; } = [];

    public void Report(TrainingProgress value)
    {
        Values.Add(value);
        then?.Invoke(value);
    }
}
