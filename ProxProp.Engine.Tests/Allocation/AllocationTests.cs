using System.Diagnostics.Metrics;
using System.Numerics;
using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Solvers;
using ProxProp.Engine.Tests.Determinism;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Allocation;

/// <summary>Nothing else runs beside these tests: they read counters of the whole process.</summary>
[CollectionDefinition(nameof(AloneInTheProcess), DisableParallelization = true)]
public sealed class AloneInTheProcess;

/// <summary>After warm-up a training step allocates nothing, on any thread; before it, what the plan says and no more.</summary>
[Collection(nameof(AloneInTheProcess))]
public sealed class AllocationTests
{
    private const int Batch = 32;

    public static TheoryData<string, string> Steps()
    {
        var data = new TheoryData<string, string>();
        foreach (string net in (string[])["mlp", "conv"])
        {
            foreach (string step in (string[])["gradient", "exact", "cg3", "cg3-joint", "pcg3", "kept3", "auto", "tight", "scale-free", "lm"])
                data.Add(net, step);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public void A_training_step_allocates_nothing(string net, string step)
    {
        AssertNothing<float>(net, step, "nesterov");
        AssertNothing<double>(net, step, "adam");
    }

    [Theory]
    [InlineData("sgd")]
    [InlineData("momentum")]
    [InlineData("adamw")]
    public void Nor_does_any_optimizer(string optimizer) => AssertNothing<float>("mlp", "gradient", optimizer);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Nor_does_the_first_step_for_which_float_will_not_do(bool auto)
    {
        // The first network compiles the code, and a collection can count what nobody allocated (see TeamAllocations): one network without must do.
        long allocated = long.MaxValue;
        for (int attempt = 0; attempt < 5 && allocated != 0; attempt++)
        {
            using var compute = new ComputeContext(2);
            using Network<float> network = Make<float>("conv", compute, Batch);
            using var step = new TrainingStep<float>(network, auto ? new AutoStep<float>(1e9) : new ExactStep<float>(1e9), new Sgd<float>());
            var samples = new float[Batch * 64];
            var labels = new int[Batch];
            Digits.Load<float>().CopyRange(0, Batch, samples, labels);
            step.Run(samples, new Targets<float>(labels), Batch, 0);
            long before = GC.GetAllocatedBytesForCurrentThread();
            long planned = step.BufferBytes;
            samples.AsSpan().Fill(0.7f);
            step.Run(samples, new Targets<float>(labels), Batch, 0);
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.Equal(planned, step.BufferBytes);
            Assert.True(step.Reports[0].InDouble);
        }

        Assert.Equal(0, allocated);
    }

    /// <summary>Enough output units that each worker solves panels of its own.</summary>
    [Fact]
    public void Panels_of_conjugate_gradients_allocate_nothing()
    {
        const int Rows = 600, Units = 1100;
        using var compute = new ComputeContext(2);
        using var arena = new Arena();
        var solver = new DualConjugateGradient<float>(arena, Rows, Units, compute.Team.Workers);
        solver.Expect(compute, Rows);
        arena.Commit();
        float[] delta = Values.Uniform<float>(Rows * Units, 1);
        TeamAllocations.AssertNone(compute, () =>
        {
            for (int i = 0; i < Rows; i++)
                solver.Gram(Rows)[i, i] = i;
            solver.Solve(compute, Rows, 1f, delta, 2);
        });
    }

    [Fact]
    public void Prediction_and_evaluation_allocate_nothing()
    {
        using var compute = new ComputeContext(2);
        (Shape input, Layer<float>[] layers) = Workload.ConvNet<float>();
        using var network = new Network<float>(input, layers, Batch, compute: compute);
        using var evaluator = new Evaluator<float>(network);
        Dataset<float> data = Digits.Load<float>().Take(100);
        var samples = new float[100 * 64];
        var outputs = new float[100 * 10];
        TeamAllocations.AssertNone(compute, () =>
        {
            network.Predict(samples, outputs);
            evaluator.Evaluate(data);
        });
    }

    [Fact]
    public void The_trainers_loop_allocates_nothing_within_an_epoch()
    {
        using var compute = new ComputeContext(2);
        (Shape input, Layer<float>[] layers) = Workload.Mlp<float>();
        using var network = new Network<float>(input, layers, Batch, compute: compute);
        using var step = new TrainingStep<float>(network, new ExactStep<float>(0.1), new Adam<float>());
        using var trainer = new Trainer<float>(step, new TrainerOptions { Epochs = 3 });
        var watch = new WatchAllocations();
        trainer.Run(Digits.Load<float>().Take(1000), progress: watch);
        Assert.Equal(96, watch.Count);
        // All but one, which may lie across a collection (see TeamAllocations).
        Assert.InRange(Enumerable.Range(65, 30).Count(i => watch.Bytes[i - 1] != watch.Bytes[i]), 0, 1);
    }

    [Theory]
    [InlineData("mlp")]
    [InlineData("conv")]
    public void The_plan_is_what_is_reserved(string net)
    {
        using var compute = new ComputeContext(1);
        foreach (string kind in (string[])["gradient", "exact", "cg3", "pcg3"])
        {
            const int Large = 1500;
            Make<float>("mlp", compute, Batch).Dispose();
            long start = GC.GetAllocatedBytesForCurrentThread();
            using Network<float> network = Make<float>(net, compute, Large);
            using var step = new TrainingStep<float>(network, Workload.Step<float>(kind), new Adam<float>());
            using var trainer = new Trainer<float>(step, new TrainerOptions());
            long allocated = GC.GetAllocatedBytesForCurrentThread() - start;
            long planned = network.BufferBytes + step.BufferBytes + trainer.BufferBytes;
            AssertSumsUp(network.BufferBytes, network.Buffers);
            AssertSumsUp(step.BufferBytes, step.Buffers);
            AssertSumsUp(trainer.BufferBytes, trainer.Buffers);
            // Beside the buffers there are the few objects that hold them.
            Assert.InRange(allocated, planned, planned + 64_000);
            Assert.True(planned > 1_500_000, $"{planned} bytes are enough to compare.");
        }
    }

    // Scratch scopes share the memory of the largest one.
    private static void AssertSumsUp(long total, IReadOnlyList<ArenaEntry> entries)
    {
        long persistent = entries.Where(e => !e.Scratch).Sum(Padded);
        long[] scratch = [.. entries.Where(e => e.Scratch).Select(Padded), 0];
        Assert.InRange(total, persistent + scratch.Max(), persistent + scratch.Sum());
    }

    private static long Padded(ArenaEntry entry) => (entry.Bytes + 63) / 64 * 64;

    private static void AssertNothing<T>(string net, string kind, string optimizer)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var compute = new ComputeContext(2);
        using Network<T> network = Make<T>(net, compute, Batch);
        using var step = new TrainingStep<T>(network, Workload.Step<T>(kind), Workload.Optimizer<T>(optimizer));
        var samples = new T[Batch * 64];
        var labels = new int[Batch];
        Digits.Load<T>().CopyRange(0, Batch, samples, labels);
        TeamAllocations.AssertNone(compute, () => step.Run(samples, new Targets<T>(labels), Batch, 1e-3));

        // Nor with everybody listening.
        using var listener = new MeterListener();
        long told = 0;
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == StepMetrics.MeterName)
                l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => told++);
        listener.SetMeasurementEventCallback<long>((_, _, _, _) => told++);
        listener.SetMeasurementEventCallback<int>((_, _, _, _) => told++);
        listener.Start();
        step.Reported += (in StepReport report) => told += report.Layers.Length;
        TeamAllocations.AssertNone(compute, () => step.Run(samples, new Targets<T>(labels), Batch, 1e-3));
        Assert.True(told > 0);
    }

    private static Network<T> Make<T>(string net, ComputeContext compute, int batch)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (Shape input, Layer<T>[] layers) = net == "mlp" ? Workload.Mlp<T>() : Workload.ConvNet<T>();
        return new Network<T>(input, layers, batch, compute: compute);
    }

    private sealed class WatchAllocations : IProgress<TrainingProgress>
    {
        public long[] Bytes { get; } = new long[200];

        public int Count { get; private set; }

        public void Report(TrainingProgress value) => Bytes[Count++] = GC.GetAllocatedBytesForCurrentThread();
    }
}
