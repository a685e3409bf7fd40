using System.Numerics;
using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Simd;
using ProxProp.Engine.Solvers;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Determinism;

/// <summary>
/// The contract: the same seed gives the same bits after 100 steps, whatever the number of threads and the vector width. Widths that this
/// machine lacks run emulated, in pieces.
/// </summary>
public sealed class DeterminismTests
{
    private static readonly (int Threads, SimdWidth Width)[] Contexts =
    [
        (1, SimdWidth.Scalar), (1, SimdWidth.Bits128), (1, SimdWidth.Bits512), (2, SimdWidth.Bits256), (3, SimdWidth.Bits256), (8, SimdWidth.Bits256),
        (8, SimdWidth.Bits512), (3, SimdWidth.Scalar),
    ];

    public static TheoryData<string> Names => [.. Workload.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Threads_and_widths_change_no_bit(string name)
    {
        Same<float>(name);
        Same<double>(name);
    }

    [Fact]
    public void Runs_differ_where_they_should()
    {
        using var compute = new ComputeContext(1);
        IEnumerable<string> checksums = Workload.Names.Select(n => Workload.Checksum<float>(n, compute));
        Assert.Equal(Workload.Names.Length, checksums.Distinct().Count());
    }

    [Fact]
    public void The_automatic_run_takes_both_ways()
    {
        using var compute = new ComputeContext(1);
        (Shape input, Layer<float>[] layers) = Workload.Thin<float>();
        using var network = new Network<float>(input, layers, 32, seed: 17, compute: compute);
        using var step = new TrainingStep<float>(network, Workload.Step<float>("auto"), new Sgd<float>()) { MeasureEvery = 1 };
        var solvers = new HashSet<SolverKind>();
        step.Reported += (in StepReport report) => solvers.Add(report.Layers[0].Solver);
        using var trainer = new Trainer<float>(step, new TrainerOptions { Epochs = 9, LearningRate = 0.05 });
        trainer.Run(Digits.Load<float>().Take(330));
        Assert.Equal([SolverKind.DualCholesky, SolverKind.MatrixFreeCg], solvers.Order());
    }

    [Fact]
    public void Layers_wide_enough_for_many_tiles_change_no_bit()
    {
        float[]? expected = null;
        float[] samples = Values.Uniform<float>(150 * 301, 4);
        int[] labels = Values.Labels(150, 10, 5);
        foreach ((int threads, SimdWidth width) in ((int, SimdWidth)[])
            [(1, SimdWidth.Bits256), (2, SimdWidth.Bits256), (3, SimdWidth.Bits512), (8, SimdWidth.Bits256), (2, SimdWidth.Bits128)])
        {
            using var compute = new ComputeContext(threads, width);
            using var network = new Network<float>(Shape.Vector(301), Models.Mlp<float>(301, [257, 130], 10).Layers, 150, seed: 3, compute: compute);
            using var step = new TrainingStep<float>(network, new ExactStep<float>(0.05), new Sgd<float>(MomentumKind.Nesterov));
            for (int i = 0; i < 8; i++)
                step.Run(samples, new Targets<float>(labels), 150, 0.5);
            expected ??= network.Parameters.ToArray();
            Assert.True(expected.AsSpan().SequenceEqual(network.Parameters), $"{threads} threads at {width} differ.");
        }
    }

    private static void Same<T>(string name)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        string expected;
        using (var compute = new ComputeContext(1, SimdWidth.Bits256))
        {
            Assert.Equal(SimdWidth.Bits256, compute.Width);
            expected = Workload.Checksum<T>(name, compute);
        }

        foreach ((int threads, SimdWidth width) in Contexts)
        {
            using var compute = new ComputeContext(threads, width);
            Assert.Equal(threads, compute.Team.Workers);
            Assert.True(expected == Workload.Checksum<T>(name, compute), $"{name} in {typeof(T).Name} differs at {threads} threads and width {width}.");
        }
    }
}
