using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Optimizers;

/// <summary>Every optimizer against PyTorch's update, written out element by element in double.</summary>
public sealed class OptimizerTests
{
    private const int Count = 1003;
    private const int Steps = 12;

    public static TheoryData<string, double> Optimizers()
    {
        var data = new TheoryData<string, double>();
        foreach (string name in (string[])["sgd", "momentum", "nesterov", "adam", "adamw"])
        {
            data.Add(name, 0);
            data.Add(name, 0.03);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Optimizers))]
    public void Updates_are_pytorchs(string name, double decay)
    {
        Check<double>(name, decay, 1e-13);
        Check<float>(name, decay, 1e-5);
    }

    [Fact]
    public void State_can_be_saved_and_restored()
    {
        using var compute = new ComputeContext(1);
        foreach (string name in (string[])["momentum", "nesterov", "adam"])
        {
            (Optimizer<float> first, Arena firstArena) = Planned<float>(name, 0);
            (Optimizer<float> second, Arena secondArena) = Planned<float>(name, 0);
            float[] theta = Values.Uniform<float>(Count, 1), v = Values.Uniform<float>(Count, 2);
            for (int i = 0; i < 3; i++)
                first.Update(compute, theta, v, 0.1);
            foreach (string state in first.StateNames)
                first.State(state).CopyTo(second.State(state));
            second.Updates = first.Updates;
            float[] copy = [.. theta];
            first.Update(compute, theta, v, 0.1);
            second.Update(compute, copy, v, 0.1);
            Assert.Equal(theta, copy);
            Assert.Contains($"'speed'", Assert.Throws<ArgumentException>(() => first.State("speed").Length).Message, StringComparison.Ordinal);
            firstArena.Dispose();
            secondArena.Dispose();
        }
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1)]
    [InlineData(double.NaN)]
    public void Fractions_out_of_range_are_refused(double value)
    {
        Assert.Equal("momentum", Assert.Throws<ArgumentOutOfRangeException>(() => new Sgd<float>(MomentumKind.Nesterov, value)).ParamName);
        Assert.Equal("beta1", Assert.Throws<ArgumentOutOfRangeException>(() => new Adam<float>(value)).ParamName);
        Assert.Equal("beta2", Assert.Throws<ArgumentOutOfRangeException>(() => new Adam<float>(beta2: value)).ParamName);
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NaN)]
    public void Sizes_out_of_range_are_refused(double value)
    {
        Assert.Equal("weightDecay", Assert.Throws<ArgumentOutOfRangeException>(() => new Sgd<float>(weightDecay: value)).ParamName);
        Assert.Equal("weightDecay", Assert.Throws<ArgumentOutOfRangeException>(() => new Adam<float>(weightDecay: value)).ParamName);
        Assert.Equal("epsilon", Assert.Throws<ArgumentOutOfRangeException>(() => new Adam<float>(epsilon: value)).ParamName);
        using var compute = new ComputeContext(1);
        Assert.Equal(
            "learningRate", Assert.Throws<ArgumentOutOfRangeException>(() => new Sgd<float>().Update(compute, new float[3], new float[3], value)).ParamName);
    }

    [Theory]
    [InlineData(false, null, 0)]
    [InlineData(true, null, 0.01)]
    [InlineData(false, 0.25, 0.25)]
    [InlineData(true, 0.0, 0)]
    public void Weight_decay_is_pytorchs_unless_given(bool decoupled, double? given, double expected)
    {
        using var compute = new ComputeContext(1);
        using var arena = new Arena();
        var optimizer = new Adam<double>(weightDecay: given, decoupled: decoupled);
        Assert.Equal(expected, optimizer.WeightDecay);
        Assert.Equal(0, new Sgd<double>().WeightDecay);
        optimizer.Plan(arena, 1);
        arena.Commit();

        // Where there is no direction, only decay moves θ: by a part of it with AdamW, by a whole step with Adam's penalty.
        double[] theta = [2];
        optimizer.Update(compute, theta, new double[1], 0.5);
        Assert.Equal(decoupled ? 2 * (1 - (0.5 * expected)) : expected == 0 ? 2 : 1.5, theta[0], 1e-6);
    }

    [Fact]
    public void Stateful_optimizers_belong_to_one_training_step()
    {
        (Optimizer<float> optimizer, Arena arena) = Planned<float>("adam", 0);
        using var other = new Arena();
        Assert.Contains("belongs to a training step", Assert.Throws<InvalidOperationException>(() => optimizer.Plan(other, 3)).Message, StringComparison.Ordinal);
        arena.Dispose();
    }

    private static void Check<T>(string name, double decay, double tolerance)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var compute = new ComputeContext(2);
        (Optimizer<T> optimizer, Arena arena) = Planned<T>(name, decay);
        T[] theta = Values.Uniform<T>(Count, 1);
        double[] expected = [.. theta.Select(double.CreateChecked)], first = new double[Count], second = new double[Count];
        for (int step = 1; step <= Steps; step++)
        {
            T[] v = Values.Uniform<T>(Count, 10 + step);
            double rate = 0.1 / step;
            optimizer.Update(compute, theta, v, rate);
            Assert.Equal(step, optimizer.Updates);
            for (int i = 0; i < Count; i++)
                expected[i] = Next(name, expected[i], double.CreateChecked(v[i]), ref first[i], ref second[i], step, rate, decay);
        }

        Assert.Equal(name, optimizer.Name);
        Assert.True(Dense.WorstError<double>([.. theta.Select(double.CreateChecked)], expected) < tolerance);
        arena.Dispose();
    }

    private static double Next(string name, double theta, double g, ref double m, ref double s, int step, double rate, double decay)
    {
        switch (name)
        {
            case "sgd":
                return theta - (rate * (g + (decay * theta)));
            case "momentum":
                g += decay * theta;
                m = step == 1 ? g : (0.9 * m) + g;
                return theta - (rate * m);
            case "nesterov":
                g += decay * theta;
                m = step == 1 ? g : (0.9 * m) + g;
                return theta - (rate * (g + (0.9 * m)));
            default:
                if (name == "adam")
                    g += decay * theta;
                else
                    theta -= rate * decay * theta;
                m = (0.8 * m) + (0.2 * g);
                s = (0.95 * s) + (0.05 * g * g);
                double correctedM = m / (1 - Math.Pow(0.8, step)), correctedS = s / (1 - Math.Pow(0.95, step));
                return theta - (rate * correctedM / (Math.Sqrt(correctedS) + 1e-8));
        }
    }

    private static (Optimizer<T> Optimizer, Arena Arena) Planned<T>(string name, double decay)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Optimizer<T> optimizer = name switch
        {
            "sgd" => new Sgd<T>(weightDecay: decay),
            "momentum" => new Sgd<T>(MomentumKind.HeavyBall, 0.9, decay),
            "nesterov" => new Sgd<T>(MomentumKind.Nesterov, 0.9, decay),
            _ => new Adam<T>(0.8, 0.95, weightDecay: decay, decoupled: name == "adamw"),
        };
        var arena = new Arena();
        optimizer.Plan(arena, Count);
        arena.Commit();
        return (optimizer, arena);
    }
}
