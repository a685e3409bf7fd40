using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Solvers;

namespace ProxProp.Engine.Proximal;

/// <summary>
/// A single linear layer that learns from one sample at a time, exactly: after n samples its parameters are those of the proximal step on all
/// of them, θ = argmin ½Σ‖W·aᵢ + b − yᵢ‖² + 1/(2τ_θ)‖θ − θ₀‖², yet no sample is kept.
/// </summary>
/// <remarks>
/// <para>With M = I/τ_θ + Σ aᵢaᵢᵀ (a with a one at its end for the bias) the minimum moves by θ ← θ − M⁻¹a·(θᵀa − y)ᵀ when (a, y) arrives
/// and aaᵀ has been added to M: recursive least squares, here on a Cholesky factor (<see cref="RankOneCholesky{T}"/>) in place of the inverse,
/// which keeps M positive definite in any precision. A sample costs about 5n² + 5n·outputs flops, n = inputs + 1, and no memory.</para>
/// <para>What it has learnt is M as well as θ: <c>OnlineCheckpoint</c> saves both. Not thread-safe.</para>
/// </remarks>
/// <typeparam name="T">float or double.</typeparam>
public sealed class OnlineLinear<T> : IDisposable, IStateful
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Arena _arena = new();
    private readonly ComputeContext _compute;
    private readonly bool _ownsCompute;
    private readonly RankOneCholesky<T> _factor;
    private readonly Slot<T> _parameters, _row, _gain, _errors;
    private readonly BlockLayout _layout;
    private readonly double _farthest;

    /// <summary>A layer whose parameters are zero.</summary>
    /// <param name="inputs">Elements of a sample.</param>
    /// <param name="outputs">Elements of a target.</param>
    /// <param name="tauTheta">τ_θ: how far all samples together may move the parameters; positive.</param>
    /// <param name="bias">Whether there is a bias.</param>
    /// <param name="compute">What to compute on; null for one thread of its own.</param>
    public OnlineLinear(int inputs, int outputs, double tauTheta, bool bias = true, ComputeContext? compute = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(inputs);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(outputs);
        if (!(tauTheta > 0) || !double.IsFinite(tauTheta))
            throw new ArgumentOutOfRangeException(nameof(tauTheta), tauTheta, "The proximal step size tauTheta must be positive and finite.");
        T shift = T.CreateTruncating(1 / tauTheta);
        if (!(shift > T.Zero) || !T.IsFinite(shift))
        {
            throw new ArgumentOutOfRangeException(
                nameof(tauTheta), tauTheta, $"1/tauTheta must be a positive number in the range of {typeof(T).Name}, but is {1 / tauTheta}.");
        }

        TauTheta = tauTheta;
        _layout = new BlockLayout(outputs, inputs, bias);
        _ownsCompute = compute is null;
        _compute = compute ?? new ComputeContext(1);
        _factor = new RankOneCholesky<T>(_compute, _arena, _layout.Columns);
        _parameters = _arena.Reserve<T>("parameters", _layout.Count);
        _row = _arena.Reserve<T>("sample with a one for the bias", _layout.Columns);
        _gain = _arena.Reserve<T>("gain", _layout.Columns);
        _errors = _arena.Reserve<T>("errors of the outputs", outputs);
        _arena.Commit();
        _factor.Reset(shift);
        _farthest = Math.Sqrt(tauTheta);
    }

    /// <summary>What it computes with.</summary>
    internal ComputeContext Compute => _compute;

    /// <summary>Elements of a sample.</summary>
    public int Inputs => _layout.WeightsPerUnit;

    /// <summary>Elements of a target.</summary>
    public int Outputs => _layout.Units;

    /// <summary>Whether there is a bias.</summary>
    public bool HasBias => _layout.HasBias;

    /// <summary>τ_θ.</summary>
    public double TauTheta { get; }

    /// <summary>
    /// Weights outputs × inputs, then biases: the layout of a <see cref="Layers.Linear{T}"/>, so that one is copied from and to a network. What is
    /// here before the first sample is θ₀.
    /// </summary>
    public Span<T> Parameters => _parameters.Span;

    /// <summary>Samples learnt.</summary>
    public long Samples { get; private set; }

    /// <summary>Bytes of all buffers.</summary>
    public long BufferBytes => _arena.TotalBytes;

    /// <summary>outputs = W·sample + b.</summary>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public void Predict(ReadOnlySpan<T> sample, Span<T> outputs)
    {
        Check(sample.Length, Inputs, nameof(sample));
        Check(outputs.Length, Outputs, nameof(outputs));
        Span<T> theta = _parameters.Span;
        for (int o = 0; o < Outputs; o++)
            outputs[o] = Output(sample, theta, o);
    }

    /// <summary>Takes one sample into account.</summary>
    /// <param name="sample">a; finite.</param>
    /// <param name="target">y, one value per output; finite. For classes: 1 for the sample's own and 0 for the others.</param>
    /// <exception cref="ArgumentException">
    /// A length does not fit, a number is not finite, or numbers are so large that the sum of the sample's squares, or a parameter, could leave the
    /// range of T; nothing has changed.
    /// </exception>
    public void Learn(ReadOnlySpan<T> sample, ReadOnlySpan<T> target)
    {
        Check(sample.Length, Inputs, nameof(sample));
        Check(target.Length, Outputs, nameof(target));
        CheckSquares(sample);
        Span<T> row = _row.Span, gain = _gain.Span, theta = _parameters.Span, errors = _errors.Span;
        for (int o = 0; o < Outputs; o++)
        {
            errors[o] = Output(sample, theta, o) - target[o];
            CheckError(errors[o], target[o], o);
        }

        sample.CopyTo(row);
        if (_layout.HasBias)
            row[^1] = T.One;
        _factor.Add(row, gain);
        for (int o = 0; o < Outputs; o++)
        {
            Elementwise.Axpy(_compute, -errors[o], gain[..Inputs], theta.Slice(o * Inputs, Inputs));
            if (_layout.HasBias)
                theta[_layout.WeightCount + o] -= errors[o] * gain[^1];
        }

        Samples++;
    }

    /// <inheritdoc/>
    public void VisitState(IStateVisitor visitor, string prefix)
    {
        ArgumentNullException.ThrowIfNull(visitor);
        visitor.Visit($"{prefix}.parameters", _parameters);
        _factor.VisitState(visitor, prefix);
        long samples = Samples;
        visitor.Visit($"{prefix}.samples", ref samples);
        Samples = samples;
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        if (_ownsCompute)
            _compute.Dispose();
        _arena.Dispose();
    }

    private T Output(ReadOnlySpan<T> sample, ReadOnlySpan<T> theta, int o)
    {
        T product = T.CreateSaturating(Reductions.Dot(_compute, theta.Slice(o * Inputs, Inputs), sample));
        return _layout.HasBias ? product + theta[_layout.WeightCount + o] : product;
    }

    // Σ‖aᵢ‖² of any number of samples then has a root in T, which is all that the factor holds.
    private void CheckSquares(ReadOnlySpan<T> sample)
    {
        if (T.IsFinite(T.CreateTruncating(Reductions.SumOfSquares(_compute, sample))))
            return;
        throw new ArgumentException(
            Reductions.AllFinite(_compute, sample)
                ? $"The sample's numbers are too large (up to {Reductions.MaxAbs(_compute, sample)}): the sum of their squares must be in the range of {typeof(T).Name}."
                : "The sample has a number that is not finite.",
            nameof(sample));
    }

    // ‖M⁻¹a‖ is √τ_θ/2 at most, and a parameter moves by that times the error; the rest is for rounding.
    private void CheckError(T error, T target, int o)
    {
        double size = Reductions.MaxAbs<T>(_compute, _parameters.Span.Slice(o * Inputs, Inputs));
        if (_layout.HasBias)
            size += Math.Abs(double.CreateTruncating(_parameters.Span[_layout.WeightCount + o]));
        if (T.IsFinite(error) && T.IsFinite(T.CreateTruncating(size + (_farthest * Math.Abs(double.CreateTruncating(error))))))
            return;
        throw new ArgumentException(
            T.IsFinite(target)
                ? $"Target {o} ({target}) is so far from the layer's output, or that so large, that its parameters could leave the range of {typeof(T).Name}."
                : "The target has a number that is not finite.",
            nameof(target));
    }

    private static void Check(int found, int expected, string name)
    {
        if (found != expected)
            throw new ArgumentException($"{expected} elements were expected, but got {found}.", name);
    }
}
