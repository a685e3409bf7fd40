using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Kernels;

/// <summary>Optimizer updates against the formulas of torch.optim, written out per element in double.</summary>
public sealed class OptimizerUpdatesTests
{
    private const int Steps = 5;
    private const double Rate = 0.05;
    private const double Mu = 0.9;
    private const double Decay = 0.01;

    public static TheoryData<string> Optimizers() => ["sgd", "momentum", "nesterov", "adam", "adamw"];

    [Theory]
    [MemberData(nameof(Optimizers))]
    public void Five_steps_agree_with_the_formula(string optimizer)
    {
        double[] expected = Reference(optimizer, 37);
        using var context = new ComputeContext(1);
        double[] found = Kernel<double>(context, optimizer, 37);
        float[] single = Kernel<float>(context, optimizer, 37);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], found[i], 1e-14);
            Assert.Equal(expected[i], single[i], 1e-5);
        }
    }

    [Theory]
    [MemberData(nameof(Optimizers))]
    public void The_same_bits_everywhere(string optimizer)
    {
        SameBits.Everywhere(context => Kernel<float>(context, optimizer, 70_001));
        SameBits.Everywhere(context => Kernel<double>(context, optimizer, 70_001));
    }

    [Theory]
    [MemberData(nameof(Optimizers))]
    public void A_stream_that_is_fetched_ahead_gives_the_same_bits(string optimizer)
    {
        using var context = new ComputeContext(1);
        const int Near = 10_001, Far = 270_001;
        Assert.Equal(Kernel<float>(context, optimizer, Near), Kernel<float>(context, optimizer, Far)[..Near]);
        Assert.Equal(Kernel<double>(context, optimizer, Near), Kernel<double>(context, optimizer, Far)[..Near]);
    }

    [Theory]
    [InlineData("momentum")]
    [InlineData("nesterov")]
    [InlineData("adam")]
    public void What_gets_nothing_more_decays_to_zero_and_not_to_subnormal_numbers(string optimizer)
    {
        SameBits.Everywhere(context => Decayed(context, optimizer, smallest: float.ScaleB(1, -126)));
        SameBits.Everywhere(context => Decayed(context, optimizer, smallest: double.ScaleB(1, -1022)));
    }

    [Fact]
    public void Nothing_is_allocated_and_bad_arguments_are_named()
    {
        using var context = new ComputeContext(2);
        float[] theta = new float[70_001], v = new float[70_001], m = new float[70_001], s = new float[70_001];
        SameBits.AllocatesNothing(() =>
        {
            OptimizerUpdates.Sgd<float>(context, theta, v, 0.1);
            OptimizerUpdates.Nesterov<float>(context, theta, v, m, 0.1, 0.9);
            OptimizerUpdates.Adam<float>(context, theta, v, m, s, 1, new AdamParameters(0.1));
        });
        Assert.Equal("step", Assert.Throws<ArgumentOutOfRangeException>(
            () => OptimizerUpdates.Adam<float>(context, theta, v, m, s, 0, new AdamParameters(0.1))).ParamName);
        Assert.Equal("buffer", Assert.Throws<ArgumentException>(
            () => OptimizerUpdates.Momentum<float>(context, theta, v, new float[2], 0.1, 0.9)).ParamName);
    }

    // One step without a gradient, from numbers that stay normal, become subnormal or are NaN.
    private static T[] Decayed<T>(ComputeContext context, string optimizer, T smallest)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        const int Length = 39;
        const double Left = 0.5;
        T[] theta = new T[Length], v = new T[Length], m = new T[Length], s = new T[Length];
        T two = T.One + T.One;
        T[] before = [smallest, two * smallest, -smallest, -two * smallest, T.NaN, T.One];
        T[] after = [T.Zero, smallest, T.Zero, -smallest, T.NaN, T.One / two];
        for (int i = 0; i < Length; i++)
        {
            m[i] = before[i % before.Length];
            s[i] = T.Abs(m[i]);
        }

        if (optimizer == "adam")
            OptimizerUpdates.Adam<T>(context, theta, v, m, s, 1, new AdamParameters(Rate, Left, Left));
        else if (optimizer == "momentum")
            OptimizerUpdates.Momentum<T>(context, theta, v, m, Rate, Left);
        else
            OptimizerUpdates.Nesterov<T>(context, theta, v, m, Rate, Left);
        for (int i = 0; i < Length; i++)
        {
            Assert.Equal(after[i % after.Length], m[i]);
            if (optimizer == "adam")
                Assert.Equal(T.Abs(after[i % after.Length]), s[i]);
        }

        return m;
    }

    private static T[] Kernel<T>(ComputeContext context, string optimizer, int n)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] theta = Arrays.Normal<T>(n, 1), m = new T[n], s = new T[n];
        for (int t = 1; t <= Steps; t++)
        {
            T[] v = Arrays.Normal<T>(n, t + 1);
            switch (optimizer)
            {
                case "sgd":
                    OptimizerUpdates.Sgd<T>(context, theta, v, Rate, Decay);
                    break;
                case "momentum":
                    OptimizerUpdates.Momentum<T>(context, theta, v, m, Rate, Mu, Decay);
                    break;
                case "nesterov":
                    OptimizerUpdates.Nesterov<T>(context, theta, v, m, Rate, Mu, Decay);
                    break;
                default:
                    var parameters = new AdamParameters(Rate, WeightDecay: Decay, DecoupledWeightDecay: optimizer == "adamw");
                    OptimizerUpdates.Adam<T>(context, theta, v, m, s, t, parameters);
                    break;
            }
        }

        return theta;
    }

    private static double[] Reference(string optimizer, int n)
    {
        double[] theta = Arrays.Normal<double>(n, 1), m = new double[n], s = new double[n];
        for (int t = 1; t <= Steps; t++)
        {
            double[] direction = Arrays.Normal<double>(n, t + 1);
            for (int i = 0; i < n; i++)
            {
                double v = direction[i] + (optimizer == "adamw" ? 0 : Decay * theta[i]);
                switch (optimizer)
                {
                    case "sgd":
                        theta[i] -= Rate * v;
                        break;
                    case "momentum" or "nesterov":
                        m[i] = t == 1 ? v : (Mu * m[i]) + v;
                        theta[i] -= Rate * (optimizer == "nesterov" ? v + (Mu * m[i]) : m[i]);
                        break;
                    default:
                        if (optimizer == "adamw")
                            theta[i] -= Rate * Decay * theta[i];
                        m[i] = (0.9 * m[i]) + (0.1 * v);
                        s[i] = (0.999 * s[i]) + (0.001 * v * v);
                        double mHat = m[i] / (1 - Math.Pow(0.9, t)), sHat = s[i] / (1 - Math.Pow(0.999, t));
                        theta[i] -= Rate * mHat / (Math.Sqrt(sHat) + 1e-8);
                        break;
                }
            }
        }

        return theta;
    }
}
