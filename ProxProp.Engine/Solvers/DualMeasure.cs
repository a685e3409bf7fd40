using System.Numerics;
using ProxProp.Engine.Kernels;

namespace ProxProp.Engine.Solvers;

/// <summary>What K = AAᵀ tells of a direction v = Aᵀs and the gradient g = Aᵀδ without either being formed.</summary>
/// <remarks>
/// Every vector is Aᵀ times one with rows elements: v = Aᵀs, g = Aᵀδ and g − Mv = Aᵀρ with ρ = δ − s/τ_θ − Ks, so that each inner product is one with K
/// between. Works in panels of columns, for each of which one product with K is made at a time.
/// </remarks>
internal static class DualMeasure
{
    /// <summary>Vectors of rows × panel elements that <see cref="Of"/> works in.</summary>
    public const int Vectors = 2;

    /// <summary>Numbers for each column of a panel that <see cref="Of"/> works in.</summary>
    public const int Scalars = 2;

    // Elements of one vector of a panel: the vectors of a solver stay in the last-level cache together, while one product with K is still large.
    private const int PanelElements = 1 << 18;
    private const int LeastColumns = 256;

    /// <summary>Columns of a panel.</summary>
    public static int PanelColumns(int maxRows, int units) =>
        Math.Min(units, Math.Max(LeastColumns, PanelElements / Math.Max(1, maxRows) / LeastColumns * LeastColumns));

    /// <summary>⟨v,g⟩ = ⟨δ,Ks⟩, ‖v‖² = ⟨s,Ks⟩, ‖g‖² = ⟨δ,Kδ⟩ and, where a shift is given, ‖g − Mv‖² = ⟨ρ,Kρ⟩.</summary>
    /// <param name="context">What to compute on.</param>
    /// <param name="k">K, rows × rows.</param>
    /// <param name="s">s, rows × units.</param>
    /// <param name="delta">δ, rows × units.</param>
    /// <param name="memory"><see cref="Vectors"/> vectors of a panel; overwritten.</param>
    /// <param name="scalars"><see cref="Scalars"/> numbers for each of its columns; overwritten.</param>
    /// <param name="shift">1/τ_θ for the residual, which costs a product more; null to leave it NaN.</param>
    /// <param name="gradientSquared">‖g‖² where it is known, which spares a product; NaN where not.</param>
    public static DirectionMeasure Of<T>(
        ComputeContext context, ReadOnlyMatrix<T> k, ReadOnlyMatrix<T> s, ReadOnlyMatrix<T> delta, Span<T> memory, Span<T> scalars, T? shift = null,
        double gradientSquared = double.NaN)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        bool knowsGradient = !double.IsNaN(gradientSquared);
        int rows = k.Rows, panel = scalars.Length / Scalars;
        double inner = 0, direction = 0, gradient = 0, residual = 0;
        for (int first = 0, columns; first < s.Columns; first += columns)
        {
            columns = Math.Min(panel, s.Columns - first);
            int length = rows * columns;
            ReadOnlyMatrix<T> sPanel = s.Block(0, first, rows, columns), deltaPanel = delta.Block(0, first, rows, columns);
            var product = new Matrix<T>(memory[..length], rows, columns);
            var rho = new Matrix<T>(memory.Slice(length, length), rows, columns);
            Span<T> sums = scalars[..columns], ones = scalars.Slice(panel, columns);
            if (!knowsGradient)
            {
                Gemm.Assign(context, k, deltaPanel, product);
                gradient += Dot(context, deltaPanel, product, sums);
            }

            Gemm.Assign(context, k, sPanel, product);
            inner += Dot(context, deltaPanel, product, sums);
            direction += Dot(context, sPanel, product, sums);
            if (shift is { } damping)
            {
                Subtract(context, damping, sPanel, product, deltaPanel, rho, rho, ones, sums);
                Gemm.Assign(context, k, rho, product);
                residual += Math.Max(0, Dot(context, rho, product, sums));
            }
        }

        return new DirectionMeasure(inner, direction, knowsGradient ? gradientSquared : gradient) { ResidualSquared = shift is null ? double.NaN : residual };
    }

    /// <summary>residual[u] = ‖g − Mv‖² = ⟨ρ,Kρ⟩ of each column of a panel, with ρ in place of δ.</summary>
    public static void Residual<T>(
        ComputeContext context, ReadOnlyMatrix<T> k, T shift, ReadOnlyMatrix<T> s, Matrix<T> delta, Matrix<T> product, Matrix<T> spare, Span<T> ones,
        Span<T> residual)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Gemm.Assign(context, k, s, product);
        Subtract(context, shift, s, product, delta, delta, spare, ones, residual);
        Gemm.Assign(context, k, delta, product);
        ColumnReductions.Dot<T>(context, delta, product, residual);
    }

    // ρ = δ − Ks − s/τ_θ: what a step of length 1 along s leaves. Where that step would go, spare, is of no interest; ρ is written after it.
    private static void Subtract<T>(
        ComputeContext context, T shift, ReadOnlyMatrix<T> s, ReadOnlyMatrix<T> product, ReadOnlyMatrix<T> delta, Matrix<T> rho, Matrix<T> spare, Span<T> ones,
        Span<T> sums)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ones.Fill(T.One);
        ColumnRecurrence.Advance(context, ones, shift, s, product, delta, rho, spare, fromZero: true, sums);
    }

    private static double Dot<T>(ComputeContext context, ReadOnlyMatrix<T> x, ReadOnlyMatrix<T> y, Span<T> sums)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int length = x.Rows * x.Columns;
        if (x.Stride == x.Columns && y.Stride == y.Columns)
            return Reductions.Dot(context, x.Data[..length], y.Data[..length]);
        ColumnReductions.Dot(context, x, y, sums);
        double total = 0;
        foreach (T sum in sums)
            total += double.CreateSaturating(sum);
        return total;
    }
}
