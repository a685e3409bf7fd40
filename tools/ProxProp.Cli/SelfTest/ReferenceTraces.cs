using System.Numerics;
using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Training;

namespace ProxProp.Cli.SelfTest;

/// <summary>
/// 45 training steps on the digits against the numbers of an independent implementation, in a file of runs NET_STEP_OPTIMIZER, each with
/// the tensors init/…, losses, final/….
/// </summary>
internal static class ReferenceTraces
{
    // As stated with the reference numbers.
    private const double DoubleTolerance = 1e-7;
    private const double FloatTolerance = 1e-3;
    private const int Batch = 100;
    private const int Rows = 1500;

    /// <summary>Adds a check for each run and precision.</summary>
    /// <exception cref="DataFormatException">The file is not such a file.</exception>
    public static void Run(string path, int threads, SelfTestReport report)
    {
        using SafetensorsReader file = SafetensorsReader.Open(path);
        string[] runs = [.. file.Entries.Where(e => e.Name.EndsWith("/losses", StringComparison.Ordinal)).Select(e => e.Name.Split('/')[0])];
        if (runs.Length == 0)
            throw new FailureException($"{path} has no tensor RUN/losses; expected the reference traces.");
        using var compute = new ComputeContext(threads);
        foreach (string run in runs)
        {
            double relative = RelativeError(Train<double>(file, run, compute), Read(file, run));
            report.Add($"double trace {run}", relative < DoubleTolerance, $"relative error {relative:0.0E+0}");
            double absolute = LargestError(Train<float>(file, run, compute), Read(file, run));
            report.Add($"float  trace {run}", absolute < FloatTolerance, $"largest error of a loss {absolute:0.0E+0}");
        }
    }

    private static double[] Train<T>(SafetensorsReader file, string run, ComputeContext compute)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (run.Split('_') is not [string net, string step, string optimizer])
            throw new FailureException($"The run '{run}' is not called NET_STEP_OPTIMIZER.");
        using Network<T> network = MakeNetwork<T>(net == "conv", compute);
        Weights.Load(network, file, $"{run}/init/", exact: false);
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
        var losses = new double[3 * Rows / Batch];
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

    private static double[] Read(SafetensorsReader file, string run)
    {
        var losses = new double[file.Find($"{run}/losses").Count];
        file.Read<double>($"{run}/losses", losses);
        return losses.Length == 3 * Rows / Batch ? losses : throw new FailureException($"The run '{run}' has {losses.Length} losses; expected {3 * Rows / Batch}.");
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
