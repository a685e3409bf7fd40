using System.Numerics;
using ProxProp.Engine.Layers;

namespace ProxProp.Engine.Proximal;

/// <summary>v = (I/τ_θ + AᵀA)⁻¹Aᵀδ by a Cholesky factor of whichever of AᵀA and AAᵀ is cheaper for the batch at hand.</summary>
/// <remarks>
/// Where float is not enough (a pivot shows that rounding has outweighed the damping, or the direction is too small beside the rounding of the sums that it
/// is made of) the same step is done in double, and the report says so; there AᵀA stands by for AAᵀ, unless it is much the larger. Where double is not
/// enough either, the damping is raised until it is. The direction is never NaN and always descends.
/// </remarks>
/// <typeparam name="T">float or double.</typeparam>
public sealed class ExactStep<T> : ProximalStep<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>An exact step with the paper's fixed τ_θ.</summary>
    /// <param name="tauTheta">The proximal step size τ_θ, positive.</param>
    public ExactStep(double tauTheta)
        : this(Damping.Fixed(tauTheta))
    {
    }

    /// <summary>An exact step.</summary>
    /// <param name="damping">How τ_θ is chosen.</param>
    public ExactStep(Damping damping)
        : base(damping)
    {
    }

    /// <inheritdoc/>
    public override string Name => "exact";

    /// <inheritdoc/>
    public override IDirection<T> Bind(ProximalLayer<T> layer, in PlanContext plan) => new ExactDirection<T>(layer, Damping.Bind(), plan);

    internal override ISummedDirection<T> BindInParts(ProximalLayer<T> layer, in PlanContext plan) =>
        new SummedExactDirection<T>(layer, Damping.Bind(), plan, "exact, as asked for; primal, for micro-batches");
}
