using System.Numerics;
using ProxProp.Engine.Layers;

namespace ProxProp.Engine.Theory;

/// <summary>A point (θ, a, z) of the penalty energy. Groups are counted from 0; the last group is L − 1 in the paper.</summary>
/// <param name="Pass">The pass whose batch this is.</param>
/// <param name="Theta">θ_l for every group.</param>
/// <param name="Data">a₀: the batch as the first φ sees it.</param>
/// <param name="A">a_l = σ(z_l) for every group but the last.</param>
/// <param name="Z">z_l = φ(θ_l, a_{l−1}) for every group but the last.</param>
/// <typeparam name="T">float or double.</typeparam>
public sealed record PenaltyPoint<T>(Pass Pass, T[][] Theta, T[] Data, T[][] A, T[][] Z)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>What group <paramref name="l"/> reads: a_{l−1}, or the data.</summary>
    public T[] InputOf(int l) => l == 0 ? Data : A[l - 1];

    /// <summary>θ of all groups behind one another, in the layout of a network's parameters.</summary>
    public T[] FlatTheta() => [.. Theta.SelectMany(t => t)];
}
