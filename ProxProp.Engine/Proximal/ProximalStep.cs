using System.Numerics;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Solvers;

namespace ProxProp.Engine.Proximal;

/// <summary>
/// How a layer's direction v is made from its input a and the derivative δ of the loss with respect to its output:
/// v ≈ (I/τ_θ + AᵀA)⁻¹Aᵀδ. An optimizer then uses v in place of the gradient g = Aᵀδ (paper, Prop. 2).
/// </summary>
/// <remarks>A step is a description; <see cref="Bind"/> makes the solver for one layer and plans its memory.</remarks>
/// <typeparam name="T">float or double.</typeparam>
public abstract class ProximalStep<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Sets how τ_θ is chosen.</summary>
    protected ProximalStep(Damping damping)
    {
        ArgumentNullException.ThrowIfNull(damping);
        Damping = damping;
    }

    /// <summary>How τ_θ is chosen.</summary>
    public Damping Damping { get; }

    /// <summary>What the program and the log call this step, such as <c>exact</c> or <c>cg3</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Everything that the directions depend on, as a checkpoint compares it.</summary>
    public virtual string Settings => $"{Name}, {Damping}";

    /// <summary>Makes the solver for one layer.</summary>
    /// <param name="layer">The layer, attached to its network.</param>
    /// <param name="plan">Where to reserve memory.</param>
    /// <exception cref="NotSupportedException">The layer lacks what this step needs; the message says what would do.</exception>
    public abstract IDirection<T> Bind(ProximalLayer<T> layer, in PlanContext plan);

    /// <summary>Makes the solver for one layer and batches that come in parts.</summary>
    /// <exception cref="NotSupportedException">The step, or the layer with it, needs its batch as a whole.</exception>
    internal virtual ISummedDirection<T> BindInParts(ProximalLayer<T> layer, in PlanContext plan) => throw new NotSupportedException(
        $"The step '{Name}' takes the batch of {layer.Kind} as a whole. Micro-batches are for what works on sums over the batch: gradient, exact and auto, and cgN on a layer that forms its Gram matrix.");

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>The direction solver of one layer: δ in, v out. Allocates nothing.</summary>
/// <remarks>One that keeps more than its damping from step to step shows it in <see cref="IStateful.VisitState"/>.</remarks>
/// <typeparam name="T">float or double.</typeparam>
public interface IDirection<T> : IStateful
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The layer's damping, which a rule may change between steps; null where there is none.</summary>
    LayerDamping? Damping { get; }

    /// <summary>What is planned for this layer, and why.</summary>
    LayerPlan Plan => new(SolverKind.Custom, double.NaN, "a direction from outside the engine");

    /// <summary>
    /// Whether v is finite whatever the data, because <see cref="Compute"/> has looked itself; a training step looks over all others.
    /// </summary>
    bool IsAlwaysFinite => false;

    /// <summary>Computes v.</summary>
    /// <param name="pass">The pass whose forward values are used.</param>
    /// <param name="a">Input of the layer.</param>
    /// <param name="delta">δ = dJ/dz.</param>
    /// <param name="v">The direction in the layout of the layer's parameters; overwritten.</param>
    LayerReport Compute(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> delta, Span<T> v);

    /// <inheritdoc/>
    void IStateful.VisitState(IStateVisitor visitor, string prefix) => Damping?.VisitState(visitor, prefix);
}

/// <summary>A layer at one batch as a linear map of its parameters, for solvers.</summary>
internal readonly ref struct LayerOperator<T>(IProximalLayer<T> layer, Pass pass, ReadOnlySpan<T> a, int outputLength) : ILinearOperator<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly IProximalLayer<T> _layer = layer;
    private readonly Pass _pass = pass;
    private readonly ReadOnlySpan<T> _a = a;

    public int OutputLength { get; } = outputLength;

    public void Apply(ReadOnlySpan<T> v, Span<T> z) => _layer.Apply(_pass, _a, v, z);

    public void ApplyAdjoint(ReadOnlySpan<T> z, Span<T> g) => _layer.ApplyAdjoint(_pass, _a, z, g);
}
