using ProxProp.Engine.Data;
using ProxProp.Engine.Randomness;

namespace ProxProp.Engine.Tests.Data;

public sealed class DatasetTests
{
    /// <summary>Row i holds i·10 and i·10 + 1, its label is i mod 3.</summary>
    private static Dataset<double> Numbers(int count)
    {
        double[] samples = [.. Enumerable.Range(0, count).SelectMany(i => new[] { i * 10.0, (i * 10.0) + 1 })];
        return new Dataset<double>("numbers", 1, 1, 2, ["a", "b", "c"], samples, [.. Enumerable.Range(0, count).Select(i => i % 3)]);
    }

    /// <summary>Rows by their first number divided by ten.</summary>
    private static int[] Rows(Dataset<double> dataset)
    {
        double[] samples = new double[dataset.Count * 2];
        int[] labels = new int[dataset.Count];
        dataset.CopyRange(0, dataset.Count, samples, labels);
        Assert.Equal(labels, dataset.Labels.ToArray());
        int[] rows = [.. samples.Where((_, i) => i % 2 == 0).Select(x => (int)(x / 10))];
        Assert.Equal(rows.Select(row => (row * 10.0) + 1), samples.Where((_, i) => i % 2 == 1));
        Assert.Equal(rows.Select(row => row % 3), labels);
        return rows;
    }

    [Fact]
    public void Batches_gather_rows_in_any_order()
    {
        double[] samples = [-1, -1, -1, -1, -1, -1, -1];
        int[] labels = [-1, -1, -1, -1];
        Numbers(9).CopyBatch([8, 0, 8], samples, labels);
        Assert.Equal([80, 81, 0, 1, 80, 81, -1], samples);
        Assert.Equal([2, 0, 2, -1], labels);
    }

    [Fact]
    public void Slices_and_splits_are_the_rows_they_say()
    {
        Dataset<double> numbers = Numbers(10);
        Assert.Equal([3, 4, 5], Rows(numbers.Slice(2, 5).Slice(1, 3)));
        Assert.Equal([0, 1], Rows(numbers.Take(2)));
        Assert.Empty(Rows(numbers.Slice(10, 0)));
        DatasetSplit<double> split = numbers.Split(2, 3);
        Assert.Equal([0, 1, 2, 3, 4], Rows(split.Train));
        Assert.Equal([5, 6], Rows(split.Validation));
        Assert.Equal([7, 8, 9], Rows(split.Test));
    }

    [Fact]
    public void A_seeded_split_is_the_generators_shuffle()
    {
        DatasetSplit<double> split = Numbers(10).Split(2, 3, seed: 42);
        Assert.Equal([5, 3, 1, 0, 9], Rows(split.Train));
        Assert.Equal([6, 4], Rows(split.Validation));
        Assert.Equal([7, 2, 8], Rows(split.Test));
        Assert.Equal([3, 1], Rows(split.Train.Slice(1, 2)));
        Assert.Equal([15, 13, 11, 10, 19, 16, 14, 17, 12, 18], Concat(Numbers(30).Slice(10, 10).Split(2, 3, seed: 42)));

        // A split of a shuffled part picks among that part's rows only.
        Assert.Equal(Rows(split.Train).Order(), Concat(split.Train.Split(1, 1, seed: 7)).Order());

        static int[] Concat(DatasetSplit<double> split) => [.. Rows(split.Train), .. Rows(split.Validation), .. Rows(split.Test)];
    }

    [Fact]
    public void Bytes_become_their_share_of_the_maximum()
    {
        byte[] pixels = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];
        Dataset<float> single = new("pixels", 1, 16, 16, ["a"], pixels, 255, [0]);
        Dataset<double> twice = new("pixels", 1, 16, 16, ["a"], pixels, 255, [0]);
        float[] f = new float[256];
        double[] d = new double[256];
        single.CopyRange(0, 1, f, []);
        twice.CopyBatch([0], d, []);
        Assert.Equal(pixels.Select(pixel => pixel / 255f), f);
        Assert.Equal(pixels.Select(pixel => pixel / 255.0), d);
    }

    [Fact]
    public void Wrong_arguments_are_refused()
    {
        Dataset<double> numbers = Numbers(4);
        double[] samples = new double[8];
        Assert.Throws<ArgumentOutOfRangeException>(() => numbers.CopyBatch([4], samples, []));
        Assert.Throws<ArgumentOutOfRangeException>(() => numbers.CopyBatch([-1], samples, []));
        Assert.Throws<ArgumentException>(() => numbers.CopyBatch([0, 1], samples.AsSpan(0, 3), []));
        Assert.Throws<ArgumentException>(() => numbers.CopyBatch([0, 1], samples, new int[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => numbers.CopyRange(3, 2, samples, []));
        Assert.Throws<ArgumentOutOfRangeException>(() => numbers.CopyRange(int.MaxValue, int.MaxValue, samples, []));
        Assert.Throws<ArgumentOutOfRangeException>(() => numbers.Slice(-1, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => numbers.Take(5));
        Assert.Throws<ArgumentOutOfRangeException>(() => numbers.Split(2, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => numbers.Split(int.MaxValue, int.MaxValue));
        Assert.Contains("The label of row 1 is 3; expected 0 to 2.", Refused([1, 2, 3, 4], [0, 3]));
        Assert.Contains("Feature 1 of row 1 is NaN; expected a finite number.", Refused([1, 2, 3, double.NaN], [0, 1]));
        Assert.Contains("3 elements; 2 labels and samples of 1x1x2 need 4.", Refused([1, 2, 3], [0, 1]));

        static string Refused(double[] samples, int[] labels) =>
            Assert.Throws<ArgumentException>(() => new Dataset<double>("x", 1, 1, 2, ["a", "b", "c"], samples, labels)).Message;
    }

    [Fact]
    public void Many_threads_may_read()
    {
        Dataset<float> digits = Digits.Load<float>();
        float[] expected = new float[digits.Count * digits.Features];
        digits.CopyRange(0, digits.Count, expected, []);
        System.Threading.Tasks.Parallel.For(0, 8, seed =>
        {
            BatchPlan plan = new(digits.Count, 50, new Generator((ulong)seed));
            plan.StartEpoch();
            float[] samples = new float[50 * digits.Features];
            for (int i = 0; i < plan.Count; i++)
            {
                digits.CopyBatch(plan[i], samples, []);
                for (int row = 0; row < plan[i].Length; row++)
                    Assert.True(expected.AsSpan(plan[i][row] * 64, 64).SequenceEqual(samples.AsSpan(row * 64, 64)));
            }
        });
    }
}
