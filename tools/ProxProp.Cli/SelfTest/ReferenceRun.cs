using System.Numerics;
using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Training;

namespace ProxProp.Cli.SelfTest;

/// <summary>
/// The runs of which there are numbers by an independent implementation, called NET_STEP_OPTIMIZER: 45 steps on the digits, batches of 100
/// in file order.
/// </summary>
internal static class ReferenceRun
{
    // As stated with the reference numbers.
    private const double DoubleTolerance = 1e-7;
    private const double FloatTolerance = 1e-3;
    private const int Batch = 100;
    private const int Rows = 1500;

    /// <summary>Steps of a run.</summary>
    public const int Steps = 3 * Rows / Batch;

    /// <summary>Trains a run.</summary>
    /// <param name="run">NET_STEP_OPTIMIZER.</param>
    /// <param name="start">Gives the network its starting values.</param>
    /// <param name="compute">What to compute on.</param>
    /// <returns>The loss before each update.</returns>
    public static double[] Train<T>(string run, Action<Network<T>> start, ComputeContext compute)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (run.Split('_') is not [string net, string step, string optimizer])
            throw new FailureException($"The run '{run}' is not called NET_STEP_OPTIMIZER.");
        using Network<T> network = MakeNetwork<T>(net == "conv", compute);
        start(network);
        double tau = optimizer == "adam" ? 1 : 0.05;
        ProximalStep<T> proximal = step switch
        {
            "gradient" => new ExplicitStep<T>(),
            "exact" => new ExactStep<T>(tau),
            _ => new CgStep<T>(3, tau),
        };
        (Optimizer<T> update, double rate) = optimizer switch
        {
            "sgd" => ((Optimizer<T>)new Sgd<T>(), 0.5),
            "adam" => (new Adam<T>(), 1e-3),
            _ => (new Sgd<T>(MomentumKind.Nesterov, 0.95), step == "gradient" ? 0.05 : 1.0),
        };
        using var training = new TrainingStep<T>(network, proximal, update);
        var samples = new T[Batch * network.Input.Size];
        var labels = new int[Batch];
        Dataset<T> rows = Digits.Load<T>().Take(Rows);
        var losses = new double[Steps];
        for (int i = 0; i < losses.Length; i++)
        {
            rows.CopyRange(i * Batch % Rows, Batch, samples, labels);
            losses[i] = training.Run(samples, new Targets<T>(labels), Batch, rate).Loss;
        }

        return losses;
    }

    private static Network<T> MakeNetwork<T>(bool conv, ComputeContext compute)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => conv
        ? new Network<T>(
            Shape.Image(1, 8, 8),
            [
                new Conv2d<T>(6, 3, padding: 1), new Relu<T>(), new MaxPool2d<T>(2), new Conv2d<T>(8, 3, padding: 1), new Relu<T>(),
                new Flatten<T>(), new Linear<T>(10),
            ],
            Batch,
            compute: compute)
        : new Network<T>(Shape.Vector(64), Models.Mlp<T>(64, [48, 24], 10).Layers, Batch, compute: compute);

    /// <summary>Adds a check for each precision.</summary>
    public static void Compare(string kind, string run, double[] inDouble, double[] inFloat, double[] expected, SelfTestReport report)
    {
        double relative = RelativeError(inDouble, expected);
        report.Add($"double {kind} {run}", relative < DoubleTolerance, $"relative error {relative:0.0E+0}");
        double absolute = LargestError(inFloat, expected);
        report.Add($"float  {kind} {run}", absolute < FloatTolerance, $"largest error of a loss {absolute:0.0E+0}");
    }

    private static double RelativeError(double[] found, double[] expected)
    {
        double difference = 0, size = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            difference += (found[i] - expected[i]) * (found[i] - expected[i]);
            size += expected[i] * expected[i];
        }

        return Math.Sqrt(difference / size);
    }

    private static double LargestError(double[] found, double[] expected)
    {
        double largest = 0;
        for (int i = 0; i < expected.Length; i++)
            largest = Math.Max(largest, Math.Abs(found[i] - expected[i]));
        return largest;
    }
}
