using ProxProp.Cli;
using ProxProp.Cli.Options;
using ProxProp.Engine.Data;

namespace ProxProp.Engine.Tests.Cli;

public sealed class SplitPlanTests
{
    [Theory]
    [InlineData(1797, false, null, null, 1259, 179, 359)]
    [InlineData(1797, false, null, 0, 1438, 0, 359)]
    [InlineData(1797, false, 1500, 0, 1500, 0, 297)]
    [InlineData(1797, false, 1500, null, 1500, 148, 149)]
    [InlineData(1797, false, 1797, null, 1797, 0, 0)]
    [InlineData(50000, true, null, null, 45000, 5000, 0)]
    [InlineData(50000, true, 45000, null, 45000, 5000, 0)]
    [InlineData(50000, true, 1000, 500, 1000, 500, 0)]
    [InlineData(4, false, null, null, 4, 0, 0)]
    public void Counts(int rows, bool ownTest, int? trainSamples, int? validation, int train, int wantedValidation, int test)
    {
        SplitPlan plan = SplitPlan.Make(rows, ownTest, trainSamples, validation, 7);
        Assert.Equal((train, wantedValidation, test), (plan.Train, plan.Validation, plan.Test));
        Assert.Equal(trainSamples is null ? 7UL : null, plan.Seed);
    }

    [Theory]
    [InlineData(100, false, 101, null, "--train-samples 101 is more than the 100 rows there are.")]
    [InlineData(100, false, 90, 11, "--validation 11 is more than the 10 rows behind the first 90; take fewer for either.")]
    [InlineData(100, false, null, 80, "--validation 80 with 20 rows for testing leaves none of 100 to train on; take fewer.")]
    [InlineData(100, true, null, 100, "--validation 100 with 0 rows for testing leaves none of 100 to train on; take fewer.")]
    public void Too_many(int rows, bool ownTest, int? trainSamples, int? validation, string message)
    {
        UsageException e = Assert.Throws<UsageException>(() => SplitPlan.Make(rows, ownTest, trainSamples, validation, null));
        Assert.Equal(message, e.Message);
    }

    [Fact]
    public void The_first_rows_train_untouched()
    {
        DatasetSplit<float> split = Split(SplitPlan.Make(12, false, 7, 2, 3));
        Assert.Equal([0, 1, 2, 3, 4, 5, 6], Rows(split.Train));
        Assert.Equal([7, 8], Rows(split.Validation));
        Assert.Equal([9, 10, 11], Rows(split.Test));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(3UL)]
    public void The_parts_are_all_rows_each_once(ulong? seed)
    {
        DatasetSplit<float> split = Split(SplitPlan.Make(12, false, null, 3, seed));
        int[] all = [.. Rows(split.Train), .. Rows(split.Validation), .. Rows(split.Test)];
        Assert.Equal((7, 3, 2), (split.Train.Count, split.Validation.Count, split.Test.Count));
        if (seed is null)
            Assert.Equal(Enumerable.Range(0, 12), all);
        else
            Assert.NotEqual(Enumerable.Range(0, 12), all);
        Assert.Equal(Enumerable.Range(0, 12), all.Order());
    }

    private static DatasetSplit<float> Split(SplitPlan plan)
    {
        float[] samples = [.. Enumerable.Range(0, 12).Select(i => (float)i)];
        var rows = new Dataset<float>("numbers", 1, 1, 1, ["x"], samples, new int[12]);
        return plan.Apply(new LoadedData<float>(new DataRequest(DataOptions.Csv, "numbers.csv", null), rows, null));
    }

    private static int[] Rows(Dataset<float> part)
    {
        var samples = new float[part.Count];
        part.CopyRange(0, part.Count, samples, default);
        return [.. samples.Select(s => (int)s)];
    }
}
