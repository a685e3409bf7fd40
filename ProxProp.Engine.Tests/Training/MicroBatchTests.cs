using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Simd;
using ProxProp.Engine.Tests.Allocation;
using ProxProp.Engine.Tests.Data;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Layers;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Training;

/// <summary>A batch that comes in parts gives the step of the whole batch, to rounding.</summary>
[Collection(nameof(AloneInTheProcess))]
public sealed class MicroBatchTests : IDisposable
{
    // Sums of at most 36 samples, pixels times samples at most 2,304, in another order, and systems whose condition is below 1e4.
    private const double Tolerance = 1e-10;
    private const int Batch = 36, Classes = 4;

    private readonly TemporaryFolder _folder = new();
    private readonly double[] _samples = Values.Uniform<double>(Batch * 64, 3);
    private readonly int[] _labels = Values.Labels(Batch, Classes, 4);

    public static TheoryData<string, string, int> Cases
    {
        get
        {
            var cases = new TheoryData<string, string, int>();
            foreach (string kind in (string[])["gradient", "exact", "cg3", "auto", "auto scale-free"])
            {
                foreach (int part in (int[])[1, 7, 12, 35])
                {
                    cases.Add(kind, "dense", part);
                    cases.Add(kind, "images", part);
                }
            }

            return cases;
        }
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public void Directions_and_loss_are_those_of_the_whole_batch(string kind, string net, int part)
    {
        using var compute = new ComputeContext(2);
        using Network<double> network = Net(net, part, compute), wholeNetwork = Net(net, Batch, compute);
        using var inParts = new TrainingStep<double>(network, Step(kind), new Sgd<double>(), maxBatch: Batch);
        using var whole = new TrainingStep<double>(wholeNetwork, Step(kind == "auto" ? "exact" : kind == "auto scale-free" ? "exact scale-free" : kind), new Sgd<double>());
        for (int step = 0; step < 3; step++)
        {
            StepResult found = inParts.Run(_samples, new Targets<double>(_labels), Batch, 0.1);
            StepResult expected = whole.Run(_samples, new Targets<double>(_labels), Batch, 0.1);
            Assert.Equal(expected.Correct, found.Correct);
            Assert.Equal(expected.Loss, found.Loss, Tolerance * expected.Loss);
            Assert.True(found.Updated);
            AssertClose(whole.Directions, inParts.Directions);
        }

        AssertClose(wholeNetwork.Parameters, network.Parameters);
    }

    [Fact]
    public void The_mean_squared_error_of_parts_is_that_of_the_whole_batch()
    {
        using var compute = new ComputeContext(1);
        double[] targets = Values.Uniform<double>(Batch * Classes, 5);
        using Network<double> network = Net("dense", 10, compute), wholeNetwork = Net("dense", Batch, compute);
        using var inParts = new TrainingStep<double>(network, Step("exact"), new Sgd<double>(), new MeanSquaredErrorLoss<double>(), Batch);
        using var whole = new TrainingStep<double>(wholeNetwork, Step("exact"), new Sgd<double>(), new MeanSquaredErrorLoss<double>());
        StepResult found = inParts.Run(_samples, new Targets<double>(targets), Batch, 0.1), expected = whole.Run(_samples, new Targets<double>(targets), Batch, 0.1);
        Assert.Equal(-1, found.Correct);
        Assert.Equal(expected.Loss, found.Loss, Tolerance * expected.Loss);
        AssertClose(whole.Directions, inParts.Directions);
    }

    [Theory]
    [InlineData("exact")]
    [InlineData("exact in double")]
    [InlineData("cg3")]
    public void The_bits_depend_on_neither_threads_nor_width_nor_packing(string kind)
    {
        float[] samples = [.. _samples.Select(x => (float)x)];
        int[] labels = _labels;
        byte[] Trained(int threads, SimdWidth? width, int packedRows)
        {
            using var compute = new ComputeContext(threads, width, packedRows);
            using var network = new Network<float>(
                Shape.Vector(64), [new Linear<float>(200), new Relu<float>(), new Dropout<float>(0.2), new Linear<float>(150), new Tanh<float>(), new Linear<float>(Classes)],
                11, seed: 1, compute: compute);
            using var step = new TrainingStep<float>(
                network, kind == "cg3" ? new CgStep<float>(3, 0.5) : new ExactStep<float>(kind == "exact" ? 0.5 : 1e6), new Sgd<float>(), maxBatch: Batch);
            for (int i = 0; i < 3; i++)
                step.Run(samples, new Targets<float>(labels), Batch, 0.1);
            Assert.Equal(kind == "exact in double", step.Reports[0].InDouble || step.Reports[3].InDouble);
            return System.Runtime.InteropServices.MemoryMarshal.AsBytes(network.Parameters).ToArray();
        }

        byte[] expected = Trained(1, null, ComputeContext.MostPackedRows);
        Assert.Equal(expected, Trained(3, null, ComputeContext.MostPackedRows));
        Assert.Equal(expected, Trained(1, SimdWidth.Scalar, 252));
        Assert.Equal(expected, Trained(2, SimdWidth.Bits128, ComputeContext.FewestPackedRows));
    }

    [Fact]
    public void A_step_allocates_nothing()
    {
        using var compute = new ComputeContext(1);
        using Network<double> network = Net("images", 7, compute);
        using var step = new TrainingStep<double>(network, Step("exact"), new Sgd<double>(), maxBatch: Batch);
        TeamAllocations.AssertNone(compute, () => step.Run(_samples, new Targets<double>(_labels), Batch, 0.1));
    }

    [Fact]
    public void Activations_are_those_of_one_part()
    {
        using ComputeContext none = ComputeContext.ForPlan(1);
        long Planned(int part)
        {
            using Network<double> network = Net("images", part, none);
            using var step = new TrainingStep<double>(network, Step("exact"), new Sgd<double>(), maxBatch: Batch);
            return network.BufferBytes + step.BufferBytes;
        }

        Assert.True(Planned(4) < 0.6 * Planned(Batch), $"{Planned(4)} of {Planned(Batch)}");
    }

    [Fact]
    public void What_needs_its_batch_as_a_whole_is_refused()
    {
        Assert.Contains("Layer 1 (BatchNorm", Refused(new ExplicitStep<float>(), new BatchNorm<float>()), StringComparison.Ordinal);
        Assert.Contains("Levenberg-Marquardt", Refused(new ExactStep<float>(Damping.LevenbergMarquardt(1))), StringComparison.Ordinal);
        Assert.Contains("'pcg3' takes the batch of Linear as a whole", Refused(new CgStep<float>(3, 1, CgPreconditioner.Jacobi)), StringComparison.Ordinal);
        Assert.Contains("as a whole", Refused(new CgStep<float>(3, 1, joint: true)), StringComparison.Ordinal);
        Assert.Contains("which LocallyConnected does not", Refused(new ExactStep<float>(1), new LocallyConnected<float>(3)), StringComparison.Ordinal);

        // A single image has statistics too, but not those of its batch.
        using var images = new Network<float>(
            Shape.Image(2, 4, 4), [new Conv2d<float>(3, 3), new BatchNorm<float>(), new Flatten<float>(), new Linear<float>(3)], 2);
        Assert.Contains(
            "Layer 1 (BatchNorm",
            Assert.Throws<NotSupportedException>(() => new TrainingStep<float>(images, new ExplicitStep<float>(), new Sgd<float>(), maxBatch: 8)).Message,
            StringComparison.Ordinal);

        // Frozen statistics are fixed numbers.
        using var network = new Network<float>(Shape.Vector(8), [new BatchNorm<float>(), new Linear<float>(2)], 3) { FrozenLayers = 1 };
        using var step = new TrainingStep<float>(network, new ExplicitStep<float>(), new Sgd<float>(), maxBatch: 6);
        Assert.Equal(6, step.MaxBatch);
    }

    [Fact]
    public void Too_few_samples_or_labels_are_refused()
    {
        using var network = new Network<double>(Shape.Vector(64), [new Linear<double>(Classes)], 10);
        using var step = new TrainingStep<double>(network, new ExplicitStep<double>(), new Sgd<double>(), maxBatch: Batch);
        Assert.Contains(
            "36 samples of shape 64 have 2304 elements, but got 2303",
            Assert.Throws<ArgumentException>(() => step.Run(_samples.AsSpan(1), new Targets<double>(_labels), Batch, 1)).Message, StringComparison.Ordinal);
        foreach (int labels in (int[])[Batch - 1, 10])
        {
            Assert.Contains(
                $"One label or one row of values for each of 36 samples was expected, but got {labels} labels and 0 values.",
                Assert.Throws<ArgumentException>(() => step.Run(_samples, new Targets<double>(_labels.AsSpan(0, labels)), Batch, 1)).Message,
                StringComparison.Ordinal);
        }

        double[] values = new double[10 * Classes];
        Assert.Contains(
            "but got 0 labels and 40 values.", Assert.Throws<ArgumentException>(() => step.Run(_samples, new Targets<double>(values), Batch, 1)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-3)]
    [InlineData(Batch + 1)]
    public void A_batch_that_the_step_does_not_take_is_refused_and_changes_nothing(int batch)
    {
        using var network = new Network<double>(Shape.Vector(64), [new Linear<double>(8), new Linear<double>(Classes)], 10);
        using var step = new TrainingStep<double>(network, new ExactStep<double>(1), new Sgd<double>(), maxBatch: Batch);
        step.Run(_samples, new Targets<double>(_labels), Batch, 0.1);
        double[] before = network.Parameters.ToArray();
        var e = Assert.Throws<ArgumentOutOfRangeException>(() => step.Run(new double[64 * 64], new Targets<double>(new int[Math.Max(0, batch)]), batch, 0.1));
        Assert.Equal("batch", e.ParamName);
        Assert.Contains("A batch of 1 to 36 samples was expected.", e.Message, StringComparison.Ordinal);
        Assert.Equal(before, network.Parameters.ToArray());
    }

    [Fact]
    public void A_loss_that_is_not_finite_in_a_later_part_is_found_there()
    {
        var data = new Dataset<double>("toy", 1, 1, 64, ["a", "b", "c", "d"], _samples, _labels);
        using var network = new Network<double>(Shape.Vector(64), [new Linear<double>(9), new Linear<double>(Classes)], 10);
        _samples[64 * 25] = 1e308;
        network.Parameters[0] = 10;
        using var step = new TrainingStep<double>(network, new ExplicitStep<double>(), new Sgd<double>(), maxBatch: Batch);
        using var trainer = new Trainer<double>(step, new TrainerOptions { Epochs = 1, Shuffle = false });
        TrainingResult result = trainer.Run(data);
        Assert.Equal(TrainingStatus.NonFiniteLoss, result.Status);
        Assert.Contains("the output of layer 0", result.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_goes_on_from_its_checkpoint_with_the_same_parts_alone()
    {
        var data = new Dataset<double>("toy", 1, 1, 64, ["a", "b", "c", "d"], _samples, _labels);
        byte[] Run(int part, long steps, string? save, string? resume)
        {
            using var compute = new ComputeContext(1);
            using Network<double> network = Net("dense", part, compute);
            using var step = new TrainingStep<double>(network, Step("exact"), new Adam<double>(), maxBatch: 18);
            using var trainer = new Trainer<double>(
                step, new TrainerOptions { Epochs = 3, MaxSteps = steps, ResumeFrom = resume, Checkpoint = save is null ? null : new CheckpointOptions(save) });
            Assert.Equal(TrainingStatus.Completed, trainer.Run(data).Status);
            return System.Runtime.InteropServices.MemoryMarshal.AsBytes(network.Parameters).ToArray();
        }

        string file = _folder.File("checkpoint");
        Run(5, 3, file, null);
        Assert.Equal(Run(5, 6, null, null), Run(5, 6, null, file));
        Assert.Contains(
            "samples in a micro-batch: 5", Assert.Throws<DataFormatException>(() => Run(6, 6, null, file)).Message, StringComparison.Ordinal);
    }

    private static string Refused(ProximalStep<float> step, Layer<float>? between = null)
    {
        using var network = new Network<float>(
            Shape.Vector(8), [new Linear<float>(12), between ?? new Relu<float>(), new Linear<float>(2)], 3);
        return Assert.Throws<NotSupportedException>(() => new TrainingStep<float>(network, step, new Sgd<float>(), maxBatch: 4)).Message;
    }

    private static Network<double> Net(string net, int batch, ComputeContext compute) => net == "dense"
        ? new(
            Shape.Vector(64),
            [new Linear<double>(20), new Relu<double>(), new Dropout<double>(0.3), new Linear<double>(12, bias: false), new Gelu<double>(), new Linear<double>(Classes)],
            batch, seed: 2, compute: compute)
        : new(
            Shape.Image(1, 8, 8),
            [
                new Conv2d<double>(5, 3, padding: 1), new Relu<double>(), new MaxPool2d<double>(2), new Conv2d<double>(6, 3), new Tanh<double>(),
                new Flatten<double>(), new Linear<double>(9), new Linear<double>(Classes),
            ],
            batch, seed: 2, compute: compute);

    private static ProximalStep<double> Step(string kind) => kind switch
    {
        "gradient" => new ExplicitStep<double>(),
        "exact" => new ExactStep<double>(0.5),
        "exact scale-free" => new ExactStep<double>(Damping.ScaleFree(1)),
        "cg3" => new CgStep<double>(3, 0.5),
        "auto" => new AutoStep<double>(0.5) { Tolerance = 1e-13 },
        _ => new AutoStep<double>(Damping.ScaleFree(1)) { Tolerance = 1e-13 },
    };

    private static void AssertClose(ReadOnlySpan<double> expected, ReadOnlySpan<double> found)
    {
        double difference = 0, size = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            difference += (expected[i] - found[i]) * (expected[i] - found[i]);
            size += expected[i] * expected[i];
        }

        Assert.InRange(Math.Sqrt(difference / size), 0, Tolerance);
    }
}
