using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Simd;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Kernels;

/// <summary>
/// Elementary functions in ulp. Float: against double, over all bit patterns in steps of a prime. Double: against the runtime's Math, whose own
/// error of up to 1 ulp adds to ours, and GELU against a table to 60 digits.
/// </summary>
public sealed class VectorMathTests
{
    private const uint SingleStep = 4999;
    private const ulong DoubleStep = 0x0000_3FFF_FFFF_F1C3;

    [Fact]
    public void Exp_is_within_its_ulp()
    {
        Sweep<float, Exp<float>>(Math.Exp, 1.2);
        Sweep<double, Exp<double>>(Math.Exp, 2);
    }

    [Fact]
    public void Log_is_within_its_ulp()
    {
        Sweep<float, Log<float>>(Math.Log, 1);
        Sweep<double, Log<double>>(Math.Log, 2);
    }

    [Fact]
    public void Tanh_is_within_two_ulp()
    {
        Sweep<float, TanhMap<float>>(Math.Tanh, 2);
        Sweep<double, TanhMap<double>>(Math.Tanh, 2);
    }

    [Fact]
    public void Sigmoid_is_within_its_ulp()
    {
        Sweep<float, SigmoidMap<float>>(Logistic, 2.5);
        // The reference is two roundings and an exponential away from the truth itself.
        Sweep<double, SigmoidMap<double>>(Logistic, 4);

        static double Logistic(double x) => x < 0 ? Math.Exp(x) / (1 + Math.Exp(x)) : 1 / (1 + Math.Exp(-x));
    }

    [Fact]
    public void Gelu_in_double_is_within_two_ulp_of_the_table()
    {
        foreach ((double x, double value, double derivative) in GeluOracle.Points)
        {
            double found = Evaluate(default(GeluMap<double>), x);
            Assert.True(Ulps.Error(found, value) <= 2, $"{found:R} instead of {value:R} at {x:R}: {Ulps.Error(found, value)} ulp.");
            double slope = One(Evaluate<double, GeluGradient<double>>(default, [x], [1.0]));
            Assert.True(Math.Abs(slope - derivative) <= 4 * Math.ScaleB(1, -52), $"{slope:R} instead of {derivative:R} at {x:R}.");
        }
    }

    [Fact]
    public void Gelu_in_float_is_within_two_ulp_of_double() =>
        Sweep<float, GeluMap<float>>(x => Evaluate(default(GeluMap<double>), x), 2);

    [Theory]
    [InlineData(0.0, 0.0)]
    [InlineData(double.PositiveInfinity, double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity, -0.0)]
    [InlineData(double.NaN, double.NaN)]
    public void Gelu_of_special_values(double x, double expected)
    {
        Assert.Equal(expected, Evaluate(default(GeluMap<double>), x));
        Assert.Equal((float)expected, Evaluate(default(GeluMap<float>), (float)x));
    }

    [Fact]
    public void Tanh_is_odd_to_the_bit_and_keeps_the_sign_of_zero()
    {
        for (double x = 1e-9; x < 100; x *= 1.37)
            Assert.Equal(Evaluate(default(TanhMap<double>), x), -Evaluate(default(TanhMap<double>), -x));
        Assert.True(double.IsNegative(Evaluate(default(TanhMap<double>), -0.0)));
    }

    private static void Sweep<T, TOp>(Func<double, double> reference, double limit)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TOp : struct, IMap<T>
    {
        const int Block = 4096;
        using var context = new ComputeContext(1);
        var x = new T[Block];
        var y = new T[Block];
        ulong bits = 0;
        ulong last = typeof(T) == typeof(float) ? uint.MaxValue : ulong.MaxValue;
        ulong step = typeof(T) == typeof(float) ? SingleStep : DoubleStep;
        bool more = true;
        while (more)
        {
            int count = 0;
            for (; count < Block && more; count++)
            {
                x[count] = typeof(T) == typeof(float) ? Unsafe.BitCast<uint, T>((uint)bits) : Unsafe.BitCast<ulong, T>(bits);
                more = last - bits >= step;
                bits += step;
            }

            Elementwise.Map<T, TOp>(context, default, x.AsSpan(0, count), y.AsSpan(0, count));
            for (int i = 0; i < count; i++)
            {
                double wanted = reference(double.CreateTruncating(x[i]));
                double error = Ulps.Error(y[i], wanted);
                if (!(error <= limit))
                    Assert.Fail($"{typeof(TOp).Name}({x[i]:R}) is {y[i]:R} instead of {wanted:R}: {error} ulp.");
            }
        }
    }

    private static T One<T>(T[] values) => Assert.Single(values);

    private static T Evaluate<T, TOp>(TOp op, T x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TOp : struct, IMap<T>
    {
        unsafe
        {
            T y;
            Scalar<T>.Store(op.Invoke(Scalar<T>.Broadcast(x)), &y);
            return y;
        }
    }

    private static T[] Evaluate<T, TOp>(TOp op, T[] a, T[] b)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TOp : struct, IMap2<T>
    {
        using var context = new ComputeContext(1);
        var y = new T[a.Length];
        Elementwise.Map<T, TOp>(context, op, a, b, y);
        return y;
    }

    private readonly struct Exp<T> : IMap<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public TVector Invoke<TVector>(TVector x)
            where TVector : unmanaged, ISimd<TVector, T> => VectorMath.Exp<TVector, T>(x);
    }

    private readonly struct Log<T> : IMap<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public TVector Invoke<TVector>(TVector x)
            where TVector : unmanaged, ISimd<TVector, T> => VectorMath.Log<TVector, T>(x);
    }
}
