using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Solvers;

namespace ProxProp.Engine.Proximal;

/// <summary>What a conjugate-gradient step is preconditioned with.</summary>
public enum CgPreconditioner
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>diag(I/τ_θ + AᵀA).</summary>
    Jacobi,
}

/// <summary>
/// v after N conjugate-gradient iterations on (I/τ_θ + AᵀA)v = Aᵀδ from v = 0: a descent direction for every N (paper, Prop. 5).
/// A is applied and its adjoint, never formed, so any layer that is linear in its parameters will do.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class CgStep<T> : ProximalStep<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>A step of <paramref name="iterations"/> iterations.</summary>
    /// <param name="iterations">Number of iterations N, 1 or more.</param>
    /// <param name="tauTheta">The proximal step size τ_θ, positive.</param>
    /// <param name="preconditioner">What to precondition with; Jacobi needs a layer that knows its Gram diagonal.</param>
    /// <param name="joint">One recurrence over all parameters of a layer instead of one for each output unit.</param>
    public CgStep(int iterations, double tauTheta, CgPreconditioner preconditioner = CgPreconditioner.None, bool joint = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(iterations);
        Iterations = iterations;
        TauTheta = CheckTauTheta(tauTheta);
        Preconditioner = preconditioner;
        IsJoint = joint;
    }

    /// <summary>Number of iterations.</summary>
    public int Iterations { get; }

    /// <summary>The proximal step size τ_θ.</summary>
    public double TauTheta { get; }

    /// <summary>The preconditioner.</summary>
    public CgPreconditioner Preconditioner { get; }

    /// <summary>Whether one recurrence runs over all parameters of a layer.</summary>
    public bool IsJoint { get; }

    /// <inheritdoc/>
    public override string Name => (Preconditioner == CgPreconditioner.None ? "cg" : "pcg") + Iterations + (IsJoint ? "-joint" : string.Empty);

    /// <inheritdoc/>
    public override IDirection<T> Bind(ProximalLayer<T> layer, in PlanContext plan)
    {
        JacobiPreconditioner<T>? jacobi = null;
        if (Preconditioner == CgPreconditioner.Jacobi)
        {
            if (layer is not IGramLayer<T>)
            {
                throw new NotSupportedException(
                    $"A Jacobi preconditioner needs a layer that knows its Gram diagonal (IGramLayer<T>), which {layer.Kind} does not. Use cg{Iterations} without a preconditioner.");
            }

            jacobi = new JacobiPreconditioner<T>(plan.Compute, plan.Arena, layer.Layout);
        }

        BlockLayout blocks = IsJoint ? layer.Layout.Joint : layer.Layout;
        return new Direction(
            layer,
            this,
            new ConjugateGradient<T>(plan.Arena, blocks, jacobi is not null),
            jacobi,
            plan.Arena.Reserve<T>("cg right-hand side g", layer.ParameterCount),
            plan.Arena.Reserve<T>("cg output A·p", (long)plan.MaxBatch * layer.Output.Size));
    }

    private sealed class Direction(
        ProximalLayer<T> layer, CgStep<T> step, ConjugateGradient<T> solver, JacobiPreconditioner<T>? jacobi, Slot<T> g, Slot<T> output) : IDirection<T>
    {
        private readonly T _shift = T.CreateSaturating(1 / step.TauTheta);

        public SolveReport Compute(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> delta, Span<T> v)
        {
            layer.ApplyAdjoint(pass, a, delta, g.Span);
            if (jacobi is not null)
            {
                ((IGramLayer<T>)layer).GramDiagonal(pass, a, jacobi.Diagonal);
                jacobi.Prepare(_shift);
            }

            var op = new LayerOperator<T>(layer, pass, a, pass.Batch * layer.Output.Size);
            var normal = new MatrixFreeNormalOperator<T, LayerOperator<T>>(op, output.Span);
            return solver.Solve(pass.Compute, normal, _shift, jacobi, g.Span, v, step.Iterations);
        }
    }
}
