using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Randomness;

namespace ProxProp.Engine.Layers;

/// <summary>
/// Batch normalisation of vectors (per feature) or images (per channel), as PyTorch's BatchNorm1d and BatchNorm2d: z = γ(a − μ)/√(σ² + ε) + β
/// with the batch's statistics while training and running ones otherwise. Its parameters γ, β take plain gradient steps.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class BatchNorm<T> : ParametricLayer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private NamedTensor[] _state = [];
    private Slot<T> _running;
    private Slot<T> _mean;
    private Slot<T> _inverseDeviation;
    private Slot<T> _unused;
    private bool _initialized;

    /// <summary>A batch normalisation layer.</summary>
    /// <param name="momentum">Weight of the newest batch in the running statistics, 0 to 1.</param>
    /// <param name="epsilon">ε, positive.</param>
    public BatchNorm(double momentum = 0.1, double epsilon = 1e-5)
    {
        if (!(momentum >= 0 && momentum <= 1))
            throw new ArgumentOutOfRangeException(nameof(momentum), momentum, "The momentum of batch normalisation must be from 0 to 1.");
        if (!(epsilon > 0) || !double.IsFinite(epsilon))
            throw new ArgumentOutOfRangeException(nameof(epsilon), epsilon, "The epsilon of batch normalisation must be positive and finite.");
        Momentum = momentum;
        Epsilon = epsilon;
    }

    /// <summary>Weight of the newest batch in the running statistics.</summary>
    public double Momentum { get; }

    /// <summary>ε.</summary>
    public double Epsilon { get; }

    /// <inheritdoc/>
    public override bool BackwardInPlace => true;

    /// <summary>A variance needs two elements: two samples of a vector, or two pixels.</summary>
    public override int MinTrainingBatch => Input.Pixels > 1 ? 1 : 2;

    /// <summary>Always: mean and variance are those of the batch.</summary>
    public override bool NeedsWholeBatch => true;

    /// <inheritdoc/>
    public override IReadOnlyList<NamedTensor> State => _state;

    /// <inheritdoc/>
    public override Span<T> StateValues(int index) => Running.Slice(_state[index].Offset, _state[index].Count);

    /// <inheritdoc/>
    public override void Initialize(Generator generator, Span<T> theta)
    {
        theta[..Input.Channels].Fill(T.One);
        theta[Input.Channels..].Clear();
    }

    /// <inheritdoc/>
    public override void Forward(in Pass pass, ReadOnlySpan<T> a, Span<T> z)
    {
        ReadOnlySpan<T> gamma = Parameters[..Input.Channels], beta = Parameters[Input.Channels..];
        Span<T> mean = Running[..Input.Channels], variance = Running[Input.Channels..];
        if (pass.Training)
        {
            BatchNormalization.ForwardTraining(
                pass.Compute, ChannelShape(pass), a, gamma, beta, mean, variance, z, _mean.Span, _inverseDeviation.Span,
                pass.Trial ? 0 : Momentum, Epsilon);
        }
        else
        {
            BatchNormalization.ForwardEvaluation(pass.Compute, ChannelShape(pass), a, gamma, beta, mean, variance, z, Epsilon);
        }
    }

    /// <inheritdoc/>
    public override void ParameterGradient(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> dz, Span<T> dtheta) =>
        Gradients(pass, a, dz, default, dtheta);

    /// <inheritdoc/>
    public override void Backward(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> z, ReadOnlySpan<T> dz, Span<T> da) =>
        Gradients(pass, a, dz, da, _unused.Span);

    /// <inheritdoc/>
    protected override Shape Build(in PlanContext plan, Shape input)
    {
        int channels = input.Channels;
        DeclareParameter("weight", channels);
        DeclareParameter("bias", channels);
        _state = [new NamedTensor("running_mean", 0, [channels]), new NamedTensor("running_var", channels, [channels])];
        _running = plan.Arena.Reserve<T>("batch normalisation running statistics", 2L * channels);
        _mean = plan.Arena.Reserve<T>("batch normalisation mean", channels);
        _inverseDeviation = plan.Arena.Reserve<T>("batch normalisation 1/deviation", channels);
        using (plan.Arena.Scratch())
            _unused = plan.Arena.Reserve<T>("batch normalisation gradient, not wanted again", 2L * channels);
        return input;
    }

    // PyTorch's starting statistics: mean 0, variance 1.
    private Span<T> Running
    {
        get
        {
            Span<T> running = _running.Span;
            if (!_initialized)
            {
                running[Input.Channels..].Fill(T.One);
                _initialized = true;
            }

            return running;
        }
    }

    private ChannelShape ChannelShape(in Pass pass) => new(pass.Batch, Input.Channels, Input.Pixels);

    private void Gradients(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> dz, Span<T> da, Span<T> dtheta) => BatchNormalization.Backward(
        pass.Compute,
        ChannelShape(pass),
        a,
        dz,
        Parameters[..Input.Channels],
        _mean.Span,
        _inverseDeviation.Span,
        da,
        dtheta[..Input.Channels],
        dtheta.Slice(Input.Channels, Input.Channels));
}
