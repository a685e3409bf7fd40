using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Training;

/// <summary>A step that updates nothing leaves parameters and running statistics as they were; one that updates moves both.</summary>
public sealed class RefusedStepTests : IDisposable
{
    private const int Batch = 8;
    private readonly ComputeContext _compute = new(1);
    private readonly float[] _samples = Values.Uniform<float>(Batch * 6, 1);
    private readonly int[] _labels = Values.Labels(Batch, 3, 2);

    [Fact]
    public void A_label_out_of_range_changes_nothing()
    {
        _labels[5] = 3;
        Refuses("Label 3 is out of range", step => step.Run(_samples, new Targets<float>(_labels), Batch, 0.1));
        Refuses("Label 3 is out of range", step => step.ComputeDirections(_samples, new Targets<float>(_labels), Batch));
    }

    [Fact]
    public void Targets_of_the_wrong_kind_or_number_change_nothing()
    {
        Refuses("one label per sample", step => step.Run(_samples, new Targets<float>(new float[Batch * 3]), Batch, 0.1));
        Refuses("8 were expected, 7", step => step.Run(_samples, new Targets<float>(_labels.AsSpan(1)), Batch, 0.1));
        Refuses("8 x 3 target values", step => step.Run(_samples, new Targets<float>(_labels), Batch, 0.1), new MeanSquaredErrorLoss<float>());
    }

    [Fact]
    public void Targets_are_checked_before_the_forward_pass()
    {
        using Network<float> network = Make();
        using var step = new TrainingStep<float>(network, new ExplicitStep<float>(), new Sgd<float>());
        float[] before = network.Forward(_samples, Batch).ToArray();
        ReadOnlySpan<float> output = network.OutputOf(3, Batch, _samples);
        _labels[0] = -1;
        Assert.Throws<ArgumentException>(() => step.Run(new float[_samples.Length], new Targets<float>(_labels), Batch, 0.1));
        Assert.Equal(before, output.ToArray());
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Samples_that_are_not_finite_change_nothing(float bad)
    {
        _samples[9] = bad;
        UpdatesNothing(step => step.Run(_samples, new Targets<float>(_labels), Batch, 0.1));
    }

    [Theory]
    [InlineData(double.NaN, 1f, false)]
    [InlineData(1, float.NaN, false)]
    [InlineData(1, float.PositiveInfinity, true)]
    public void A_loss_or_a_direction_that_is_not_finite_changes_nothing(double value, float slope, bool adaptive)
    {
        Damping damping = adaptive ? Damping.LevenbergMarquardt(1, every: 1) : Damping.ScaleFree(1);
        UpdatesNothing(step => step.Run(_samples, new Targets<float>(_labels), Batch, 0.1), new Constant(value, slope), damping);
    }

    [Fact]
    public void A_loss_that_throws_changes_nothing()
    {
        Refuses("call 1", step => step.Run(_samples, new Targets<float>(_labels), Batch, 0.1), new Throws(call: 1));
        Refuses("call 1", step => step.ComputeDirections(_samples, new Targets<float>(_labels), Batch), new Throws(call: 1));
    }

    [Fact]
    public void Directions_alone_change_nothing()
    {
        using Network<float> network = Make();
        using var step = new TrainingStep<float>(network, new ExactStep<float>(1), new Sgd<float>());
        step.Run(_samples, new Targets<float>(_labels), Batch, 0.1);
        float[] before = Learnt(network);
        step.ComputeDirections(_samples, new Targets<float>(_labels), Batch);
        Assert.Equal(before, Learnt(network));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void A_step_that_updates_takes_its_batch_into_the_running_statistics(int frozen)
    {
        using Network<float> network = Make(frozen);
        using var step = new TrainingStep<float>(network, new ExactStep<float>(Damping.LevenbergMarquardt(1, every: 1)), new Sgd<float>());
        float[] mean = new float[5], variance = [1, 1, 1, 1, 1], z = new float[Batch * 5], ones = [1, 1, 1, 1, 1], unused = new float[5], other = new float[5];
        if (frozen == 0)
        {
            network.Forward(_samples, Batch);
            BatchNormalization.ForwardTraining<float>(
                _compute, new ChannelShape(Batch, 5, 1), network.OutputOf(0, Batch, _samples), ones, ones, mean, variance, z, unused, other);
        }

        Assert.True(step.Run(_samples, new Targets<float>(_labels), Batch, 0.1).Updated);
        Assert.Equal(mean, network.Layers[1].StateValues(0).ToArray());
        Assert.Equal(variance, network.Layers[1].StateValues(1).ToArray());
    }

    public void Dispose() => _compute.Dispose();

    private static float[] Learnt(Network<float> network) =>
        [.. network.Parameters, .. network.Layers[1].StateValues(0), .. network.Layers[1].StateValues(1)];

    private Network<float> Make(int frozen = 0) => new(
        Shape.Vector(6), [new Linear<float>(5), new BatchNorm<float>(), new Tanh<float>(), new Linear<float>(3)], Batch, seed: 4, compute: _compute)
    {
        FrozenLayers = frozen,
    };

    private void Refuses(string message, Action<TrainingStep<float>> run, Loss<float>? loss = null)
    {
        using Network<float> network = Make();
        using var step = new TrainingStep<float>(network, new ExplicitStep<float>(), new Sgd<float>(), loss);
        float[] before = Learnt(network);
        Assert.Contains(message, Assert.ThrowsAny<Exception>(() => run(step)).Message, StringComparison.Ordinal);
        Assert.Equal(before, Learnt(network));
    }

    private void UpdatesNothing(Func<TrainingStep<float>, StepResult> run, Loss<float>? loss = null, Damping? damping = null)
    {
        using Network<float> network = Make();
        using var step = new TrainingStep<float>(network, new ExactStep<float>(damping ?? Damping.ScaleFree(1)), new Sgd<float>(), loss);
        float[] before = Learnt(network);
        float[]? reported = null;
        step.Reported += (in StepReport _) => reported = Learnt(network);
        Assert.False(run(step).Updated);
        Assert.Equal(before, Learnt(network));
        Assert.Equal(before, reported);
    }

    /// <summary>One value and one derivative, whatever the output.</summary>
    private sealed class Constant(double value, float slope) : Loss<float>
    {
        public override void Plan(in PlanContext plan, Shape output)
        {
        }

        public override LossValue Evaluate(in Pass pass, ReadOnlySpan<float> output, Targets<float> targets, Span<float> dOutput)
        {
            dOutput.Fill(slope);
            return new LossValue(value, -1);
        }
    }
}

/// <summary>Cross-entropy that throws when it is called for the given time.</summary>
internal sealed class Throws(int call) : Loss<float>
{
    private readonly CrossEntropyLoss<float> _inner = new();
    private int _calls;

    public override void Plan(in PlanContext plan, Shape output) => _inner.Plan(plan, output);

    public override LossValue Evaluate(in Pass pass, ReadOnlySpan<float> output, Targets<float> targets, Span<float> dOutput) =>
        ++_calls == call ? throw new InvalidOperationException($"call {call}") : _inner.Evaluate(pass, output, targets, dOutput);
}
