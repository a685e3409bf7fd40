using System.Numerics;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Solvers;
using ProxProp.Engine.Tests.Oracles;
using ProxProp.Engine.Tests.Proximal;
using ProxProp.Engine.Theory;
using ProxProp.Paper.Methods;

namespace ProxProp.Engine.Tests.Paper;

/// <summary>The published recurrence on layers against its loop written out, and against conjugate gradients where they are the same.</summary>
public sealed class PublishedCgTests
{
    private const double FloatTolerance = 2e-3;

    public enum Subject
    {
        MoreRowsThanColumns,
        FewerRowsThanColumns,
        Convolution,
        ConvolutionOfOneFilter,
    }

    public static TheoryData<Subject, int> Cases()
    {
        var cases = new TheoryData<Subject, int>();
        foreach (Subject subject in Enum.GetValues<Subject>())
        {
            foreach (int iterations in (int[])[1, 2, 3, 6])
                cases.Add(subject, iterations);
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Directions_are_those_of_the_published_loop(Subject subject, int iterations)
    {
        foreach (double tauTheta in (double[])[0.05, 20])
        {
            // Where inputs are small, ε matters.
            foreach (double scale in (double[])[1, 0.003])
            {
                Check<double>(subject, iterations, tauTheta, scale, Tolerances.SameIterates);
                Check<float>(subject, iterations, tauTheta, scale, FloatTolerance);
            }
        }
    }

    [Theory]
    [InlineData(Subject.MoreRowsThanColumns)]
    [InlineData(Subject.FewerRowsThanColumns)]
    [InlineData(Subject.ConvolutionOfOneFilter)]
    public void The_first_iteration_is_that_of_conjugate_gradients_and_the_second_is_not(Subject subject)
    {
        using DirectionProbe<double> probe = Probe<double>(subject, 1);
        // The ε of 1e-6 in the denominator is all that differs; curvatures are above 1 here.
        Assert.True(Distance(probe.Compute(new PublishedCgStep<double>(1, 1)).V, probe.Compute(new CgStep<double>(1, 1)).V) < 1e-6);
        Assert.True(Distance(probe.Compute(new PublishedCgStep<double>(2, 1)).V, probe.Compute(new CgStep<double>(2, 1)).V) > 1e-2);
    }

    [Fact]
    public void A_step_can_be_asked_for_again_and_gives_the_same()
    {
        using DirectionProbe<float> probe = Probe<float>(Subject.FewerRowsThanColumns, 1);
        Func<(float[] V, LayerReport Report)> step = probe.Bind(new PublishedCgStep<float>(4, 1));
        Assert.Equal(step().V, step().V);
    }

    private static void Check<T>(Subject subject, int iterations, double tauTheta, double scale, double tolerance)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using DirectionProbe<T> probe = Probe<T>(subject, scale);
        double[,] a = DenseMap.Of<T>(probe.Layer.Proximal, probe.Layer.Training, probe.Input);
        double[,] m = Dense.Shifted(Dense.Product(Dense.Transpose(a), a), 1 / tauTheta);
        var delta = new double[a.GetLength(0), 1];
        for (int i = 0; i < delta.Length; i++)
            delta[i, 0] = double.CreateChecked(probe.Delta[i]);
        double[] g = [.. Dense.Product(Dense.Transpose(a), delta).Cast<double>()];
        double[] expected = PublishedOracle.Solve(m, g, Groups(probe.Layer.Proximal), iterations);
        T[] v = probe.Compute(new PublishedCgStep<T>(iterations, tauTheta)).V;
        double distance = Distance([.. v.Select(double.CreateChecked)], expected);
        Assert.True(distance < tolerance, $"{subject}, {typeof(T).Name}: {distance:E1}");
    }

    private static int[][] Groups<T>(ProximalLayer<T> layer)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        BlockLayout layout = layer.Layout;
        return layer is Conv2d<T>
            ? [[.. Enumerable.Range(0, layout.Count)]]
            : [.. Enumerable.Range(0, layout.Units).Select(u => (int[])[.. Enumerable.Range(u * layout.WeightsPerUnit, layout.WeightsPerUnit), layout.WeightCount + u])];
    }

    private static DirectionProbe<T> Probe<T>(Subject subject, double scale)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => subject switch
        {
            Subject.MoreRowsThanColumns => new(new Linear<T>(4), Shape.Vector(5), 12, scale),
            Subject.FewerRowsThanColumns => new(new Linear<T>(3), Shape.Vector(20), 7, scale),
            Subject.Convolution => new(new Conv2d<T>(3, 3), Shape.Image(2, 6, 6), 2, scale),
            _ => new(new Conv2d<T>(1, 3), Shape.Image(2, 6, 6), 2, scale),
        };

    private static double Distance(double[] x, double[] y) =>
        Math.Sqrt(x.Zip(y, (p, q) => (p - q) * (p - q)).Sum() / y.Sum(q => q * q));
}
