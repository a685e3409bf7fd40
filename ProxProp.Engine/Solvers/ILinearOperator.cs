using System.Numerics;

namespace ProxProp.Engine.Solvers;

/// <summary>A linear map A from parameters to outputs, known only by what it does.</summary>
/// <typeparam name="T">float or double.</typeparam>
public interface ILinearOperator<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Length of A·v.</summary>
    int OutputLength { get; }

    /// <summary>z = A·v; z may not overlap v.</summary>
    void Apply(ReadOnlySpan<T> v, Span<T> z);

    /// <summary>g = Aᵀ·z; g may not overlap z. Adjoint to <see cref="Apply"/>: ⟨A v, z⟩ = ⟨v, Aᵀ z⟩.</summary>
    void ApplyAdjoint(ReadOnlySpan<T> z, Span<T> g);
}

/// <summary>The symmetric positive semi-definite map v ↦ AᵀA·v, the form in which conjugate gradients meet a problem.</summary>
/// <typeparam name="T">float or double.</typeparam>
public interface INormalOperator<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>q = AᵀA·p; q may not overlap p.</summary>
    void Apply(ReadOnlySpan<T> p, Span<T> q);
}

/// <summary>A symmetric positive definite approximation P ≈ I/τ_θ + AᵀA, of which only the inverse is needed.</summary>
/// <typeparam name="T">float or double.</typeparam>
public interface IPreconditioner<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>z = P⁻¹·r; z may not overlap r. Must be the same linear, symmetric positive definite map throughout one solve.</summary>
    void Apply(ReadOnlySpan<T> r, Span<T> z);
}

/// <summary>AᵀA·p by one application of A and one of its adjoint: no matrix is formed.</summary>
/// <typeparam name="T">float or double.</typeparam>
/// <typeparam name="TOperator">The map A.</typeparam>
public readonly ref struct MatrixFreeNormalOperator<T, TOperator> : INormalOperator<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TOperator : ILinearOperator<T>, allows ref struct
{
    private readonly TOperator _a;
    private readonly Span<T> _output;

    /// <summary>Wraps <paramref name="a"/>.</summary>
    /// <param name="a">The map.</param>
    /// <param name="output">Scratch for A·p, at least <see cref="ILinearOperator{T}.OutputLength"/> elements.</param>
    public MatrixFreeNormalOperator(TOperator a, Span<T> output)
    {
        _a = a;
        _output = output[..a.OutputLength];
    }

    /// <inheritdoc/>
    public void Apply(ReadOnlySpan<T> p, Span<T> q)
    {
        _a.Apply(p, _output);
        _a.ApplyAdjoint(_output, q);
    }
}
