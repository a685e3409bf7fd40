using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;
using ProxProp.Engine.Training;
using ProxProp.Paper.Methods;

namespace ProxProp.Engine.Tests.Paper;

/// <summary>Muon against its definition written out, and what its polynomial makes of singular values.</summary>
public sealed class MuonTests
{
    private const double Momentum = 0.95, Rate = 0.02, AdamScale = 0.2;
    private const int Inputs = 7, Hidden = 5, Classes = 3;

    [Fact]
    public void Updates_are_those_of_the_definition()
    {
        double[] theta = Run(steps: 4), expected = Literal(steps: 4);
        for (int i = 0; i < theta.Length; i++)
            Assert.Equal(expected[i], theta[i], 1e-10);
    }

    [Fact]
    public void The_update_has_the_singular_values_that_the_polynomial_gives_and_they_are_near_one()
    {
        double[] theta = Run(steps: 1), start = Start();
        double scale = Rate * AdamScale * Math.Sqrt(Math.Max(Hidden, Inputs));
        double[,] update = Matrix([.. theta.Zip(start, (now, before) => (before - now) / scale)], Hidden, Inputs);
        double[,] direction = Matrix(Direction(1), Hidden, Inputs);
        double norm = Math.Sqrt(direction.Cast<double>().Sum(x => x * x));
        double[] given = [.. SingularValues(direction).Select(s => Iterate(s / norm)).Order()];
        double[] found = [.. SingularValues(update).Order()];
        for (int i = 0; i < found.Length; i++)
            Assert.Equal(given[i], found[i], 1e-8);

        // Five steps take every value of [0.02, 1] to where the polynomial's own range is, computed here.
        double[] range = [.. Enumerable.Range(20, 981).Select(i => Iterate(i / 1000.0))];
        Assert.InRange(range.Min(), 0.6, 1);
        Assert.InRange(range.Max(), 1, 1.3);
        Assert.All(found, s => Assert.InRange(s, range.Min(), range.Max()));
    }

    [Fact]
    public void Frozen_layers_are_refused()
    {
        using var compute = new ComputeContext(1);
        using var network = new Network<double>(Shape.Vector(4), [new Linear<double>(3), new Linear<double>(2)], 2, compute: compute) { FrozenLayers = 1 };
        Assert.Contains("1 are frozen", Assert.Throws<ArgumentException>(() => new Muon<double>(network)).Message, StringComparison.Ordinal);
    }

    private static double[] Run(int steps)
    {
        using var compute = new ComputeContext(1);
        using var network = new Network<double>(
            Shape.Vector(Inputs), [new Linear<double>(Hidden), new Relu<double>(), new Linear<double>(Classes)], 2, compute: compute);
        using var arena = new Arena();
        var muon = new Muon<double>(network, Momentum);
        double[] theta = Start();
        muon.Plan(arena, theta.Length);
        arena.Commit();
        for (int step = 1; step <= steps; step++)
            muon.Update(compute, theta, Direction(step), Rate);
        return theta;
    }

    private static double[] Start() => Values.Uniform<double>(((Inputs + 1) * Hidden) + ((Hidden + 1) * Classes), 1);

    private static double[] Direction(int step) => Values.Uniform<double>(Start().Length, 10 + step);

    private static double[] Literal(int steps)
    {
        double[] theta = Start(), m = new double[theta.Length], v = new double[theta.Length];
        const int WeightCount = Inputs * Hidden;
        for (int step = 1; step <= steps; step++)
        {
            double[] g = Direction(step);
            var u = new double[WeightCount];
            for (int i = 0; i < WeightCount; i++)
            {
                m[i] = (Momentum * m[i]) + g[i];
                u[i] = g[i] + (Momentum * m[i]);
            }

            double norm = Math.Sqrt(u.Sum(x => x * x));
            double[,] x = Matrix([.. u.Select(e => e / norm)], Hidden, Inputs);
            for (int k = 0; k < 5; k++)
            {
                double[,] a = Dense.Product(x, Dense.Transpose(x));
                double[,] next = Dense.Product(Sum(-4.7750, a, 2.0315, Dense.Product(a, a)), x);
                x = Sum(3.4445, x, 1, next);
            }

            double[] o = [.. x.Cast<double>()];
            for (int i = 0; i < WeightCount; i++)
                theta[i] -= Rate * AdamScale * Math.Sqrt(Math.Max(Hidden, Inputs)) * o[i];
            for (int i = WeightCount; i < theta.Length; i++)
            {
                m[i] = (0.9 * m[i]) + (0.1 * g[i]);
                v[i] = (0.999 * v[i]) + (0.001 * g[i] * g[i]);
                theta[i] -= Rate * (m[i] / (1 - Math.Pow(0.9, step))) / (Math.Sqrt(v[i] / (1 - Math.Pow(0.999, step))) + 1e-8);
            }
        }

        return theta;
    }

    private static double Iterate(double s)
    {
        for (int k = 0; k < 5; k++)
            s = (3.4445 * s) - (4.7750 * Math.Pow(s, 3)) + (2.0315 * Math.Pow(s, 5));
        return s;
    }

    private static IEnumerable<double> SingularValues(double[,] x) => SymmetricEigenvalues.Of(Dense.Product(x, Dense.Transpose(x))).Select(Math.Sqrt);

    private static double[,] Sum(double a, double[,] x, double b, double[,] y)
    {
        var sum = new double[x.GetLength(0), x.GetLength(1)];
        for (int i = 0; i < sum.GetLength(0); i++)
        {
            for (int j = 0; j < sum.GetLength(1); j++)
                sum[i, j] = (a * x[i, j]) + (b * y[i, j]);
        }

        return sum;
    }

    private static double[,] Matrix(double[] values, int rows, int columns)
    {
        var matrix = new double[rows, columns];
        Buffer.BlockCopy(values, 0, matrix, 0, sizeof(double) * rows * columns);
        return matrix;
    }
}
