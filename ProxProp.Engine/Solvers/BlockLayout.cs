namespace ProxProp.Engine.Solvers;

/// <summary>
/// How a parameter vector falls into independent blocks, one per output unit: first the weights, unit by unit, then the biases.
/// </summary>
/// <remarks>
/// All units of a layer see the same matrix A, so that (I/τ_θ + AᵀA)v = g is one system with <see cref="Units"/> right-hand sides, and a
/// conjugate-gradient method can run one recurrence for each. The order weights, then biases is that of <c>weight</c> and <c>bias</c> in
/// a model file: a solver works on parameters where they are, without copying them.
/// </remarks>
/// <param name="Units">Number of right-hand sides: output units or channels.</param>
/// <param name="WeightsPerUnit">Weights of one unit.</param>
/// <param name="HasBias">Whether each unit has a bias, the last column of A (all ones).</param>
public readonly record struct BlockLayout(int Units, int WeightsPerUnit, bool HasBias)
{
    /// <summary>Columns of A: parameters of one unit.</summary>
    public int Columns => WeightsPerUnit + (HasBias ? 1 : 0);

    /// <summary>Number of weights of all units; where the biases begin.</summary>
    public int WeightCount => Units * WeightsPerUnit;

    /// <summary>Number of parameters of all units.</summary>
    public int Count => Units * Columns;

    /// <summary>The same parameters as one single block: one joint recurrence over the whole vector.</summary>
    public BlockLayout Joint => new(1, Count, false);
}
