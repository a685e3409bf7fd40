using System.Numerics;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Proximal;

namespace ProxProp.Engine.Training;

/// <summary>
/// The Levenberg-Marquardt rule: every few steps one layer, each in its turn, is tried alone, and its damping is adapted to how well the
/// proximal model had foreseen the loss.
/// </summary>
/// <remarks>
/// <para>For d = ηv, with Mv = g, the model ½⟨d,Md⟩ − ⟨g,d⟩ foresees a decrease of η(1 − η/2)⟨g,v⟩. With ρ = actual/foreseen:
/// ρ &gt; ¾ divides λ by 3/2, ρ &lt; ¼ multiplies it by that (Marquardt 1963; the factors of Martens 2010). Where the loss rises, the
/// layer's direction is rejected: its step is zero this time, and λ is multiplied by 4.</para>
/// <para>It costs one forward pass for each trial, and judges the direction itself, not the momentum that an optimizer adds.</para>
/// </remarks>
internal sealed class DampingControl<T> : IStateful
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const double Factor = 1.5, RejectionFactor = 4, Least = 1e-10, Largest = 1e10;

    private readonly List<(int Layer, LayerDamping Damping)> _adaptive = [];
    private readonly Slot<T> _kept;
    private readonly int _every;
    private int _turn;

    /// <summary>Reserves room for the parameters of the largest layer whose damping adapts.</summary>
    public DampingControl(Network<T> network, IReadOnlyList<IDirection<T>?> directions, Arena arena)
    {
        int most = 0;
        for (int i = 0; i < directions.Count; i++)
        {
            if (directions[i]?.Damping is not { AdaptEvery: > 0 } damping)
                continue;
            _every = _adaptive.Count == 0 ? damping.AdaptEvery : Math.Min(_every, damping.AdaptEvery);
            _adaptive.Add((i, damping));
            most = Math.Max(most, ((ParametricLayer<T>)network.Layers[i]).ParameterCount);
        }

        if (_adaptive.Count == 0)
            return;
        _kept = arena.Reserve<T>("parameters kept while a step is tried", most);
    }

    /// <summary>Steps from one trial to the next; 0 for none.</summary>
    public int Every => _every;

    /// <inheritdoc/>
    public void VisitState(IStateVisitor visitor, string prefix) => visitor.Visit($"{prefix}.turn", ref _turn);

    /// <summary>Whether the step after <paramref name="stepsDone"/> steps tries a layer, so that ⟨g,v⟩ must be measured.</summary>
    public bool IsDue(long stepsDone) => _adaptive.Count > 0 && stepsDone % _every == 0;

    /// <summary>Tries the next layer in turn and adapts its damping.</summary>
    /// <param name="step">The step whose directions were just computed.</param>
    /// <param name="pass">Its pass.</param>
    /// <param name="samples">Its samples.</param>
    /// <param name="targets">Its targets.</param>
    /// <param name="loss">Its loss.</param>
    /// <param name="directions">Directions of all layers; the tried one's is cleared if it is rejected.</param>
    /// <param name="offset">Where each layer's directions begin.</param>
    /// <param name="learningRate">η.</param>
    public void Try(
        TrainingStep<T> step, in Pass pass, ReadOnlySpan<T> samples, Targets<T> targets, double loss, Span<T> directions,
        ReadOnlySpan<int> offset, double learningRate)
    {
        (int index, LayerDamping damping) = _adaptive[_turn % _adaptive.Count];
        _turn = (_turn + 1) % _adaptive.Count;
        Span<T> theta = ((ParametricLayer<T>)step.Network.Layers[index]).Parameters, kept = _kept.Span[..theta.Length];
        Span<T> v = directions.Slice(offset[index], theta.Length);
        double slope = step.Reports[index].InnerProduct;
        double foreseen = learningRate * (1 - (Math.Min(learningRate, 1) / 2)) * slope;
        if (!(foreseen > 0))
            return;

        theta.CopyTo(kept);
        Pass trial = pass with { Measure = false, Trial = true };
        double moved;
        try
        {
            Kernels.Elementwise.Axpy(pass.Compute, -T.CreateSaturating(learningRate), v, theta);
            moved = step.Loss.Evaluate(trial, step.Network.Forward(trial, samples), targets, default).Loss;
        }
        finally
        {
            kept.CopyTo(theta);
        }

        double ratio = (loss - moved) / foreseen;
        if (!(ratio > 0))
            v.Clear();
        double change = ratio > 0.75 ? 1 / Factor : ratio >= 0.25 ? 1 : ratio > 0 ? Factor : RejectionFactor;
        damping.Factor = Math.Clamp(damping.Factor * change, Least, Largest);
        damping.LastRatio = ratio;
    }
}
