using ProxProp.Engine.Kernels;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Kernels;

/// <summary>Dropout: its pattern, its statistics, its bits.</summary>
public sealed class DropoutTests
{
    [Fact]
    public void The_kernel_keeps_what_the_pattern_says_in_float_and_double()
    {
        var pattern = new DropoutPattern(0.7, 5, 3);
        using var context = new ComputeContext(1);
        for (int n = 0; n <= 40; n++)
        {
            float[] x = Arrays.Normal<float>(n, 1), y = new float[n];
            double[] dx = Arrays.Normal<double>(n, 1), dy = new double[n];
            Dropout.Forward<float>(context, pattern, x, y);
            Dropout.Backward<double>(context, pattern, dx, dy);
            for (int i = 0; i < n; i++)
            {
                Assert.Equal(pattern.Keeps(i) ? x[i] * (float)(1 / 0.7) : 0, y[i]);
                Assert.Equal(pattern.Keeps(i) ? dx[i] * (1 / 0.7) : 0, dy[i]);
            }
        }
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(0.5)]
    [InlineData(0.9)]
    public void Kept_shares_and_neighbouring_pairs_lie_within_five_standard_deviations(double keep)
    {
        const int N = 200_000;
        for (ulong step = 0; step < 8; step++)
        {
            var pattern = new DropoutPattern(keep, 1, step);
            var next = new DropoutPattern(keep, 1, step + 1);
            bool[] kept = [.. Enumerable.Range(0, N + 1).Select(pattern.Keeps)];
            Within(kept.Take(N).Count(k => k), keep);
            Within(Enumerable.Range(0, N).Count(i => kept[i] && kept[i + 1]), keep * keep);
            Within(Enumerable.Range(0, N).Count(i => kept[i] && next.Keeps(i)), keep * keep);
        }

        static void Within(int count, double p) => Assert.InRange((count - (N * p)) / Math.Sqrt(N * p), -5, 5);
    }

    [Fact]
    public void The_same_bits_everywhere_and_nothing_allocated()
    {
        float[] x = Arrays.Normal<float>(70_001, 1);
        SameBits.Everywhere(context =>
        {
            float[] y = new float[x.Length];
            var pattern = new DropoutPattern(0.5, 9, 2);
            SameBits.AllocatesNothing(() => Dropout.Forward<float>(context, pattern, x, y));
            return y;
        });
    }

    [Fact]
    public void Keeping_everything_changes_nothing()
    {
        using var context = new ComputeContext(1);
        double[] x = Arrays.Normal<double>(1000, 1), y = new double[1000];
        Dropout.Forward<double>(context, new DropoutPattern(1, 1, 1), x, y);
        Assert.Equal(x, y);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-0.1)]
    [InlineData(1.01)]
    [InlineData(double.NaN)]
    public void An_impossible_probability_is_refused(double keep) =>
        Assert.Equal("keepProbability", Assert.Throws<ArgumentOutOfRangeException>(() => new DropoutPattern(keep, 1, 1)).ParamName);
}
