using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Solvers;

/// <summary>Where an exact solver keeps a Gram matrix, its shifted Cholesky factor, and what brings the matrix back.</summary>
/// <remarks>
/// <para>The factor L takes the lower triangle; the strict upper one and a copy of the diagonal still hold the matrix.</para>
/// <para>In exact arithmetic no pivot of shift·I + G, G positive semi-definite, is below the shift: each is the least value of a quadratic
/// form that is at least shift·‖x‖² with one component of x equal to 1. A pivot below half the shift therefore proves that rounding has
/// outweighed the damping, and the factor is not trusted. Rounding can raise a pivot as well: what a pivot is of its diagonal element is known to
/// about ε·κ, where κ is the largest eigenvalue of the matrix scaled to a diagonal of 1 (Cholesky's factor does not depend on that scaling; N. Higham,
/// Accuracy and Stability of Numerical Algorithms, section 10.1). κ goes from 1 for orthogonal columns to the order for parallel ones; it is taken to
/// be ‖H‖²_F/order of the scaled matrix H, which is never above it. A pivot below 8ε·κ or 64ε of its diagonal element is not trusted; with
/// more, what rounding does to the matrix made no direction wrong by more than 15 % in a scan, long sums of
/// numbers of one sign being the worst.</para>
/// <para>What the right-hand side has been rounded by is not the matrix's to tell: <see cref="DirectionNoise"/>.</para>
/// </remarks>
/// <typeparam name="T">float or double.</typeparam>
internal sealed class GramFactor<T> : IStateful
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const double LeastPivot = 64, LeastScaledPivot = 8;

    private static double Epsilon => Math.ScaleB(1, typeof(T) == typeof(float) ? -23 : -52);

    private readonly Slot<T> _matrix;
    private readonly Slot<T> _diagonal;
    private double _leastPivot;

    public GramFactor(Arena arena, string name, int maxOrder, bool keep = false)
    {
        ArgumentNullException.ThrowIfNull(arena);
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
        double least = double.PositiveInfinity, damping = double.CreateTruncating(shift);
        for (int i = 0; i < order; i++)
        {
            double pivot = double.CreateTruncating(matrix[i, i]) * double.CreateTruncating(matrix[i, i]);
            if (!(pivot >= damping / 2))
                return false;
            least = Math.Min(least, pivot / (double.CreateTruncating(diagonal[i]) + damping));
        }

        _leastPivot = least / Epsilon;

        // κ is at most the order, which is enough to know nearly always.
        return least >= LeastPivot * Epsilon
            && (least >= LeastScaledPivot * Epsilon * order || least >= LeastScaledPivot * Epsilon * Coherence(order, damping));
    }

    // ‖H‖²_F/order, from the strict upper triangle, which still holds the matrix, and the copy of its diagonal.
    private double Coherence(int order, double damping)
    {
        Matrix<T> matrix = Matrix(order);
        ReadOnlySpan<T> diagonal = _diagonal.Span;
        double sum = order;
        for (int i = 0; i < order; i++)
        {
            double own = double.CreateTruncating(diagonal[i]) + damping, row = 0;
            for (int j = i + 1; j < order; j++)
            {
                double element = double.CreateTruncating(matrix[i, j]);
                row += element / own * (element / (double.CreateTruncating(diagonal[j]) + damping));
            }

            sum += 2 * row;
        }

        return sum / order;
    }

    /// <summary>ε·‖M⁻¹Dz‖ with D the norms of A's columns and z random signs, by a trusted factor; 0 where <see cref="DirectionNoise"/> needs no look.</summary>
    /// <param name="context">What to compute on.</param>
    /// <param name="order">Order of the matrix.</param>
    /// <param name="rows">Rows of A.</param>
    /// <param name="z">Room for a vector.</param>
    public double Amplification(ComputeContext context, int order, double rows, Span<T> z)
    {
        if (!DirectionNoise.IsPossible(_leastPivot, order, rows))
            return 0;
        ReadOnlySpan<T> diagonal = _diagonal.Span;
        for (int i = 0; i < order; i++)
        {
            T norm = T.Sqrt(diagonal[i]);
            z[i] = int.IsOddInteger(BitOperations.PopCount((uint)i * 2654435769)) ? norm : -norm;
        }

        Cholesky.SolveRight(context, Matrix(order).AsReadOnly, new Matrix<T>(z, 1, order));
        return Epsilon * Math.Sqrt(Reductions.SumOfSquares<T>(context, z[..order]));
    }

    /// <summary>ε·√trace, what a product with Aᵀ is rounded by for a vector of length 1; 0 where <see cref="DirectionNoise"/> needs no look.</summary>
    public double ProductRounding(int order)
    {
        if (!DirectionNoise.IsPossible(_leastPivot, order, order))
            return 0;
        double trace = 0;
        foreach (T element in _diagonal.Span[..order])
            trace += double.CreateTruncating(element);
        return Epsilon * Math.Sqrt(trace);
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
