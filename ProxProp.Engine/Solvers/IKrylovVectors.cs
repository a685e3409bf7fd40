using System.Numerics;

namespace ProxProp.Engine.Solvers;

/// <summary>
/// The vectors of a conjugate-gradient method, wherever they live: what <see cref="BlockRecurrence{T}"/> does with them, one scalar for
/// each block. v is the solution, r the residual, z = P⁻¹r, p the search direction, M the matrix.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
internal interface IKrylovVectors<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>curvature[u] = ⟨p_u, M p_u⟩.</summary>
    void Curvature(Span<T> curvature);

    /// <summary>v_u += a[u]·p_u and r_u −= a[u]·M p_u. <paramref name="alpha"/> may be overwritten.</summary>
    void Advance(Span<T> alpha);

    /// <summary>residual[u] = ⟨r_u, z_u⟩.</summary>
    void Residual(Span<T> residual);

    /// <summary>p_u = z_u + b[u]·p_u.</summary>
    void Turn(ReadOnlySpan<T> beta);

    /// <summary>Makes M p_u zero, where numbers have overflowed.</summary>
    void ClearProduct(int u);

    /// <summary>Makes all vectors of block u zero.</summary>
    void Clear(int u);
}
