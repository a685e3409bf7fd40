using System.Globalization;
using System.Numerics;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Solvers;

namespace ProxProp.Engine.Proximal;

/// <summary>What a conjugate-gradient step is preconditioned with.</summary>
public enum CgPreconditioner
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>diag(I/τ_θ + AᵀA).</summary>
    Jacobi,

    /// <summary>
    /// The Cholesky factor of an earlier step's I/τ_θ + AᵀA, renewed every <see cref="CgStep{T}.RefreshEvery"/> steps or when the residual
    /// of the last solve shows that it is stale.
    /// </summary>
    EarlierFactor,
}

/// <summary>
/// v after N conjugate-gradient iterations on (I/τ_θ + AᵀA)v = Aᵀδ from v = 0: a descent direction for every N (paper, Prop. 5).
/// </summary>
/// <remarks>
/// The iterates are the same whether A is applied with its adjoint, or AᵀA or AAᵀ is formed first; the cheapest by flop count is taken.
/// Any layer that is linear in its parameters will do; preconditioners and formed matrices need one that knows its Gram matrix.
/// </remarks>
/// <typeparam name="T">float or double.</typeparam>
public sealed class CgStep<T> : ProximalStep<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>A step with the paper's fixed τ_θ.</summary>
    /// <param name="iterations">Number of iterations N, 1 or more.</param>
    /// <param name="tauTheta">The proximal step size τ_θ, positive.</param>
    /// <param name="preconditioner">What to precondition with.</param>
    /// <param name="joint">One recurrence over all parameters of a layer instead of one for each output unit.</param>
    public CgStep(int iterations, double tauTheta, CgPreconditioner preconditioner = CgPreconditioner.None, bool joint = false)
        : this(iterations, Damping.Fixed(tauTheta), preconditioner, joint)
    {
    }

    /// <summary>A step.</summary>
    /// <param name="iterations">Number of iterations N, 1 or more.</param>
    /// <param name="damping">How τ_θ is chosen.</param>
    /// <param name="preconditioner">What to precondition with.</param>
    /// <param name="joint">One recurrence over all parameters of a layer instead of one for each output unit.</param>
    public CgStep(int iterations, Damping damping, CgPreconditioner preconditioner = CgPreconditioner.None, bool joint = false)
        : base(damping)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(iterations);
        Iterations = iterations;
        Preconditioner = preconditioner;
        IsJoint = joint;
    }

    /// <summary>Number of iterations.</summary>
    public int Iterations { get; }

    /// <summary>The preconditioner.</summary>
    public CgPreconditioner Preconditioner { get; }

    /// <summary>Whether one recurrence runs over all parameters of a layer.</summary>
    public bool IsJoint { get; }

    /// <summary>A block stops when its residual is below this part of its first, in [0, 1); 0 for all iterations.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A block would stop before its first iteration, or never be compared.</exception>
    public double Tolerance
    {
        get;
        init => field = value is >= 0 and < 1
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "The tolerance of conjugate gradients must be at least 0 and below 1.");
    }

    /// <summary>Steps after which <see cref="CgPreconditioner.EarlierFactor"/> is renewed at the latest.</summary>
    public int RefreshEvery { get; init; } = 50;

    /// <summary>Relative residual above which <see cref="CgPreconditioner.EarlierFactor"/> counts as stale and is renewed for the next step.</summary>
    public double StaleResidual { get; init; } = 0.1;

    /// <summary>
    /// A preconditioner of one's own, made for each layer; used in place of <see cref="Preconditioner"/>. One that keeps state from step to step
    /// is <see cref="Memory.IStateful"/>, so that checkpoints have it.
    /// </summary>
    public Func<ProximalLayer<T>, IPreconditioner<T>>? CustomPreconditioner { get; init; }

    /// <summary>Forbids forming AᵀA or AAᵀ: least memory, and what a layer without a Gram matrix does anyway.</summary>
    public bool MatrixFree { get; init; }

    /// <inheritdoc/>
    public override string Name =>
        (Preconditioner == CgPreconditioner.None && CustomPreconditioner is null ? "cg" : "pcg") + Iterations + (IsJoint ? "-joint" : string.Empty);

    /// <inheritdoc/>
    public override string Settings => string.Create(
        CultureInfo.InvariantCulture,
        $"{base.Settings}, preconditioner {(CustomPreconditioner is null ? Preconditioner.ToString() : "of the caller")}, tolerance {Tolerance}, "
        + $"renewed every {RefreshEvery} steps or above {StaleResidual}{(MatrixFree ? ", matrix-free" : string.Empty)}");

    /// <inheritdoc/>
    public override IDirection<T> Bind(ProximalLayer<T> layer, in PlanContext plan)
    {
        if (Preconditioner != CgPreconditioner.None && CustomPreconditioner is null && layer is not IGramLayer<T>)
        {
            throw new NotSupportedException(
                $"A {Preconditioner} preconditioner needs a layer that knows its Gram matrix (IGramLayer<T>), which {layer.Kind} does not. Use cg{Iterations} without a preconditioner.");
        }

        if (MatrixFree || IsJoint || IsPreconditioned || layer is not IGramLayer<T> gram)
            return new MatrixFreeCgDirection<T>(layer, this, plan);
        StepCosts costs = StepCosts.Of(layer);
        double matrixFree = costs.MatrixFree(plan.MaxBatch, Iterations);
        double formed = costs.GramCg(plan.MaxBatch, Iterations), dual = costs.DualCg(plan.MaxBatch, Iterations);
        if (dual < Math.Min(formed, matrixFree))
            return new DualCgDirection<T>((IDualGramLayer<T>)gram, this, plan);
        return formed < matrixFree ? new GramCgDirection<T>(gram, this, plan) : new MatrixFreeCgDirection<T>(layer, this, plan);
    }

    internal override ISummedDirection<T> BindInParts(ProximalLayer<T> layer, in PlanContext plan) =>
        MatrixFree || IsJoint || IsPreconditioned || layer is not IGramLayer<T> gram
            ? base.BindInParts(layer, plan)
            : new GramCgDirection<T>(gram, this, plan, inParts: true);

    private bool IsPreconditioned => Preconditioner != CgPreconditioner.None || CustomPreconditioner is not null;
}
