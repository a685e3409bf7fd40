using ProxProp.Engine.Kernels;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Kernels;

/// <summary>Batch normalisation against its definition and central differences.</summary>
public sealed class BatchNormalizationTests
{
    private const double Epsilon = 1e-5;

    [Theory]
    [InlineData(5, 3, 1)]
    [InlineData(600, 70, 1)]
    [InlineData(4, 3, 49)]
    [InlineData(1, 2, 17)]
    public void Forward_agrees_with_its_definition(int batch, int channels, int positions)
    {
        var shape = new ChannelShape(batch, channels, positions);
        var run = new Run<double>(shape);
        using var context = new ComputeContext(1);
        run.Forward(context);
        double[] evaluated = new double[shape.Length];
        BatchNormalization.ForwardEvaluation<double>(context, shape, run.X, run.Gamma, run.Beta, run.RunningMean, run.RunningVariance, evaluated);
        for (int c = 0; c < channels; c++)
        {
            double[] x = [.. Enumerable.Range(0, shape.Length).Where(i => i / positions % channels == c).Select(i => run.X[i])];
            double mean = x.Average(), variance = x.Average(v => (v - mean) * (v - mean));
            Assert.Equal(0.9 * 1 + 0.1 * mean, run.RunningMean[c], 1e-13);
            Assert.Equal(0.9 * 2 + 0.1 * variance * x.Length / (x.Length - 1), run.RunningVariance[c], 1e-13);
            for (int i = 0; i < shape.Length; i++)
            {
                if (i / positions % channels != c)
                    continue;
                Assert.Equal((run.Gamma[c] * (run.X[i] - mean) / Math.Sqrt(variance + Epsilon)) + run.Beta[c], run.Y[i], 1e-12);
                double scale = run.Gamma[c] / Math.Sqrt(run.RunningVariance[c] + Epsilon);
                Assert.Equal((scale * (run.X[i] - run.RunningMean[c])) + run.Beta[c], evaluated[i], 1e-12);
            }
        }
    }

    [Theory]
    [InlineData(6, 3, 1)]
    [InlineData(3, 2, 5)]
    public void Gradients_agree_with_central_differences(int batch, int channels, int positions)
    {
        var run = new Run<double>(new ChannelShape(batch, channels, positions));
        using var context = new ComputeContext(1);
        run.Forward(context);
        run.Backward(context);
        double[] dx = [.. run.Dx], dGamma = [.. run.DGamma], dBeta = [.. run.DBeta];
        Compare(run.X, dx);
        Compare(run.Gamma, dGamma);
        Compare(run.Beta, dBeta);

        void Compare(double[] variable, double[] gradient)
        {
            const double H = 1e-5;
            for (int i = 0; i < variable.Length; i++)
            {
                double kept = variable[i];
                variable[i] = kept + H;
                double above = Objective();
                variable[i] = kept - H;
                double below = Objective();
                variable[i] = kept;
                Assert.Equal((above - below) / (2 * H), gradient[i], 1e-8);
            }
        }

        double Objective()
        {
            run.Forward(context);
            return run.Y.Zip(run.Dy, (a, b) => a * b).Sum();
        }
    }

    [Theory]
    [InlineData(600, 131, 1)]
    [InlineData(40, 7, 300)]
    public void The_same_bits_everywhere_and_nothing_allocated(int batch, int channels, int positions)
    {
        SameBits.Everywhere(context =>
        {
            var run = new Run<float>(new ChannelShape(batch, channels, positions));
            run.Forward(context);
            run.Backward(context);
            float[] result = [.. run.Y, .. run.Dx, .. run.DGamma, .. run.DBeta, .. run.RunningMean, .. run.RunningVariance];
            SameBits.AllocatesNothing(() =>
            {
                run.Forward(context);
                run.Backward(context);
            });
            return result;
        });
    }

    [Fact]
    public void One_element_per_channel_is_refused()
    {
        var run = new Run<float>(new ChannelShape(1, 3, 1));
        using var context = new ComputeContext(1);
        ArgumentException e = Assert.Throws<ArgumentException>(() => run.Forward(context));
        Assert.Contains("at least two elements per channel", e.Message, StringComparison.Ordinal);
    }

    private sealed class Run<T>(ChannelShape shape)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        private readonly T[] _mean = new T[shape.Channels];
        private readonly T[] _inverse = new T[shape.Channels];

        public T[] X { get; } = Arrays.Normal<T>(shape.Length, 1);

        public T[] Dy { get; } = Arrays.Normal<T>(shape.Length, 2);

        public T[] Gamma { get; } = Arrays.Normal<T>(shape.Channels, 3);

        public T[] Beta { get; } = Arrays.Normal<T>(shape.Channels, 4);

        public T[] RunningMean { get; } = [.. Enumerable.Repeat(T.One, shape.Channels)];

        public T[] RunningVariance { get; } = [.. Enumerable.Repeat(T.One + T.One, shape.Channels)];

        public T[] Y { get; } = new T[shape.Length];

        public T[] Dx { get; } = new T[shape.Length];

        public T[] DGamma { get; } = new T[shape.Channels];

        public T[] DBeta { get; } = new T[shape.Channels];

        public void Forward(ComputeContext context) =>
            BatchNormalization.ForwardTraining<T>(context, shape, X, Gamma, Beta, RunningMean, RunningVariance, Y, _mean, _inverse, 0.1, Epsilon);

        public void Backward(ComputeContext context) =>
            BatchNormalization.Backward<T>(context, shape, X, Dy, Gamma, _mean, _inverse, Dx, DGamma, DBeta);
    }
}
