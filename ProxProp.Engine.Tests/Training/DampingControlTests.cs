using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Training;

/// <summary>Levenberg-Marquardt damping grows where steps overreach, shrinks where the model foresees well, and rejects what harms.</summary>
public sealed class DampingControlTests
{
    private const int Batch = 40;

    [Fact]
    public void Steps_that_overreach_raise_lambda()
    {
        double[] lambdas = Train(lambda: 1e-9, learningRate: 2000, steps: 60);
        Assert.True(lambdas.Max() > 1e-9 * 100, $"lambda stayed at {lambdas.Max():e2}");
    }

    [Fact]
    public void Steps_that_are_far_too_small_lower_lambda()
    {
        double[] lambdas = Train(lambda: 1e6, learningRate: 1, steps: 60);
        Assert.All(lambdas, l => Assert.True(l < 1e6));
    }

    [Fact]
    public void Lambda_follows_the_ratio_of_actual_to_foreseen_decrease()
    {
        // The loss is convex along the direction: the longer the step, the smaller the ratio, down to a loss that rises.
        var changes = new List<double>();
        for (double rate = 1; rate < 1e9; rate *= 1.2)
        {
            using var compute = new ComputeContext(1);
            using Network<double> network = Make(compute);
            using var step = new TrainingStep<double>(network, new ExactStep<double>(Damping.LevenbergMarquardt(1, every: 1)), new Sgd<double>());
            (double[] samples, int[] labels) = Data();
            step.Run(samples, new Targets<double>(labels), Batch, rate);
            double before = step.Reports[0].Shift;
            step.ComputeDirections(samples, new Targets<double>(labels), Batch);
            if (step.Reports[0].Shift > 0)
                changes.Add(Math.Round(step.Reports[0].Shift / before, 6));
        }

        Assert.Equal([Math.Round(1 / 1.5, 6), 1, 1.5, 4], changes.Distinct());
    }

    [Fact]
    public void A_rejected_layer_keeps_its_parameters()
    {
        using var compute = new ComputeContext(1);
        using Network<double> network = Make(compute);
        using var step = new TrainingStep<double>(network, new ExactStep<double>(Damping.LevenbergMarquardt(1e-10, every: 1)), new Sgd<double>());
        (double[] samples, int[] labels) = Data();
        double[] before = ((ParametricLayer<double>)network.Layers[0]).Parameters.ToArray();
        step.Run(samples, new Targets<double>(labels), Batch, 1e6);
        Assert.Equal(before, ((ParametricLayer<double>)network.Layers[0]).Parameters.ToArray());
        Assert.NotEqual(0, step.Directions[^1]);
    }

    [Fact]
    public void Trials_leave_no_trace_in_running_statistics()
    {
        double[] Statistics(Damping damping)
        {
            using var compute = new ComputeContext(1);
            using var network = new Network<double>(
                Shape.Vector(8), [new Linear<double>(6), new BatchNorm<double>(), new Tanh<double>(), new Linear<double>(3)], Batch, seed: 5, compute);
            using var step = new TrainingStep<double>(network, new ExactStep<double>(damping), new Sgd<double>());
            (double[] samples, int[] labels) = Data();
            step.Run(samples, new Targets<double>(labels), Batch, 1e-3);
            return [.. network.Layers[1].StateValues(0), .. network.Layers[1].StateValues(1)];
        }

        Assert.Equal(Statistics(Damping.ScaleFree(1)), Statistics(Damping.LevenbergMarquardt(1, every: 1)));
    }

    [Fact]
    public void A_trial_that_overflows_leaves_no_trace_in_running_statistics()
    {
        float[] Statistics(Damping damping, double learningRate, out bool rejected)
        {
            using var compute = new ComputeContext(1);
            using var network = new Network<float>(
                Shape.Vector(8), [new Linear<float>(6), new BatchNorm<float>(), new Tanh<float>(), new Linear<float>(3)], Batch, seed: 5, compute);
            using var step = new TrainingStep<float>(network, new ExactStep<float>(damping), new Sgd<float>());
            float[] first = ((ParametricLayer<float>)network.Layers[0]).Parameters.ToArray();
            Assert.True(step.Run(Values.Uniform<float>(Batch * 8, 1, 0.01), new Targets<float>(Values.Labels(Batch, 3, 2)), Batch, learningRate).Updated);
            rejected = first.AsSpan().SequenceEqual(((ParametricLayer<float>)network.Layers[0]).Parameters);
            return [.. network.Layers[1].StateValues(0), .. network.Layers[1].StateValues(1)];
        }

        float[] expected = Statistics(Damping.ScaleFree(1), 1e-3, out _);
        Assert.Equal(expected, Statistics(Damping.LevenbergMarquardt(1e-10, every: 1), 3e38, out bool rejected));
        Assert.True(rejected);
    }

    [Fact]
    public void A_loss_that_throws_in_a_trial_leaves_parameters_and_running_statistics_as_they_were()
    {
        using var compute = new ComputeContext(1);
        using var network = new Network<float>(
            Shape.Vector(8), [new Linear<float>(6), new BatchNorm<float>(), new Tanh<float>(), new Linear<float>(3)], Batch, seed: 5, compute);
        using var step = new TrainingStep<float>(network, new ExactStep<float>(Damping.LevenbergMarquardt(1, every: 1)), new Sgd<float>(), new Throws(call: 2));
        float[] Learnt() => [.. network.Parameters, .. network.Layers[1].StateValues(0), .. network.Layers[1].StateValues(1)];
        float[] before = Learnt();
        Assert.Throws<InvalidOperationException>(
            () => step.Run(Values.Uniform<float>(Batch * 8, 1), new Targets<float>(Values.Labels(Batch, 3, 2)), Batch, 0.1));
        Assert.Equal(before, Learnt());
        Assert.Equal(0, step.StepsDone);
    }

    // λ of each proximal layer's last step.
    private static double[] Train(double lambda, double learningRate, int steps)
    {
        using var compute = new ComputeContext(1);
        using Network<double> network = Make(compute);
        using var step = new TrainingStep<double>(network, new ExactStep<double>(Damping.LevenbergMarquardt(lambda, every: 1)), new Sgd<double>());
        (double[] samples, int[] labels) = Data();
        for (int i = 0; i < steps; i++)
            step.Run(samples, new Targets<double>(labels), Batch, learningRate);
        double trace = samples.Sum(x => x * x) + Batch;
        return [step.Reports[0].Shift / (trace / 9)];
    }

    // No activation between them: nothing saturates, so that a step that goes too far always pays for it.
    private static Network<double> Make(ComputeContext compute) => new(
        Shape.Vector(8), [new Linear<double>(6), new Linear<double>(3)], Batch, seed: 5, compute);

    private static (double[] Samples, int[] Labels) Data() => (Values.Uniform<double>(Batch * 8, 1), Values.Labels(Batch, 3, 2));
}
