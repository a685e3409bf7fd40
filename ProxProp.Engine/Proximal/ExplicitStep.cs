using System.Numerics;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Solvers;

namespace ProxProp.Engine.Proximal;

/// <summary>v = g: plain backpropagation.</summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class ExplicitStep<T> : ProximalStep<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    public override string Name => "gradient";

    /// <summary>The plain gradient.</summary>
    public ExplicitStep()
        : base(Proximal.Damping.Fixed(1))
    {
    }

    /// <inheritdoc/>
    public override IDirection<T> Bind(ProximalLayer<T> layer, in PlanContext plan) => new Direction(layer);

    internal override ISummedDirection<T> BindInParts(ProximalLayer<T> layer, in PlanContext plan) => new SummedGradient<T>(layer, plan);

    internal sealed class Direction(ProximalLayer<T> layer) : IDirection<T>
    {
        public LayerDamping? Damping => null;

        public LayerPlan Plan { get; } = LayerPlan.Gradient("plain gradient, as asked for");

        public LayerReport Compute(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> delta, Span<T> v)
        {
            layer.ApplyAdjoint(pass, a, delta, v);
            return LayerReport.Gradient(pass, v);
        }
    }
}
