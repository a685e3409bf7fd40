using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Determinism;

/// <summary>Small training runs of 100 steps on the digits, shuffled, and the checksum of all that the network has learnt.</summary>
internal static class Workload
{
    private const int Batch = 32;
    private const int Steps = 100;

    public static readonly string[] Names =
    [
        "mlp exact nesterov", "mlp cg3 adam", "mlp gradient adamw", "conv exact adam", "conv pcg3 nesterov", "conv gradient momentum",
        "thin auto nesterov", "conv tight adam", "mlp scale-free nesterov", "conv lm momentum", "conv kept3 adam",
    ];

    public static string Checksum<T>(string name, ComputeContext compute)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        string[] parts = name.Split(' ');
        (Shape input, Layer<T>[] layers) = parts[0] switch { "mlp" => Mlp<T>(), "thin" => Thin<T>(), _ => ConvNet<T>() };
        using var network = new Network<T>(input, layers, Batch, seed: 17, compute: compute);
        using var step = new TrainingStep<T>(network, Step<T>(parts[1]), Optimizer<T>(parts[2]));
        var options = new TrainerOptions { Epochs = 20, MaxSteps = Steps, LearningRate = parts[2].StartsWith("adam", StringComparison.Ordinal) ? 1e-3 : 0.05, Seed = 23 };
        using var trainer = new Trainer<T>(step, options);
        // 11 batches an epoch, the last one short.
        TrainingResult result = trainer.Run(Digits.Load<T>().Take(330));
        Assert.Equal((TrainingStatus.Completed, Steps), (result.Status, (int)result.Steps));

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(MemoryMarshal.AsBytes(network.Parameters));
        foreach (Layer<T> layer in network.Layers)
        {
            for (int i = 0; i < layer.State.Count; i++)
                hash.AppendData(MemoryMarshal.AsBytes(layer.StateValues(i)));
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }

    public static ProximalStep<T> Step<T>(string name)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => name switch
        {
            "gradient" => new ExplicitStep<T>(),
            "exact" => new ExactStep<T>(0.1),
            "cg3" => new CgStep<T>(3, 0.1),
            "cg3-joint" => new CgStep<T>(3, 0.1, joint: true),
            "kept3" => new CgStep<T>(3, 0.1, CgPreconditioner.EarlierFactor) { RefreshEvery = 7 },
            "scale-free" => new ExactStep<T>(Damping.ScaleFree(1)),
            "lm" => new ExactStep<T>(Damping.LevenbergMarquardt(1)),
            "auto" => new AutoStep<T>(0.1),
            "tight" => new AutoStep<T>(0.1) { MemoryBudget = 1 },
            _ => new CgStep<T>(3, 0.1, CgPreconditioner.Jacobi),
        };

    public static Optimizer<T> Optimizer<T>(string name)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => name switch
        {
            "sgd" => new Sgd<T>(),
            "momentum" => new Sgd<T>(MomentumKind.HeavyBall),
            "nesterov" => new Sgd<T>(MomentumKind.Nesterov),
            _ => new Adam<T>(weightDecay: 0.01, decoupled: name == "adamw"),
        };

    public static (Shape Input, Layer<T>[] Layers) Mlp<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => (
        Shape.Vector(64),
        [
            new Linear<T>(37), new Gelu<T>(), new Linear<T>(24), new Tanh<T>(), new Dropout<T>(0.2), new Linear<T>(20), new BatchNorm<T>(),
            new Sigmoid<T>(), new Linear<T>(15), new Relu<T>(), new Linear<T>(10),
        ]);

    /// <summary>So few units that automatic steps begin with iterations, and turn to exact steps when these take too many.</summary>
    public static (Shape Input, Layer<T>[] Layers) Thin<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => (
        Shape.Vector(64), [new Linear<T>(1), new Tanh<T>(), new Linear<T>(12), new Relu<T>(), new Linear<T>(10)]);

    public static (Shape Input, Layer<T>[] Layers) ConvNet<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => (
        Shape.Image(1, 8, 8),
        [
            new Conv2d<T>(5, 3, padding: 1), new BatchNorm<T>(), new Relu<T>(), new MaxPool2d<T>(2), new Conv2d<T>(6, 3, padding: 1), new Relu<T>(),
            new AvgPool2d<T>(2), new Flatten<T>(), new Dropout<T>(0.2), new Linear<T>(12), new LeakyRelu<T>(), new Linear<T>(10),
        ]);
}
