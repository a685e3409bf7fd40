using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Tests.Allocation;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Training;

/// <summary>A plan made without memory is the plan of what is then allocated.</summary>
[Collection(nameof(AloneInTheProcess))]
public sealed class MemoryPlanTests
{
    private const int Batch = 300, Features = 400;

    public static TheoryData<string> Kinds => ["gradient", "exact", "cg", "pcg factor", "auto"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_plan_allocates_nothing_and_is_that_of_the_real_thing(string kind)
    {
        using ComputeContext none = ComputeContext.ForPlan(2);
        Build(none, kind); // what a first use allocates once
        long before = GC.GetAllocatedBytesForCurrentThread();
        MemoryPlan plan = Build(none, kind);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
        Assert.True(plan.TotalBytes > 5_000_000);

        using var compute = new ComputeContext(2);
        MemoryPlan real = Build(compute, kind);
        Assert.Equal(plan.Entries, real.Entries);
        Assert.Equal((plan.TotalBytes, plan.SharedBytes), (real.TotalBytes, real.SharedBytes));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_plan_for_convolutions_knows_the_scratch_of_each_thread(int threads)
    {
        static long Planned(ComputeContext compute)
        {
            Model<float> model = Models.ConvNet<float>(Shape.Image(3, 16, 16), 10);
            using var network = new Network<float>(model.Input, model.Layers, 40, compute: compute);
            using var step = new TrainingStep<float>(network, new ExactStep<float>(1), new Adam<float>());
            return MemoryPlan.Of(step).TotalBytes;
        }

        using ComputeContext none = ComputeContext.ForPlan(threads);
        using var compute = new ComputeContext(threads);
        Assert.Equal(Planned(compute), Planned(none));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Training_takes_the_memory_that_was_planned(string kind)
    {
        using ComputeContext none = ComputeContext.ForPlan(2);
        MemoryPlan plan = Build(none, kind);
        var data = new Dataset<float>(
            "toy", 1, 1, Features, ["a", "b", "c"], Values.Uniform<float>(2 * Batch * Features, 1), Values.Labels(2 * Batch, 3, 2));
        Use(kind, data, 1); // what a first use allocates once
        long most = 0;
        long before = GC.GetTotalMemory(forceFullCollection: true);
        Use(kind, data, 3, () => most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - before));
        Assert.InRange(most, 0.9 * plan.TotalBytes, 1.1 * plan.TotalBytes);
    }

    [Fact]
    public void Every_buffer_has_an_owner_and_a_purpose()
    {
        using ComputeContext none = ComputeContext.ForPlan(1);
        MemoryPlan plan = Build(none, "exact");
        Assert.All(plan.Entries, e => Assert.NotEmpty(e.Owner));
        Assert.All(plan.Entries, e => Assert.True(e.Purpose != BufferPurpose.Other || e.Owner == "loss", e.Name));
        Assert.Contains(plan.Entries, e => e is { Owner: "layer 0 (Linear)", Purpose: BufferPurpose.Activations, Bytes: Batch * 256 * 4, Scratch: false });
        Assert.Contains(plan.Entries, e => e is { Owner: "layer 3 (Linear)", Purpose: BufferPurpose.Solver, Scratch: true });
        Assert.Contains(plan.Entries, e => e is { Owner: "optimizer (adam)", Purpose: BufferPurpose.Optimizer });
        Assert.DoesNotContain(plan.Entries, e => e is { Owner: "layer 6 (Linear)", Purpose: BufferPurpose.Solver });
    }

    [Fact]
    public void What_is_built_on_a_plan_cannot_compute()
    {
        using ComputeContext none = ComputeContext.ForPlan(1);
        using var network = new Network<float>(Shape.Vector(2), [new Linear<float>(2)], 3, compute: none);
        Assert.Equal(6, network.ParameterCount);
        Assert.Throws<InvalidOperationException>(() => network.Forward([1, 2], 1).Length);
    }

    private static Network<float> Net(ComputeContext compute) => new(
        Shape.Vector(Features),
        [
            new Linear<float>(256), new BatchNorm<float>(), new Relu<float>(), new Linear<float>(128), new Dropout<float>(), new Tanh<float>(), new Linear<float>(3),
        ],
        Batch,
        compute: compute);

    private static ProximalStep<float> Step(string kind) => kind switch
    {
        "gradient" => new ExplicitStep<float>(),
        "exact" => new ExactStep<float>(0.5),
        "cg" => new CgStep<float>(3, 0.5),
        "pcg factor" => new CgStep<float>(3, 0.5, CgPreconditioner.EarlierFactor),
        _ => new AutoStep<float>(0.5),
    };

    private static MemoryPlan Build(ComputeContext compute, string kind)
    {
        using Network<float> network = Net(compute);
        using var step = new TrainingStep<float>(network, Step(kind), new Adam<float>());
        using var trainer = new Trainer<float>(step, new TrainerOptions());
        using var evaluator = new Evaluator<float>(network);
        return MemoryPlan.Of(step, trainer, evaluator);
    }

    private static void Use(string kind, Dataset<float> data, int epochs, Action? afterStep = null)
    {
        using var compute = new ComputeContext(2);
        using Network<float> network = Net(compute);
        using var step = new TrainingStep<float>(network, Step(kind), new Adam<float>());
        using var trainer = new Trainer<float>(step, new TrainerOptions { Epochs = epochs });
        trainer.Run(data, data.Take(Batch), afterStep is null ? null : new Record(_ => afterStep()));
    }
}
