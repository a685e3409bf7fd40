using System.Numerics;
using ProxProp.Engine.Kernels;

namespace ProxProp.Engine.Solvers;

/// <summary>What K = AAᵀ tells of a direction v = Aᵀs and the gradient g = Aᵀδ without either being formed.</summary>
internal static class DualMeasure
{
    /// <summary>⟨v,g⟩ = ⟨δ,Ks⟩, ‖v‖² = ⟨s,Ks⟩ and ‖g‖² = ⟨δ,Kδ⟩.</summary>
    /// <param name="context">What to compute on.</param>
    /// <param name="k">K, rows × rows.</param>
    /// <param name="s">s, rows × units.</param>
    /// <param name="delta">δ, rows × units.</param>
    /// <param name="product">Ks, rows × units; overwritten.</param>
    /// <param name="gradientSquared">‖g‖² where it is known, which spares a product; NaN where not.</param>
    public static DirectionMeasure Of<T>(
        ComputeContext context, ReadOnlyMatrix<T> k, ReadOnlySpan<T> s, ReadOnlySpan<T> delta, Span<T> product, double gradientSquared = double.NaN)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int units = k.Rows == 0 ? 0 : s.Length / k.Rows;
        var image = new Matrix<T>(product, k.Rows, units);
        if (double.IsNaN(gradientSquared))
        {
            Gemm.Assign(context, k, new ReadOnlyMatrix<T>(delta, k.Rows, units), image);
            gradientSquared = Reductions.Dot<T>(context, delta, product);
        }

        Gemm.Assign(context, k, new ReadOnlyMatrix<T>(s, k.Rows, units), image);
        return new DirectionMeasure(Reductions.Dot<T>(context, delta, product), Reductions.Dot<T>(context, s, product), gradientSquared);
    }
}
