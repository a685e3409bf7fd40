using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;
using ProxProp.Cli.Output;
using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Simd;
using ProxProp.Engine.Training;

namespace ProxProp.Cli.SelfTest;

/// <summary>Training runs: one that must learn, and those whose bits make the checksum.</summary>
internal static class TrainingChecks
{
    private const int Batch = 32;
    private const int ChecksumSteps = 25;
    private const int LearningSteps = 200;
    private const ulong HashStart = 0xcbf2_9ce4_8422_2325;
    private const ulong HashFactor = 0x0000_0100_0000_01b3;

    /// <summary>Trains on the digits as <c>proxprop train --step exact</c> does; tells how long the first step and the later ones took.</summary>
    public static void Learn(int threads, SelfTestReport report)
    {
        DatasetSplit<float> data = Digits.Load<float>().Split(validation: 0, test: 360, seed: 1);
        using var compute = new ComputeContext(threads);
        using var network = new Network<float>(Shape.Vector(64), Models.Mlp<float>(64, [128, 64], 10).Layers, 100, seed: 0, compute: compute);
        using var step = new TrainingStep<float>(network, new ExactStep<float>(0.05), new Sgd<float>(MomentumKind.Nesterov, 0.95));
        var samples = new float[100 * 64];
        var labels = new int[100];
        var milliseconds = new double[LearningSteps];
        for (int i = 0; i < LearningSteps; i++)
        {
            data.Train.CopyRange(i * 100 % 1400, 100, samples, labels);
            long start = Stopwatch.GetTimestamp();
            step.Run(samples, new Targets<float>(labels), 100, 1);
            milliseconds[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        using var evaluator = new Evaluator<float>(network);
        double accuracy = evaluator.Evaluate(data.Test).Accuracy;
        double first = milliseconds[0];
        Array.Sort(milliseconds);
        report.Add(
            "float  training on the digits",
            accuracy > 0.9,
            $"accuracy {Texts.Percent(accuracy)}; first step {first:F2} ms, median {milliseconds[LearningSteps / 2]:F3} ms");
    }

    /// <summary>
    /// The checksum of what several networks have learnt: the same on every processor, for any number of threads and at any vector width.
    /// This process tries the numbers of threads, and the widths that are compiled into it.
    /// </summary>
    public static ulong Checksum(SelfTestReport report)
    {
        ulong expected = Checksum(1, null);
        report.Add("bits on 3 threads", Checksum(3, null) == expected, $"{expected:x16}");
        foreach (SimdWidth width in (SimdWidth[])[SimdWidth.Scalar, SimdWidth.Bits128, SimdWidth.Bits256, SimdWidth.Bits512])
        {
            if (width != SimdSupport.Widest && SimdSupport.IsCompiled(width))
                report.Add($"bits at width {width}", Checksum(1, width) == expected, $"{expected:x16}");
        }

        return expected;
    }

    private static ulong Checksum(int threads, SimdWidth? width)
    {
        using var compute = new ComputeContext(threads, width);
        ulong hash = HashStart;
        Hash<float>(compute, ref hash);
        Hash<double>(compute, ref hash);
        return hash;
    }

    private static void Hash<T>(ComputeContext compute, ref ulong hash)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Hash(compute, Shape.Vector(64), Dense<T>(), new ExactStep<T>(0.1), new Sgd<T>(MomentumKind.Nesterov), 0.05, ref hash);
        Hash(compute, Shape.Vector(64), Dense<T>(), new CgStep<T>(3, 0.1), new Adam<T>(), 1e-3, ref hash);
        Hash(compute, Shape.Image(1, 8, 8), Convolutional<T>(), new ExactStep<T>(0.1), new Adam<T>(), 1e-3, ref hash);
        Hash(compute, Shape.Image(1, 8, 8), Convolutional<T>(), new ExplicitStep<T>(), new Sgd<T>(MomentumKind.HeavyBall), 0.05, ref hash);
    }

    private static void Hash<T>(
        ComputeContext compute, Shape input, Layer<T>[] layers, ProximalStep<T> proximal, Optimizer<T> optimizer, double rate, ref ulong hash)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var network = new Network<T>(input, layers, Batch, seed: 17, compute: compute);
        using var step = new TrainingStep<T>(network, proximal, optimizer);
        Dataset<T> digits = Digits.Load<T>();
        var samples = new T[Batch * input.Size];
        var labels = new int[Batch];
        for (int i = 0; i < ChecksumSteps; i++)
        {
            digits.CopyRange(i * Batch, Batch, samples, labels);
            step.Run(samples, new Targets<T>(labels), Batch, rate);
        }

        foreach (byte value in MemoryMarshal.AsBytes(network.Parameters))
            hash = (hash ^ value) * HashFactor;
    }

    private static Layer<T>[] Dense<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        [
            new Linear<T>(37), new Gelu<T>(), new Linear<T>(24), new Tanh<T>(), new Dropout<T>(0.2), new Linear<T>(20), new BatchNorm<T>(),
            new Sigmoid<T>(), new Linear<T>(10),
        ];

    private static Layer<T>[] Convolutional<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        [
            new Conv2d<T>(5, 3, padding: 1), new BatchNorm<T>(), new Relu<T>(), new MaxPool2d<T>(2), new Conv2d<T>(6, 3, padding: 1),
            new Relu<T>(), new AvgPool2d<T>(2), new Flatten<T>(), new Linear<T>(12), new LeakyRelu<T>(), new Linear<T>(10),
        ];
}
