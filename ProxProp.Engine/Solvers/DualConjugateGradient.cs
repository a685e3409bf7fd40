using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Solvers;

/// <summary>
/// The iterates of <see cref="ConjugateGradient{T}"/> from K = AAᵀ alone, for batches with fewer rows than columns: one product with the
/// rows × rows matrix an iteration instead of one with A and one with Aᵀ.
/// </summary>
/// <remarks>
/// <para>Every Krylov vector is Aᵀ times something with rows elements: v = Aᵀs, r = Aᵀρ, p = Aᵀπ, and M·Aᵀπ = Aᵀ(π/τ + Kπ). In these
/// terms, with κ = Kπ: q = π/τ + κ, ⟨p,Mp⟩ = ⟨κ,q⟩, ‖r‖² = ⟨ρ,Kρ⟩; Kρ is the one product, and κ follows by the recurrence of π.</para>
/// <para>One recurrence per column (output unit); s starts at zero and ρ at δ. Same stopping rules as the primal form, and one more: what δ has
/// outside the range of A stays in ρ though not in r, and ⟨ρ,Kρ⟩ has rounding of ε·trace(K)·‖ρ‖². A residual below that cannot be seen, so its column stops;
/// where already the gradient cannot be seen, s = δ/(1/τ + trace(K)): v is the gradient, shorter than any step to the minimum along it.</para>
/// </remarks>
/// <typeparam name="T">float or double.</typeparam>
public sealed class DualConjugateGradient<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Slot<T> _gram;
    private readonly Slot<T> _vectors;
    private readonly Slot<T> _scalars;
    private readonly int _units;
    private readonly int _maxRows;

    /// <summary>Reserves K and five rows × units vectors: s, ρ, Kρ, π, κ.</summary>
    public DualConjugateGradient(Arena arena, int maxRows, int units)
    {
        _units = units;
        _maxRows = maxRows;
        _gram = arena.Reserve<T>("dual cg matrix AAᵀ", (long)maxRows * maxRows);
        _vectors = arena.Reserve<T>("dual cg vectors s, ρ, Kρ, π, κ", 5L * maxRows * units);
        _scalars = arena.Reserve<T>("dual cg scalars", 5L * units);
    }

    /// <summary>K for a batch with <paramref name="rows"/> rows: the caller writes AAᵀ here before <see cref="Solve"/>.</summary>
    public Matrix<T> Gram(int rows) => new(_gram.Span, rows, rows);

    /// <summary>s after the last <see cref="Solve"/>, rows × units; the direction is v = Aᵀs.</summary>
    public ReadOnlySpan<T> Solution(int rows) => Vector(0, rows);

    /// <summary>trace(AAᵀ) = trace(AᵀA).</summary>
    public double Trace(int rows)
    {
        Matrix<T> k = Gram(rows);
        double trace = 0;
        for (int i = 0; i < rows; i++)
            trace += double.CreateSaturating(k[i, i]);
        return trace;
    }

    /// <summary>⟨v,g⟩ = ⟨s,Kδ⟩, ‖v‖² = ⟨s,Ks⟩ and ‖g‖² = ⟨δ,Kδ⟩ of the last solve, for two products with K.</summary>
    public DirectionMeasure Measure(ComputeContext context, int rows, ReadOnlySpan<T> delta)
    {
        ReadOnlySpan<T> s = Vector(0, rows);
        Span<T> product = Vector(2, rows);
        delta = delta[..s.Length];
        Gemm.Assign(context, Gram(rows).AsReadOnly, Read(delta, rows), Write(product, rows));
        double vg = Reductions.Dot<T>(context, s, product), gg = Reductions.Dot<T>(context, delta, product);
        Gemm.Assign(context, Gram(rows).AsReadOnly, Read(s, rows), Write(product, rows));
        return new DirectionMeasure(vg, Reductions.Dot<T>(context, s, product), gg);
    }

    /// <summary>Does <paramref name="iterations"/> iterations, or fewer when every column has converged.</summary>
    /// <param name="context">What to compute on.</param>
    /// <param name="rows">Rows of A for this batch.</param>
    /// <param name="shift">1/τ_θ, positive.</param>
    /// <param name="delta">δ, rows × units.</param>
    /// <param name="iterations">Upper bound of iterations.</param>
    /// <param name="tolerance">Stop a column when its ‖r‖ is below this part of its first value; 0 for as far as rounding allows.</param>
    public SolveReport Solve(ComputeContext context, int rows, T shift, ReadOnlySpan<T> delta, int iterations, double tolerance = 0)
    {
        Span<T> s = Vector(0, rows), rho = Vector(1, rows), kRho = Vector(2, rows), pi = Vector(3, rows), kPi = Vector(4, rows);
        Span<T> scalars = _scalars.Span;
        Span<T> rhoSquares = scalars[(4 * _units)..];
        var recurrence = new BlockRecurrence<T>(scalars, _units, tolerance);
        double trace = Trace(rows);
        ReadOnlyMatrix<T> k = Gram(rows).AsReadOnly;

        s.Clear();
        delta[..rho.Length].CopyTo(rho);
        Gemm.Assign(context, k, Read(rho, rows), Write(kRho, rows));
        rho.CopyTo(pi);
        kRho.CopyTo(kPi);
        ColumnReductions.Dot(context, Read(rho, rows), Read(kRho, rows), recurrence.Residuals);
        double first = recurrence.Start();
        ColumnReductions.Dot(context, Read(rho, rows), Read(rho, rows), rhoSquares);
        recurrence.StopUnresolved(rhoSquares, trace, atStart: true);
        // The step of the columns that cannot be solved; 0 for the others.
        T shortest = T.One / (shift + T.CreateSaturating(trace));
        for (int u = 0; u < _units; u++)
            recurrence.Step[u] *= shortest;
        ColumnScaling.Axpy(context, recurrence.Step, Read(rho, rows), Write(s, rows));

        int done = 0;
        while (done < iterations && recurrence.AnyActive)
        {
            // ⟨κ, π/τ + κ⟩ = ⟨κ,π⟩/τ + ⟨κ,κ⟩, so that q need not be stored for the inner product.
            ColumnReductions.Dot(context, Read(kPi, rows), Read(kPi, rows), recurrence.Step);
            ColumnReductions.Dot(context, Read(kPi, rows), Read(pi, rows), recurrence.Next);
            for (int u = 0; u < _units; u++)
                recurrence.Step[u] = T.FusedMultiplyAdd(shift, recurrence.Next[u], recurrence.Step[u]);
            recurrence.TakeStep();

            ColumnScaling.Axpy(context, recurrence.Step, Read(pi, rows), Write(s, rows));
            recurrence.NegateStep();
            ColumnScaling.Axpy(context, recurrence.Step, Read(kPi, rows), Write(rho, rows));
            for (int u = 0; u < _units; u++)
                recurrence.Step[u] *= shift;
            ColumnScaling.Axpy(context, recurrence.Step, Read(pi, rows), Write(rho, rows));
            Gemm.Assign(context, k, Read(rho, rows), Write(kRho, rows));
            ColumnReductions.Dot(context, Read(rho, rows), Read(kRho, rows), recurrence.Next);
            done++;
            recurrence.TurnDirection();
            ColumnReductions.Dot(context, Read(rho, rows), Read(rho, rows), rhoSquares);
            recurrence.StopUnresolved(rhoSquares, trace, atStart: false);
            if (done < iterations)
            {
                ColumnScaling.Aypx(context, recurrence.Step, Read(rho, rows), Write(pi, rows));
                ColumnScaling.Aypx(context, recurrence.Step, Read(kRho, rows), Write(kPi, rows));
            }
        }

        double residual = first == 0 ? 0 : Math.Sqrt(Math.Max(0, recurrence.SumOfNext(done)) / first);
        return new SolveReport(SolverKind.DualCg, recurrence.Status, done, residual) { RightHandSideNorm = Math.Sqrt(first) };
    }

    private Span<T> Vector(int index, int rows) => _vectors.Span.Slice(index * _maxRows * _units, rows * _units);

    private ReadOnlyMatrix<T> Read(ReadOnlySpan<T> x, int rows) => new(x, rows, _units);

    private Matrix<T> Write(Span<T> x, int rows) => new(x, rows, _units);
}
