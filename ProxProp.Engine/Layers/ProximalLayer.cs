using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Solvers;

namespace ProxProp.Engine.Layers;

/// <summary>
/// A layer that is linear in its parameters for a fixed input, z = A(a)·θ: all that a proximal step needs to know. Derive from
/// <see cref="ProximalLayer{T}"/> and write these two members, and conjugate-gradient steps work on your layer.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
public interface IProximalLayer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>How θ falls into independent blocks.</summary>
    BlockLayout Layout { get; }

    /// <summary>z = A(a)·θ for any θ, without touching the layer's own parameters.</summary>
    void Apply(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> theta, Span<T> z);

    /// <summary>dθ = A(a)ᵀ·dz; overwritten.</summary>
    void ApplyAdjoint(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> dz, Span<T> dtheta);
}

/// <summary>A proximal layer whose units all see one matrix A that can be formed into AᵀA: exact steps and preconditioners become possible.</summary>
/// <typeparam name="T">float or double.</typeparam>
public interface IGramLayer<T> : IProximalLayer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Rows of A that one sample contributes: 1 for a linear layer, the output pixels for a convolution.</summary>
    int RowsPerSample { get; }

    /// <summary>Approximate flops of <see cref="Gram"/> for a batch.</summary>
    double GramFlops(int batch);

    /// <summary>
    /// Tells that <see cref="Gram"/> will be called, for the memory plan: its matrix products (<see cref="ComputeContext.Expect"/>) and memory that
    /// stands by for it (<see cref="Memory.Arena.Use"/>). Nothing unless a layer says so.
    /// </summary>
    void ExpectGram(ComputeContext products, int batch)
    {
    }

    /// <summary>gram = AᵀA, columns × columns, both triangles, the bias being the last column.</summary>
    void Gram(in Pass pass, ReadOnlySpan<T> a, Matrix<T> gram);

    /// <summary>The same for <see cref="GramDiagonal"/>.</summary>
    void ExpectGramDiagonal(int batch)
    {
    }

    /// <summary>diagonal = diag(AᵀA), one element per column, the bias last.</summary>
    void GramDiagonal(in Pass pass, ReadOnlySpan<T> a, Span<T> diagonal);
}

/// <summary>A Gram layer whose output is rows × units in memory, so that the smaller of AᵀA and AAᵀ can be used.</summary>
/// <typeparam name="T">float or double.</typeparam>
public interface IDualGramLayer<T> : IGramLayer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The same for <see cref="DualGram"/>.</summary>
    void ExpectDualGram(ComputeContext products, int batch)
    {
    }

    /// <summary>gram = AAᵀ, rows × rows, both triangles.</summary>
    void DualGram(in Pass pass, ReadOnlySpan<T> a, Matrix<T> gram);
}

/// <summary>A layer that adds the sums of a further part of a batch to what is there, without room for a second copy of them.</summary>
internal interface IAddsInPlace<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Elements of scratch that the two members need.</summary>
    int Scratch { get; }

    /// <summary>dθ += A(a)ᵀ·dz.</summary>
    void AddAdjoint(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> dz, Span<T> dtheta, Span<T> scratch);

    /// <summary>gram += AᵀA.</summary>
    void AddGram(in Pass pass, ReadOnlySpan<T> a, Matrix<T> gram, Span<T> scratch);
}

/// <summary>Base of layers that are linear in their parameters: forward and gradient follow from <see cref="Apply"/> and <see cref="ApplyAdjoint"/>.</summary>
/// <typeparam name="T">float or double.</typeparam>
public abstract class ProximalLayer<T> : ParametricLayer<T>, IProximalLayer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// A layer of the same shape in double, not yet attached, for steps that outgrow this precision; null where there is none.
    /// </summary>
    public virtual ProximalLayer<double>? InDouble() => null;

    /// <summary>One block of all parameters, unless a layer knows better.</summary>
    public virtual BlockLayout Layout => new(1, ParameterCount, false);

    /// <inheritdoc/>
    public abstract void Apply(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> theta, Span<T> z);

    /// <inheritdoc/>
    public abstract void ApplyAdjoint(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> dz, Span<T> dtheta);

    /// <inheritdoc/>
    public override void Forward(in Pass pass, ReadOnlySpan<T> a, Span<T> z) => Apply(pass, a, Parameters, z);

    /// <inheritdoc/>
    public override void ParameterGradient(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> dz, Span<T> dtheta) =>
        ApplyAdjoint(pass, a, dz, dtheta);
}
