using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Solvers;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Training;

/// <summary>A batch that comes in parts is solved in double where float will not do, and what that takes is in the plan.</summary>
public sealed class MicroBatchPrecisionTests
{
    private const int Batch = 36, Classes = 4;

    private readonly double[] _samples = Values.Uniform<double>(Batch * 64, 3);
    private readonly int[] _labels = Values.Labels(Batch, Classes, 4);

    [Fact]
    public void Samples_of_low_rank_are_solved_right_in_parts()
    {
        int inFloat = 0;
        for (int seed = 0; seed < 12; seed++)
        {
            var data = LowRankCase.Next(seed, wide: false);
            int[] labels = Values.Labels(data.Batch, Classes, seed);
            double[] Directions<T>(out LayerReport report)
                where T : unmanaged, IBinaryFloatingPointIeee754<T>
            {
                using var compute = new ComputeContext(1);
                using var network = new Network<T>(Shape.Vector(data.Features), [new Linear<T>(1), new Linear<T>(Classes)], 300, compute: compute);
                float[] parameters = Values.Uniform<float>(network.ParameterCount, seed, 0.1);
                parameters.Select(x => T.CreateChecked(x)).ToArray().CopyTo(network.Parameters);
                using var step = new TrainingStep<T>(network, new ExactStep<T>(data.TauTheta), new Sgd<T>(), maxBatch: data.Batch);
                T[] samples = [.. data.Samples<float>().Select(x => T.CreateChecked(x))];
                step.ComputeDirections(samples, new Targets<T>(labels), data.Batch);
                report = step.Reports[0];
                return Arrays.ToDouble<T>(step.Directions[..(data.Features + 1)]);
            }

            double[] expected = Directions<double>(out _), v = Directions<float>(out LayerReport report);
            double error = Math.Sqrt(v.Zip(expected, (x, y) => (x - y) * (x - y)).Sum() / expected.Sum(y => y * y));
            Assert.Equal(SolveStatus.Solved, report.Status);
            Assert.True(error < Tolerances.Solved, $"{data}, in double {report.InDouble}: solved, but off by {error:e2}");
            inFloat += report.InDouble ? 0 : 1;
        }

        Assert.InRange(inFloat, 1, 11);
    }

    [Theory]
    [InlineData("dense", "exact")]
    [InlineData("dense", "auto")]
    [InlineData("images", "exact")]
    public void Where_float_will_not_do_the_step_is_done_in_double(string net, string kind)
    {
        const double tauTheta = 1e6;
        using var compute = new ComputeContext(1);
        float[] samples = [.. _samples.Select(x => (float)x)];
        Network<float> Make(int batch) => new(
            net == "dense" ? Shape.Vector(64) : Shape.Image(1, 8, 8),
            net == "dense"
                ? [new Linear<float>(80), new Tanh<float>(), new Dropout<float>(0.1), new Linear<float>(60), new Relu<float>(), new Linear<float>(Classes)]
                : [new Conv2d<float>(16, 3, padding: 1), new Conv2d<float>(4, 3, padding: 1), new Flatten<float>(), new Linear<float>(Classes)],
            batch, seed: 2, compute: compute);
        ProximalStep<float> Step() => kind == "exact" ? new ExactStep<float>(tauTheta) : new AutoStep<float>(tauTheta) { LikelyIterations = 50 };
        using Network<float> network = Make(11), wholeNetwork = Make(Batch);
        using var inParts = new TrainingStep<float>(network, Step(), new Sgd<float>(), maxBatch: Batch);
        using var whole = new TrainingStep<float>(wholeNetwork, new ExactStep<float>(tauTheta), new Sgd<float>());

        // The second step shows that the first left nothing behind.
        for (int i = 0; i < 2; i++)
        {
            Assert.True(inParts.Run(samples, new Targets<float>(_labels), Batch, 1e-3).Updated);
            Assert.True(whole.Run(samples, new Targets<float>(_labels), Batch, 1e-3).Updated);
            Assert.Contains(inParts.Reports.ToArray(), r => r.InDouble);
            Assert.DoesNotContain(inParts.Reports.ToArray(), r => r.Status != SolveStatus.Solved);
            Assert.All(inParts.Reports.ToArray(), r => Assert.True(r.Shift is 0 or 1 / tauTheta));
            double difference = 0, size = 0;
            for (int j = 0; j < whole.Directions.Length; j++)
            {
                difference += Math.Pow(whole.Directions[j] - inParts.Directions[j], 2);
                size += Math.Pow(whole.Directions[j], 2);
            }

            Assert.InRange(Math.Sqrt(difference / size), 0, 1e-2);
        }
    }

    [Fact]
    public void A_damping_that_rounding_in_double_outweighs_is_raised()
    {
        using var compute = new ComputeContext(1);
        float[] samples = [.. _samples.Select(x => (float)(1e4 * (1 + (1e-6 * x))))];
        using var network = new Network<float>(Shape.Vector(64), [new Linear<float>(8), new Tanh<float>(), new Linear<float>(Classes)], 12, compute: compute);
        using var step = new TrainingStep<float>(network, new ExactStep<float>(1e9), new Sgd<float>(), maxBatch: Batch);
        Assert.True(step.Run(samples, new Targets<float>(_labels), Batch, 0.1).Updated);
        Assert.Equal((SolveStatus.IllConditioned, true), (step.Reports[0].Status, step.Reports[0].InDouble));
        Assert.True(step.Reports[0].Shift > 1e-9);
    }

    [Fact]
    public void What_double_takes_stands_by_in_the_plan()
    {
        using ComputeContext none = ComputeContext.ForPlan(1);
        using var network = new Network<float>(Shape.Vector(64), [new Linear<float>(8), new Tanh<float>(), new Linear<float>(Classes)], 12, compute: none);
        using var step = new TrainingStep<float>(network, new ExactStep<float>(1), new Sgd<float>(), maxBatch: Batch);
        Assert.Equal(
            65 * 65 * sizeof(double),
            Assert.Single(step.Buffers, b => b is { Name: "gram matrix AᵀA", Purpose: BufferPurpose.Standby, Scratch: false }).Bytes);
        Assert.Equal(12 * 64 * sizeof(double), Assert.Single(step.Buffers, b => b.Name == "input in double").Bytes);
        Assert.True(step.StandbyBytes > 65 * 65 * sizeof(double));
    }
}
