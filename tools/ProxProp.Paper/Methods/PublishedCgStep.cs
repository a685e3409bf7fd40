using System.Numerics;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Solvers;

namespace ProxProp.Paper.Methods;

/// <summary>
/// v after N iterations of what the paper's published code runs under the name of conjugate gradients, for the reproduction alone.
/// </summary>
/// <remarks>
/// <para>There the first search direction and the residual are one and the same tensor, and the residual is updated in place. So the second
/// direction is (1 + β)r instead of r + βp, which is the residual itself: the second iteration is steepest descent, its step shortened by 1 + β.
/// The later ones build on that direction, and no longer make conjugate ones. Further departures from the textbook: one ε = 10⁻⁶ in both denominators; it ends
/// when the largest ‖r‖² of all units is below 10⁻⁴ times the mean of the first ones; a convolution has one recurrence over all its parameters.</para>
/// <para>The published code starts from the old weights and takes the difference; the recurrence is linear in its start's residual, so it is
/// run here from zero on g = Aᵀδ, which loses fewer digits.</para>
/// </remarks>
/// <typeparam name="T">float or double.</typeparam>
/// <param name="iterations">N, 1 or more.</param>
/// <param name="tauTheta">The proximal step size τ_θ, positive.</param>
internal sealed class PublishedCgStep<T>(int iterations, double tauTheta) : ProximalStep<T>(Damping.Fixed(tauTheta))
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    public override string Name => "published cg" + iterations;

    /// <inheritdoc/>
    public override IDirection<T> Bind(ProximalLayer<T> layer, in PlanContext plan) => layer switch
    {
        IDualGramLayer<T> dual when (long)plan.MaxBatch * dual.RowsPerSample < dual.Layout.Columns => new DualDirection(dual, iterations, tauTheta, plan),
        IGramLayer<T> gram => new PrimalDirection(gram, iterations, tauTheta, plan),
        _ => throw new NotSupportedException($"The published recurrence is there for layers that know their Gram matrix, which {layer.Kind} does not."),
    };

    private static LayerReport Report(SolverKind solver, int done, double shift) =>
        new(solver, SolveStatus.IterationLimit, done, shift);

    /// <summary>On AᵀA, with vectors of units × columns.</summary>
    private sealed class PrimalDirection : IDirection<T>
    {
        private readonly IGramLayer<T> _layer;
        private readonly int _iterations;
        private readonly double _shift;
        private readonly PublishedRecurrence<T> _recurrence;
        private readonly Slot<T> _gram;

        public PrimalDirection(IGramLayer<T> layer, int iterations, double tauTheta, in PlanContext plan)
        {
            (_layer, _iterations, _shift) = (layer, iterations, 1 / tauTheta);
            BlockLayout layout = layer.Layout;
            _recurrence = new PublishedRecurrence<T>(plan.Arena, layout.Units, layout.Columns, joint: layer is Conv2d<T>, weighted: false);
            _gram = plan.Arena.Reserve<T>("published matrix AᵀA", (long)layout.Columns * layout.Columns);
        }

        public LayerDamping? Damping => null;

        public LayerReport Compute(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> delta, Span<T> v)
        {
            BlockLayout layout = _layer.Layout;
            int columns = layout.Columns;
            var gram = new Engine.Kernels.Matrix<T>(_gram.Span, columns, columns);
            _layer.Gram(pass, a, gram);
            _layer.ApplyAdjoint(pass, a, delta, v);
            Span<T> g = _recurrence.RightHandSide(columns);
            for (int u = 0; u < layout.Units; u++)
            {
                Span<T> row = g.Slice(u * columns, columns);
                v.Slice(u * layout.WeightsPerUnit, layout.WeightsPerUnit).CopyTo(row);
                if (layout.HasBias)
                    row[^1] = v[layout.WeightCount + u];
            }

            int done = _recurrence.Run(pass.Compute, gram, T.CreateChecked(_shift), _iterations);
            ReadOnlySpan<T> x = _recurrence.Solution(columns);
            for (int u = 0; u < layout.Units; u++)
            {
                ReadOnlySpan<T> row = x.Slice(u * columns, columns);
                row[..layout.WeightsPerUnit].CopyTo(v[(u * layout.WeightsPerUnit)..]);
                if (layout.HasBias)
                    v[layout.WeightCount + u] = row[^1];
            }

            return Report(SolverKind.GramCg, done, _shift);
        }
    }

    /// <summary>On AAᵀ: every vector is Aᵀs with an s of units × rows, see <see cref="PublishedRecurrence{T}"/>.</summary>
    private sealed class DualDirection : IDirection<T>
    {
        private readonly IDualGramLayer<T> _layer;
        private readonly int _iterations;
        private readonly double _shift;
        private readonly PublishedRecurrence<T> _recurrence;
        private readonly Slot<T> _gram;
        private readonly Slot<T> _solution;

        public DualDirection(IDualGramLayer<T> layer, int iterations, double tauTheta, in PlanContext plan)
        {
            (_layer, _iterations, _shift) = (layer, iterations, 1 / tauTheta);
            int rows = plan.MaxBatch * layer.RowsPerSample, units = layer.Layout.Units;
            _recurrence = new PublishedRecurrence<T>(plan.Arena, units, rows, joint: false, weighted: true);
            _gram = plan.Arena.Reserve<T>("published matrix AAᵀ", (long)rows * rows);
            _solution = plan.Arena.Reserve<T>("published dual solution", (long)rows * units);
        }

        public LayerDamping? Damping => null;

        public LayerReport Compute(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> delta, Span<T> v)
        {
            int rows = pass.Batch * _layer.RowsPerSample, units = _layer.Layout.Units;
            var gram = new Engine.Kernels.Matrix<T>(_gram.Span, rows, rows);
            _layer.DualGram(pass, a, gram);
            Transpose(delta, rows, units, _recurrence.RightHandSide(rows));
            int done = _recurrence.Run(pass.Compute, gram, T.CreateChecked(_shift), _iterations);
            Span<T> s = _solution.Span[..(rows * units)];
            Transpose(_recurrence.Solution(rows), units, rows, s);
            _layer.ApplyAdjoint(pass, a, s, v);
            return Report(SolverKind.DualCg, done, _shift);
        }

        // y (columns × rows) = xᵀ, in squares that stay in the cache.
        private static void Transpose(ReadOnlySpan<T> x, int rows, int columns, Span<T> y)
        {
            const int Side = 32;
            for (int top = 0; top < rows; top += Side)
            {
                for (int left = 0; left < columns; left += Side)
                {
                    for (int i = top; i < Math.Min(rows, top + Side); i++)
                    {
                        for (int j = left; j < Math.Min(columns, left + Side); j++)
                            y[(j * rows) + i] = x[(i * columns) + j];
                    }
                }
            }
        }
    }
}
