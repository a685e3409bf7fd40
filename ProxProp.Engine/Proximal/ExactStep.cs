using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Solvers;

namespace ProxProp.Engine.Proximal;

/// <summary>v = (I/τ_θ + AᵀA)⁻¹Aᵀδ by a Cholesky factor of whichever of AᵀA and AAᵀ is cheaper for the batch at hand.</summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class ExactStep<T> : ProximalStep<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>An exact step.</summary>
    /// <param name="tauTheta">The proximal step size τ_θ, positive.</param>
    public ExactStep(double tauTheta) => TauTheta = CheckTauTheta(tauTheta);

    /// <summary>The proximal step size τ_θ.</summary>
    public double TauTheta { get; }

    // Below, the smallest pivot has less than about a digit left of what was added to it and subtracted from it.
    private static readonly double LeastPivotRatio = 16 * Math.ScaleB(1, typeof(T) == typeof(float) ? -23 : -52);

    /// <inheritdoc/>
    public override string Name => "exact";

    /// <inheritdoc/>
    public override IDirection<T> Bind(ProximalLayer<T> layer, in PlanContext plan)
    {
        if (layer is not IGramLayer<T> gram)
        {
            throw new NotSupportedException(
                $"An exact step needs a layer that forms its Gram matrix (IGramLayer<T>), which {layer.Kind} does not. Use CgStep<T>, or set TrainExplicitly on the layer.");
        }

        var costs = new ExactCosts(gram.Layout, gram.RowsPerSample);
        bool mayUseDual = layer is IDualGramLayer<T> && costs.PrefersDual(1);
        bool mayUsePrimal = layer is not IDualGramLayer<T> || !costs.PrefersDual(plan.MaxBatch);
        return new Direction(
            gram,
            costs,
            T.CreateSaturating(1 / TauTheta),
            mayUsePrimal ? new PrimalCholesky<T>(plan.Arena, gram.Layout) : null,
            mayUseDual ? new DualCholesky<T>(plan.Arena, costs.LargestDualBatch(plan.MaxBatch) * gram.RowsPerSample, gram.Layout.Units) : null);
    }

    private sealed class Direction(IGramLayer<T> layer, ExactCosts costs, T shift, PrimalCholesky<T>? primal, DualCholesky<T>? dual) : IDirection<T>
    {
        public SolveReport Compute(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> delta, Span<T> v) =>
            dual is not null && layer is IDualGramLayer<T> dualLayer && (primal is null || costs.PrefersDual(pass.Batch))
                ? Dual(pass, dualLayer, dual, a, delta, v)
                : Primal(pass, primal!, a, delta, v);

        private SolveReport Dual(
            in Pass pass, IDualGramLayer<T> dualLayer, DualCholesky<T> solver, ReadOnlySpan<T> a, ReadOnlySpan<T> delta, Span<T> v)
        {
            int rows = pass.Batch * layer.RowsPerSample;
            dualLayer.DualGram(pass, a, solver.Gram(rows));
            bool definite = solver.Factor(pass.Compute, rows, shift);
            if (definite)
                layer.ApplyAdjoint(pass, a, solver.Solve(pass.Compute, rows, delta), v);
            return Finish(pass, SolverKind.DualCholesky, definite, solver.PivotRatio, a, delta, v);
        }

        private SolveReport Primal(in Pass pass, PrimalCholesky<T> solver, ReadOnlySpan<T> a, ReadOnlySpan<T> delta, Span<T> v)
        {
            layer.Gram(pass, a, solver.Gram);
            bool definite = solver.Factor(pass.Compute, shift);
            if (definite)
            {
                layer.ApplyAdjoint(pass, a, delta, v);
                solver.Solve(pass.Compute, v, v);
            }

            return Finish(pass, SolverKind.PrimalCholesky, definite, solver.PivotRatio, a, delta, v);
        }

        // Where rounding has made the matrix indefinite, or numbers overflowed, the gradient is still a descent direction.
        private SolveReport Finish(
            in Pass pass, SolverKind kind, bool definite, double pivotRatio, ReadOnlySpan<T> a, ReadOnlySpan<T> delta, Span<T> v)
        {
            if (definite && Reductions.AllFinite<T>(pass.Compute, v))
                return new SolveReport(kind, pivotRatio < LeastPivotRatio ? SolveStatus.IllConditioned : SolveStatus.Solved, 0, double.NaN);
            layer.ApplyAdjoint(pass, a, delta, v);
            if (Reductions.AllFinite<T>(pass.Compute, v))
                return new SolveReport(kind, SolveStatus.NotPositiveDefinite, 0, double.NaN);
            v.Clear();
            return new SolveReport(kind, SolveStatus.Breakdown, 0, double.NaN);
        }
    }
}

/// <summary>Flops of the two exact forms, leading terms.</summary>
internal readonly record struct ExactCosts(BlockLayout Layout, int RowsPerSample)
{
    /// <summary>Form AᵀA (half), factor, two triangular solves.</summary>
    public double Primal(int batch) => Flops((double)batch * RowsPerSample, Layout.Columns);

    /// <summary>Form AAᵀ (half), factor, two triangular solves.</summary>
    public double Dual(int batch) => Flops(Layout.Columns, (double)batch * RowsPerSample);

    /// <summary>Whether the rows × rows form is the cheaper one.</summary>
    public bool PrefersDual(int batch) => Dual(batch) < Primal(batch);

    /// <summary>The largest batch up to <paramref name="maxBatch"/> for which the dual form is preferred: the memory it needs.</summary>
    public int LargestDualBatch(int maxBatch)
    {
        int low = 0, high = maxBatch;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (PrefersDual(middle))
                low = middle;
            else
                high = middle - 1;
        }

        return low;
    }

    private double Flops(double inner, double order) =>
        (inner * order * order) + (order * order * order / 3) + (2 * order * order * Layout.Units);
}
