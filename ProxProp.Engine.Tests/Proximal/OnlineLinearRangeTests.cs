using System.Numerics;
using ProxProp.Engine.Proximal;

namespace ProxProp.Engine.Tests.Proximal;

/// <summary>Learning sample by sample, whatever the numbers: a sample is learnt or refused by name, and all stays finite.</summary>
public sealed class OnlineLinearRangeTests
{
    [Fact]
    public void Bad_input_is_refused_and_changes_nothing()
    {
        using var online = new OnlineLinear<double>(2, 1, 1);
        online.Learn([1, 2], [3]);
        double[] before = online.Parameters.ToArray();
        Assert.Equal("sample", Assert.Throws<ArgumentException>(() => online.Learn([1], [3])).ParamName);
        Assert.Equal("target", Assert.Throws<ArgumentException>(() => online.Learn([1, 2], [3, 4])).ParamName);
        Assert.Equal("sample", Assert.Throws<ArgumentException>(() => online.Learn([1, double.NaN], [3])).ParamName);
        Assert.Equal("target", Assert.Throws<ArgumentException>(() => online.Learn([1, 2], [double.PositiveInfinity])).ParamName);
        Assert.Equal("outputs", Assert.Throws<ArgumentException>(() => online.Predict([1, 2], new double[2])).ParamName);
        Assert.Throws<ArgumentOutOfRangeException>(() => new OnlineLinear<double>(2, 1, 0));
        RefusesStepSize<float>(1e-42, "Single");
        RefusesStepSize<float>(1e50, "Single");
        RefusesStepSize<double>(1e-310, "Double");
        Assert.Equal(before, online.Parameters.ToArray());
        Assert.Equal(1, online.Samples);
    }

    /// <summary>A sample is learnt or refused by name, whatever its numbers; a refused one leaves no trace.</summary>
    [Fact]
    public void Large_numbers_are_learnt_or_refused()
    {
        using var online = new OnlineLinear<float>(2, 1, 10);
        online.Learn([1, 2], [3]);
        float[] before = online.Parameters.ToArray();
        ArgumentException refused = Assert.Throws<ArgumentException>(() => online.Learn([1e20f, 1], [1]));
        Assert.Equal("sample", refused.ParamName);
        Assert.Contains("too large (up to 1.0000000", refused.Message, StringComparison.Ordinal);
        refused = Assert.Throws<ArgumentException>(() => online.Learn([1, 1], [3e38f]));
        Assert.Equal("target", refused.ParamName);
        Assert.Contains("Target 0 (3E+38)", refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, online.Parameters.ToArray());
        Assert.Equal(1, online.Samples);
        online.Parameters[0] = float.NaN;
        Assert.Equal("target", Assert.Throws<ArgumentException>(() => online.Learn([1, 1], [1])).ParamName);
    }

    /// <summary>Each sample's squares fit, their sum over all samples does not: it is kept as its root.</summary>
    [Fact]
    public void Sums_of_squares_beyond_the_range_are_learnt()
    {
        using var single = new OnlineLinear<float>(2, 1, 10);
        using var twice = new OnlineLinear<double>(2, 1, 10);
        foreach (float[] sample in new float[][] { [1.5e19f, 1], [1, -1.5e19f], [-1.5e19f, 1e19f], [1.2e19f, 1.2e19f], [1, 2] })
        {
            float[] target = [(2 * sample[0]) - sample[1]];
            single.Learn(sample, target);
            twice.Learn([.. sample.Select(x => (double)x)], [target[0]]);
        }

        Assert.Equal(2, twice.Parameters[0], 1e-6);
        Assert.Equal(2, single.Parameters[0], 1e-5);
        Assert.Equal(-1, single.Parameters[1], 1e-5);
    }

    [Fact]
    public void Everything_stays_finite_float() => StaysFinite<float>(-45, 39, -38, 38);

    [Fact]
    public void Everything_stays_finite_double() => StaysFinite<double>(-320, 309, -300, 300);

    private static void StaysFinite<T>(int smallest, int largest, int smallestTau, int largestTau)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int refused = 0, learnt = 0;
        for (int seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            using var online = new OnlineLinear<T>(random.Next(1, 5), 2, Math.Pow(10, random.Next(smallestTau, largestTau)), random.Next(2) == 0);
            for (int i = 0; i < 20; i++)
            {
                T[] sample = Wild(online.Inputs), target = Wild(2);
                try
                {
                    online.Learn(sample, target);
                    learnt++;
                }
                catch (ArgumentException)
                {
                    refused++;
                }

                Assert.All(online.Parameters.ToArray(), p => Assert.True(T.IsFinite(p), $"seed {seed}, sample {i}"));
            }

            T[] Wild(int count) => Array.ConvertAll(
                new T[count], _ => T.CreateTruncating((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(smallest / (1 + (seed % 3)), largest / (1 + (seed % 4))))));
        }

        Assert.InRange(learnt, 1000, 9000);
        Assert.InRange(refused, 1000, 9000);
    }

    private static void RefusesStepSize<T>(double tauTheta, string found)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentOutOfRangeException refused = Assert.Throws<ArgumentOutOfRangeException>(() => new OnlineLinear<T>(2, 1, tauTheta));
        Assert.Equal("tauTheta", refused.ParamName);
        Assert.StartsWith("1/tauTheta must be a positive number in the range of " + found, refused.Message, StringComparison.Ordinal);
    }
}
