using ProxProp.Engine.Data;
using ProxProp.Engine.Randomness;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Data;

public sealed class BatchPlanTests
{
    [Fact]
    public void File_order_keeps_the_short_last_batch()
    {
        BatchPlan plan = new(7, 3);
        plan.StartEpoch();
        Assert.Equal((3, 3, null), (plan.Count, plan.BatchSize, plan.EpochState));
        Assert.Equal([0, 1, 2], plan[0].ToArray());
        Assert.Equal([3, 4, 5], plan[1].ToArray());
        Assert.Equal([6], plan[2].ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => plan[3].Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => plan[-1].Length);
    }

    [Theory]
    [InlineData(7, 3, 2)]
    [InlineData(6, 3, 2)]
    [InlineData(2, 3, 1)]
    public void The_short_last_batch_can_be_dropped(int samples, int size, int batches) =>
        Assert.Equal(batches, new BatchPlan(samples, size, dropLast: true).Count);

    /// <summary>The orders of <see cref="Tests.Randomness.GeneratorTests"/>: each epoch shuffles file order anew.</summary>
    [Fact]
    public void Epochs_are_the_generators_shuffles_of_file_order()
    {
        BatchPlan plan = new(10, 4, new Generator(42));
        plan.StartEpoch();
        Assert.Equal([5, 3, 1, 0, 9, 6, 4, 7, 2, 8], [.. plan[0], .. plan[1], .. plan[2]]);
        plan.StartEpoch();
        Assert.Equal([1, 3, 8, 7, 2, 0, 4, 6, 5, 9], [.. plan[0], .. plan[1], .. plan[2]]);
    }

    [Fact]
    public void An_epochs_state_repeats_it()
    {
        BatchPlan plan = new(1000, 64, new Generator(1));
        for (int epoch = 0; epoch < 5; epoch++)
            plan.StartEpoch();
        BatchPlan resumed = new(1000, 64, new Generator(plan.EpochState!.Value));
        resumed.StartEpoch();
        for (int i = 0; i < plan.Count; i++)
            Assert.Equal(plan[i].ToArray(), resumed[i].ToArray());
        plan.StartEpoch();
        resumed.StartEpoch();
        Assert.Equal(plan[0].ToArray(), resumed[0].ToArray());
    }

    [Fact]
    public void An_epoch_allocates_nothing()
    {
        Dataset<float> digits = Digits.Load<float>();
        BatchPlan plan = new(digits.Count, 100, new Generator(1));
        float[] samples = new float[100 * digits.Features];
        int[] labels = new int[100];
        SameBits.AllocatesNothing(Epoch);

        void Epoch()
        {
            plan.StartEpoch();
            for (int i = 0; i < plan.Count; i++)
                digits.CopyBatch(plan[i], samples, labels);
        }
    }

    [Fact]
    public void Sizes_must_be_positive()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new BatchPlan(0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BatchPlan(1, 0));
    }
}
