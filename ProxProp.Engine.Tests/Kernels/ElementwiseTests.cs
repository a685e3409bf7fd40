using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Kernels;

/// <summary>Maps and activations: bits, remainders, in place, gradients.</summary>
public sealed class ElementwiseTests
{
    private const int Long = 70_001;

    [Fact]
    public void Activations_give_the_same_bits_on_every_width_and_thread_count()
    {
        Check<float>();
        Check<double>();

        static void Check<T>()
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            T slope = T.CreateChecked(0.01);
            SameBitsOf(default(ReluMap<T>));
            SameBitsOf(new LeakyReluMap<T>(slope));
            SameBitsOf(default(TanhMap<T>));
            SameBitsOf(default(SigmoidMap<T>));
            SameBitsOf(default(GeluMap<T>));
            SameBitsOf2(default(ReluGradient<T>));
            SameBitsOf2(new LeakyReluGradient<T>(slope));
            SameBitsOf2(default(TanhGradient<T>));
            SameBitsOf2(default(SigmoidGradient<T>));
            SameBitsOf2(default(GeluGradient<T>));

            void SameBitsOf<TOp>(TOp op)
                where TOp : struct, IMap<T>
            {
                T[] x = Arrays.WithSpecials<T>(Long, 1);
                SameBits.Everywhere(context =>
                {
                    var y = new T[Long];
                    Elementwise.Map<T, TOp>(context, op, x, y);
                    return y;
                });
            }

            void SameBitsOf2<TOp>(TOp op)
                where TOp : struct, IMap2<T>
            {
                T[] a = Arrays.WithSpecials<T>(Long, 1);
                T[] b = Arrays.Normal<T>(Long, 2);
                SameBits.Everywhere(context =>
                {
                    var y = new T[Long];
                    Elementwise.Map<T, TOp>(context, op, a, b, y);
                    return y;
                });
            }
        }
    }

    [Fact]
    public void Every_remainder_is_written_and_nothing_behind_it()
    {
        foreach (ComputeContext context in Contexts.All())
        {
            using (context)
            {
                for (int n = 0; n <= 40; n++)
                {
                    float[] x = Arrays.Normal<float>(n, n);
                    float[] y = new float[n + 1];
                    Array.Fill(y, float.NaN);
                    Elementwise.Scale(context, 2f, x, y.AsSpan(0, n));
                    for (int i = 0; i < n; i++)
                        Assert.Equal(2 * x[i], y[i]);
                    Assert.True(float.IsNaN(y[n]));
                    Elementwise.Axpy(context, 3f, x, y.AsSpan(0, n));
                    for (int i = 0; i < n; i++)
                        Assert.Equal(float.FusedMultiplyAdd(3, x[i], 2 * x[i]), y[i]);
                    Elementwise.Aypx(context, 3f, x, y.AsSpan(0, n));
                    Elementwise.Copy<float>(context, x, y.AsSpan(0, n));
                    Assert.Equal(x, y[..n]);
                    Elementwise.Fill(context, 7f, y.AsSpan(0, n));
                    Assert.All(y[..n], v => Assert.Equal(7, v));
                    Assert.True(float.IsNaN(y[n]));
                }
            }
        }
    }

    [Fact]
    public void Aypx_adds_x_to_the_scaled_y()
    {
        using var context = new ComputeContext(1);
        double[] y = [1, 2, 3];
        Elementwise.Aypx(context, 10.0, [4.0, 5, 6], y);
        Assert.Equal([14.0, 25, 36], y);
    }

    [Fact]
    public void A_map_may_run_in_place()
    {
        using var context = new ComputeContext(2);
        float[] x = Arrays.Normal<float>(Long, 3);
        float[] apart = new float[Long];
        Elementwise.Map(context, default(TanhMap<float>), x, apart);
        Elementwise.Map(context, default(TanhMap<float>), x, x);
        Assert.Equal(apart, x);
    }

    [Fact]
    public void Relu_passes_nan_and_stops_all_that_is_not_positive()
    {
        using var context = new ComputeContext(1);
        float[] y = new float[5];
        Elementwise.Map<float, ReluMap<float>>(context, default, [float.NaN, -1, -0f, 2, float.NegativeInfinity], y);
        Assert.Equal([float.NaN, 0, 0, 2, 0], y);
        Assert.False(float.IsNegative(y[2]));
    }

    [Fact]
    public void Gradients_agree_with_central_differences()
    {
        const double Slope = 0.2;
        Check(default(ReluMap<double>), default(ReluGradient<double>), ofOutput: true);
        Check(new LeakyReluMap<double>(Slope), new LeakyReluGradient<double>(Slope), ofOutput: true);
        Check(default(TanhMap<double>), default(TanhGradient<double>), ofOutput: true);
        Check(default(SigmoidMap<double>), default(SigmoidGradient<double>), ofOutput: true);
        Check(default(GeluMap<double>), default(GeluGradient<double>), ofOutput: false);

        static void Check<TForward, TBackward>(TForward forward, TBackward backward, bool ofOutput)
            where TForward : struct, IMap<double>
            where TBackward : struct, IMap2<double>
        {
            using var context = new ComputeContext(1);
            const double H = 1e-6;
            double[] x = [.. Enumerable.Range(0, 401).Select(i => ((i - 200) * 0.04) + 0.001)];
            double[] dy = Arrays.Normal<double>(x.Length, 5);
            double[] above = new double[x.Length], below = new double[x.Length], y = new double[x.Length], dx = new double[x.Length];
            Elementwise.Map<double, TForward>(context, forward, [.. x.Select(v => v + H)], above);
            Elementwise.Map<double, TForward>(context, forward, [.. x.Select(v => v - H)], below);
            Elementwise.Map<double, TForward>(context, forward, x, y);
            Elementwise.Map<double, TBackward>(context, backward, ofOutput ? y : x, dy, dx);
            for (int i = 0; i < x.Length; i++)
                Assert.Equal(dy[i] * (above[i] - below[i]) / (2 * H), dx[i], 1e-8);
        }
    }

    [Fact]
    public void Different_lengths_are_refused_by_name()
    {
        using var context = new ComputeContext(1);
        ArgumentException e = Assert.Throws<ArgumentException>(
            () => Elementwise.Map<float, ReluMap<float>>(context, default, new float[3], new float[4]));
        Assert.Equal("y", e.ParamName);
        Assert.Contains("'y' has 4 elements, but x asks for 3", e.Message, StringComparison.Ordinal);
        Assert.Equal("b", Assert.Throws<ArgumentException>(
            () => Elementwise.Map<float, ReluGradient<float>>(context, default, new float[3], new float[4], new float[3])).ParamName);
    }

    [Fact]
    public void Nothing_is_allocated()
    {
        using var context = new ComputeContext(2);
        float[] x = Arrays.Normal<float>(Long, 3);
        float[] y = new float[Long];
        SameBits.AllocatesNothing(() =>
        {
            Elementwise.Map(context, default(GeluMap<float>), x, y);
            Elementwise.Map(context, default(GeluGradient<float>), x, y, y);
            Elementwise.Axpy(context, 0.5f, x, y);
            _ = Reductions.Dot<float>(context, x, y);
        });
    }
}
