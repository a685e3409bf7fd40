using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Solvers;

/// <summary>Where an exact solver keeps a Gram matrix, its shifted Cholesky factor, and what brings the matrix back.</summary>
/// <remarks>
/// <para>The factor L takes the lower triangle; the strict upper one and a copy of the diagonal still hold the matrix.</para>
/// <para>In exact arithmetic no pivot of shift·I + G, G positive semi-definite, is below the shift: each is the least value of a quadratic
/// form that is at least shift·‖x‖² with one component of x equal to 1. A pivot below half the shift therefore proves that rounding has
/// outweighed the damping, and the factor is not trusted. Rounding can raise a pivot as well: one that is below 16ε times its diagonal
/// element has less than about a digit of its own left, and is not trusted either.</para>
/// </remarks>
/// <typeparam name="T">float or double.</typeparam>
internal sealed class GramFactor<T> : IStateful
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly T Rounding = T.ScaleB(T.One, typeof(T) == typeof(float) ? 4 - 23 : 4 - 52);

    private readonly Slot<T> _matrix;
    private readonly Slot<T> _diagonal;

    public GramFactor(Arena arena, string name, int maxOrder, bool keep = false)
    {
        _matrix = arena.Reserve<T>(name, (long)maxOrder * maxOrder, keep);
        _diagonal = arena.Reserve<T>($"{name}, diagonal", maxOrder, keep);
    }

    /// <summary>The matrix, or its factor, of order <paramref name="order"/>.</summary>
    public Matrix<T> Matrix(int order) => new(_matrix.Span, order, order);

    /// <summary>Sum of the diagonal before <see cref="Factor"/>.</summary>
    public double Trace(int order)
    {
        Matrix<T> matrix = Matrix(order);
        double trace = 0;
        for (int i = 0; i < order; i++)
            trace += double.CreateSaturating(matrix[i, i]);
        return trace;
    }

    /// <summary>Adds the shift and factors in place.</summary>
    /// <returns>Whether the factor can be trusted.</returns>
    public bool Factor(ComputeContext context, int order, T shift)
    {
        Matrix<T> matrix = Matrix(order);
        Span<T> diagonal = _diagonal.Span;
        for (int i = 0; i < order; i++)
        {
            diagonal[i] = matrix[i, i];
            matrix[i, i] += shift;
        }

        if (Cholesky.Factor(context, matrix) != 0)
            return false;
        T least = shift / (T.One + T.One);
        for (int i = 0; i < order; i++)
        {
            T pivot = matrix[i, i] * matrix[i, i];
            if (!(pivot >= least && pivot >= Rounding * (diagonal[i] + shift)))
                return false;
        }

        return true;
    }

    /// <inheritdoc/>
    public void VisitState(IStateVisitor visitor, string prefix)
    {
        visitor.Visit($"{prefix}.matrix", _matrix);
        visitor.Visit($"{prefix}.diagonal", _diagonal);
    }

    /// <summary>Brings the unshifted matrix back in place of its factor.</summary>
    public void Restore(int order)
    {
        Matrix<T> matrix = Matrix(order);
        Span<T> diagonal = _diagonal.Span;
        for (int i = 0; i < order; i++)
        {
            Span<T> row = matrix.Data.Slice(i * order, i);
            ReadOnlySpan<T> column = matrix.Data[i..];
            for (int j = 0, at = 0; j < row.Length; j++, at += order)
                row[j] = column[at];
            matrix[i, i] = diagonal[i];
        }
    }
}
