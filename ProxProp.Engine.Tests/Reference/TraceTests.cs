using System.Numerics;
using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Tests.Oracles;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Reference;

/// <summary>45 training steps on the digits against the reference numbers: every run, both precisions, through the trainer itself.</summary>
public sealed class TraceTests
{
    private const string FileName = "traces.safetensors";
    private const int Batch = 100;

    public static TheoryData<string> Runs =>
    [
        "mlp_gradient_sgd", "mlp_gradient_nesterov", "mlp_gradient_adam", "mlp_exact_nesterov", "mlp_cg3_nesterov", "mlp_exact_adam",
        "conv_gradient_adam", "conv_exact_adam", "conv_cg3_adam",
    ];

    [Fact]
    public void The_file_has_these_runs()
    {
        using SafetensorsReader file = ReferenceFile.Open(FileName);
        Assert.Equal(
            file.Entries.Select(e => e.Name.Split('/')[0]).Distinct().Order(StringComparer.Ordinal),
            Runs.Select(r => r.Data).Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void Double(string run)
    {
        (double[] losses, double[] final, double[] expectedLosses, double[] expectedFinal) = Train<double>(run);
        Assert.True(ReferenceFile.RelativeError<double>(losses, expectedLosses) < Tolerances.ReferenceTraceDouble);
        Assert.True(ReferenceFile.RelativeError<double>(final, expectedFinal) < Tolerances.ReferenceTraceDouble);
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void Float(string run)
    {
        (double[] losses, _, double[] expected, _) = Train<float>(run);
        Assert.Equal(expected.Length, losses.Length);
        for (int i = 0; i < losses.Length; i++)
            Assert.True(Math.Abs(losses[i] - expected[i]) < Tolerances.ReferenceTraceFloat, $"loss {i}: {losses[i]} instead of {expected[i]}");
    }

    private static (double[] Losses, double[] Final, double[] ExpectedLosses, double[] ExpectedFinal) Train<T>(string run)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using SafetensorsReader file = ReferenceFile.Open(FileName);
        string[] parts = run.Split('_');
        using var compute = new ComputeContext(2);
        using Network<T> network = MakeNetwork<T>(parts[0] == "conv", compute);
        Weights.Load(network, file, $"{run}/init/", exact: false);

        double tau = parts[2] == "adam" ? 1 : 0.05;
        ProximalStep<T> step = parts[1] switch
        {
            "gradient" => new ExplicitStep<T>(),
            "exact" => new ExactStep<T>(tau),
            _ => new CgStep<T>(3, tau),
        };
        (Optimizer<T> optimizer, double rate) = parts[2] switch
        {
            "sgd" => ((Optimizer<T>)new Sgd<T>(), 0.5),
            "adam" => (new Adam<T>(), 1e-3),
            _ => (new Sgd<T>(MomentumKind.Nesterov, 0.95), parts[1] == "gradient" ? 0.05 : 1.0),
        };
        using var training = new TrainingStep<T>(network, step, optimizer);
        var losses = new RecordLosses();
        var options = new TrainerOptions { Epochs = 3, LearningRate = rate, Shuffle = false };
        TrainingResult result = new Trainer<T>(training, options).Run(Digits.Load<T>().Take(1500), progress: losses);
        Assert.Equal(TrainingStatus.Completed, result.Status);

        double[] final = [.. network.Parameters.ToArray().Select(double.CreateChecked)];
        double[] expectedFinal = [.. ParametricIndices(network).SelectMany(i => ReferenceFile.ReadParameters<double>(file, $"{run}/final/{i}."))];
        return ([.. losses.Values], final, ReferenceFile.Read<double>(file, $"{run}/losses"), expectedFinal);
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

    private static IEnumerable<int> ParametricIndices<T>(Network<T> network)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Enumerable.Range(0, network.Layers.Count).Where(i => network.Layers[i] is ParametricLayer<T>);

    private sealed class RecordLosses : IProgress<TrainingProgress>
    {
        public List<double> Values { get; } = [];

        public void Report(TrainingProgress value) => Values.Add(value.Loss);
    }
}
