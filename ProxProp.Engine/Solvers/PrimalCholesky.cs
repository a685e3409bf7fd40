using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Solvers;

/// <summary>
/// v = (I/τ_θ + AᵀA)⁻¹g by a Cholesky factor of the columns × columns matrix: columns³/3 flops to factor, 2·columns²·units to solve.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class PrimalCholesky<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly BlockLayout _layout;
    private readonly Slot<T> _gram;
    private readonly Slot<T> _solution;

    /// <summary>Reserves the matrix and the right-hand sides.</summary>
    public PrimalCholesky(Arena arena, BlockLayout layout)
    {
        _layout = layout;
        _gram = arena.Reserve<T>("gram matrix AᵀA", (long)layout.Columns * layout.Columns);
        _solution = arena.Reserve<T>("right-hand sides, units × columns", layout.Count);
    }

    /// <summary>The matrix: the caller writes AᵀA here; <see cref="Factor"/> turns its lower triangle into L.</summary>
    public Matrix<T> Gram => new(_gram.Span, _layout.Columns, _layout.Columns);

    /// <summary>The smallest pivot of the last factorisation over the largest diagonal element: below a few ε pivots are rounding.</summary>
    public double PivotRatio { get; private set; }

    /// <summary>Adds <paramref name="shift"/> to the diagonal and factors LLᵀ in place.</summary>
    /// <param name="context">What to compute on.</param>
    /// <param name="shift">1/τ_θ, positive.</param>
    /// <returns>Whether the matrix was positive definite in this precision.</returns>
    public bool Factor(ComputeContext context, T shift)
    {
        double largest = Diagonal.Add(Gram, shift);
        bool definite = Cholesky.Factor(context, Gram) == 0;
        PivotRatio = definite ? Diagonal.SmallestSquare(Gram) / largest : 0;
        return definite;
    }

    /// <summary>Solves with the factor.</summary>
    /// <param name="context">What to compute on.</param>
    /// <param name="g">Right-hand sides in the layout of the parameters.</param>
    /// <param name="v">Solutions in the layout of the parameters; may be <paramref name="g"/>.</param>
    public void Solve(ComputeContext context, ReadOnlySpan<T> g, Span<T> v)
    {
        Span<T> x = _solution.Span;
        BlockPacking.ToRows(_layout, g, x);
        Cholesky.SolveRight(context, Gram.AsReadOnly, new Matrix<T>(x, _layout.Units, _layout.Columns));
        BlockPacking.FromRows(_layout, x, v);
    }
}

/// <summary>Small operations on the diagonal of a matrix.</summary>
internal static class Diagonal
{
    /// <summary>matrix += value·I; returns the largest element of its diagonal.</summary>
    public static double Add<T>(Matrix<T> matrix, T value)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T largest = T.Zero;
        for (int i = 0; i < matrix.Rows; i++)
        {
            matrix[i, i] += value;
            largest = T.Max(largest, matrix[i, i]);
        }

        return double.CreateSaturating(largest);
    }

    /// <summary>The smallest pivot of a factor L: the smallest of its squared diagonal elements.</summary>
    public static double SmallestSquare<T>(Matrix<T> l)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double smallest = double.PositiveInfinity;
        for (int i = 0; i < l.Rows; i++)
            smallest = Math.Min(smallest, double.CreateSaturating(l[i, i]) * double.CreateSaturating(l[i, i]));
        return smallest;
    }
}

/// <summary>Between parameters (weights, then biases) and a units × columns matrix whose last column is the bias.</summary>
internal static class BlockPacking
{
    public static void ToRows<T>(BlockLayout layout, ReadOnlySpan<T> parameters, Span<T> rows)
        where T : unmanaged
    {
        for (int u = 0; u < layout.Units; u++)
        {
            parameters.Slice(u * layout.WeightsPerUnit, layout.WeightsPerUnit).CopyTo(rows[(u * layout.Columns)..]);
            if (layout.HasBias)
                rows[((u + 1) * layout.Columns) - 1] = parameters[layout.WeightCount + u];
        }
    }

    public static void FromRows<T>(BlockLayout layout, ReadOnlySpan<T> rows, Span<T> parameters)
        where T : unmanaged
    {
        for (int u = 0; u < layout.Units; u++)
        {
            rows.Slice(u * layout.Columns, layout.WeightsPerUnit).CopyTo(parameters[(u * layout.WeightsPerUnit)..]);
            if (layout.HasBias)
                parameters[layout.WeightCount + u] = rows[((u + 1) * layout.Columns) - 1];
        }
    }
}
