using System.Numerics;
using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Training;

/// <summary>One way to train, as a value: everything is made anew for each run.</summary>
internal sealed record CheckpointRun<T>(ComputeContext Compute)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public const int Rows = 22, Batch = 6, Epochs = 4, StepsPerEpoch = 4, TotalSteps = Epochs * StepsPerEpoch;

    public Func<Layer<T>[]> Layers { get; init; } = () => [new Linear<T>(7), new Tanh<T>(), new Linear<T>(5), new Relu<T>(), new Linear<T>(3)];

    public Func<ProximalStep<T>> Step { get; init; } = () => new ExactStep<T>(0.5);

    public Func<Optimizer<T>> Optimizer { get; init; } = () => new Sgd<T>(MomentumKind.Nesterov, 0.9);

    public TrainerOptions Options { get; init; } = new() { Epochs = Epochs, BatchSize = Batch, LearningRate = 0.3, Seed = 5 };

    public ulong Seed { get; init; } = 3;

    public Dataset<T> Data { get; init; } = Make(Rows, 1);

    public Dataset<T> Validation { get; init; } = Make(9, 8);

    /// <summary>Trains, at most so many steps.</summary>
    public Outcome Train(string? checkpoint = null, string? resume = null, long stopAfter = long.MaxValue, long every = 0, Action<long>? afterStep = null)
    {
        using var network = new Network<T>(Shape.Image(1, 3, 3), Layers(), Batch, Seed, Compute);
        using var step = new TrainingStep<T>(network, Step(), Optimizer());
        using var stop = new CancellationTokenSource();
        using var trainer = new Trainer<T>(step, Options with
        {
            Checkpoint = checkpoint is null ? null : new CheckpointOptions(checkpoint) { EverySteps = every },
            ResumeFrom = resume,
        });
        var losses = new List<double>();
        var record = new Record(p =>
        {
            losses.Add(p.Loss);
            afterStep?.Invoke(p.Step);
            if (p.Step >= stopAfter)
                stop.Cancel();
        });
        TrainingResult result = trainer.Run(Data, Validation, record, stop.Token);
        T[] state = [.. network.Layers.SelectMany(l => Enumerable.Range(0, l.State.Count).SelectMany(i => l.StateValues(i).ToArray()))];
        return new Outcome(result, losses, [.. network.Parameters, .. state]);
    }

    public static Dataset<T> Make(int rows, int seed) => new(
        "toy", 1, 3, 3, ["a", "b", "c"], Values.Uniform<T>(rows * 9, seed), Values.Labels(rows, 3, seed + 1));

    /// <param name="Result">What the trainer gave.</param>
    /// <param name="Losses">Of every step that this process did.</param>
    /// <param name="Learnt">Parameters and running statistics.</param>
    internal sealed record Outcome(TrainingResult Result, List<double> Losses, T[] Learnt)
    {
        /// <summary>Epoch figures without the time.</summary>
        public IEnumerable<EpochResult> Figures => Result.Epochs.Select(e => e with { Seconds = 0 });
    }
}
