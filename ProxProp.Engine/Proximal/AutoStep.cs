using System.Globalization;
using System.Numerics;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Solvers;

namespace ProxProp.Engine.Proximal;

/// <summary>
/// The cheapest way to a direction of a requested accuracy, layer by layer: exact primal or dual, or conjugate gradients on AᵀA, on AAᵀ, or
/// on A itself, chosen from flops, memory and what the last solves have shown.
/// </summary>
/// <remarks>
/// <para>Costs are flop counts at the largest batch (<c>StepCosts</c>); memory is what the way would reserve. A way beyond
/// <see cref="MemoryBudget"/> is left out, except conjugate gradients that form no matrix, which every layer can do: preconditioned by the
/// diagonal where the layer knows it.</para>
/// <para>How many iterations a solve takes is known only afterwards, so first <see cref="LikelyIterations"/> stands for it. An exact way
/// within a quarter of the cheapest is taken for good: it needs no guess. Otherwise the iterative way begins, and where memory allows the
/// exact one stands by: a solve that ends short of <see cref="Tolerance"/> is done again exactly in the same step, and whenever the
/// iterations that a solve has really needed cost more than the exact way, the exact way is taken for the next 50 steps.</para>
/// </remarks>
/// <typeparam name="T">float or double.</typeparam>
public sealed class AutoStep<T> : ProximalStep<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const double LikelyTolerance = 1e-2;

    /// <summary>An automatic step with the paper's fixed τ_θ.</summary>
    /// <param name="tauTheta">The proximal step size τ_θ, positive.</param>
    public AutoStep(double tauTheta)
        : this(Damping.Fixed(tauTheta))
    {
    }

    /// <summary>An automatic step.</summary>
    /// <param name="damping">How τ_θ is chosen.</param>
    public AutoStep(Damping damping)
        : base(damping)
    {
    }

    /// <summary>Requested accuracy: the relative residual ‖g − Mv‖/‖g‖ at which conjugate gradients may stop, in (0, 1).</summary>
    public double Tolerance { get; init; } = 1e-2;

    /// <summary>
    /// Iterations that a solve to a residual of 1/100 is expected to take before one has been seen; for other tolerances in proportion to the
    /// digits asked for.
    /// </summary>
    public int LikelyIterations { get; init; } = 4;

    /// <summary>Upper bound of iterations.</summary>
    public int MaxIterations { get; init; } = 50;

    /// <summary>Bytes that one layer's solver may reserve.</summary>
    public long MemoryBudget { get; init; } = long.MaxValue;

    /// <inheritdoc/>
    public override string Name => "auto";

    /// <inheritdoc/>
    public override string Settings => string.Create(
        CultureInfo.InvariantCulture,
        $"{base.Settings}, tolerance {Tolerance}, {LikelyIterations} iterations likely, {MaxIterations} at most, matrices of {MemoryBudget} bytes at most");

    /// <inheritdoc/>
    public override IDirection<T> Bind(ProximalLayer<T> layer, in PlanContext plan)
    {
        CheckOptions();
        StepCosts costs = StepCosts.Of(layer);
        int batch = plan.MaxBatch, likely = ExpectedIterations();
        List<Way> ways = [WayOf(SolverKind.MatrixFreeCg, costs.MatrixFree(batch, likely), layer, plan)];
        if (layer is IGramLayer<T>)
        {
            ways.Add(WayOf(SolverKind.GramCg, costs.GramCg(batch, likely), layer, plan));
            ways.Add(WayOf(costs.ExactKind(batch), costs.Exact(batch), layer, plan));
        }

        if (layer is IDualGramLayer<T>)
            ways.Add(WayOf(SolverKind.DualCg, costs.DualCg(batch, likely), layer, plan));

        var choice = new WayChoice(ways, MemoryBudget);
        Way chosen = choice.Chosen;
        var planned = new LayerPlan(chosen.Solver, chosen.Flops, choice.Reason);
        if (chosen.IsExact)
            return new AutoDirection<T>(new ExactDirection<T>(layer, Damping.Bind(), plan), null, costs, Tolerance, planned);
        using ScratchAlternatives either = plan.Arena.Either();
        IDirection<T> iterative = Make(chosen.Solver, layer, plan);
        either.Or();
        ExactDirection<T>? exact = choice.HasExact ? new ExactDirection<T>(layer, iterative.Damping!, plan) : null;
        return new AutoDirection<T>(exact, iterative, costs, Tolerance, planned with { ExactStandsBy = exact is not null });
    }

    /// <summary>Exact or conjugate gradients on AᵀA, by flops; both need little but that matrix, so that <see cref="MemoryBudget"/> has no say.</summary>
    internal override ISummedDirection<T> BindInParts(ProximalLayer<T> layer, in PlanContext plan)
    {
        CheckOptions();
        if (layer is not IGramLayer<T> gram)
            return base.BindInParts(layer, plan);
        StepCosts costs = StepCosts.Of(layer);
        double exact = costs.Primal(plan.MaxBatch), cg = costs.GramCg(plan.MaxBatch, ExpectedIterations());
        return exact <= WayChoice.ExactPreference * cg
            ? new SummedExactDirection<T>(layer, Damping.Bind(), plan, $"exact at nearly the fewest flops of what micro-batches allow (gram cg {LayerPlan.Short(cg)})")
            : new GramCgDirection<T>(gram, Cg(layer, matrixFree: false), plan, inParts: true);
    }

    private CgStep<T> Cg(ProximalLayer<T> layer, bool matrixFree) => new(
        MaxIterations, Damping, matrixFree && layer is IGramLayer<T> ? CgPreconditioner.Jacobi : CgPreconditioner.None)
    {
        MatrixFree = matrixFree,
        Tolerance = Tolerance,
    };

    private int ExpectedIterations() => Math.Clamp(
        (int)Math.Ceiling(LikelyIterations * Math.Log(Tolerance) / Math.Log(LikelyTolerance)), 1, MaxIterations);

    private void CheckOptions()
    {
        if (!(Tolerance > 0 && Tolerance < 1))
            throw new InvalidOperationException($"Tolerance must be above 0 and below 1, but is {Tolerance}.");
        if (LikelyIterations < 1 || MaxIterations < 1)
            throw new InvalidOperationException($"LikelyIterations and MaxIterations must be 1 or more, but are {LikelyIterations} and {MaxIterations}.");
    }

    private IDirection<T> Make(SolverKind solver, ProximalLayer<T> layer, in PlanContext plan) => solver switch
    {
        SolverKind.MatrixFreeCg => new MatrixFreeCgDirection<T>(layer, Cg(layer, matrixFree: true), plan),
        SolverKind.GramCg => new GramCgDirection<T>((IGramLayer<T>)layer, Cg(layer, matrixFree: false), plan),
        SolverKind.DualCg => new DualCgDirection<T>((IDualGramLayer<T>)layer, Cg(layer, matrixFree: false), plan),
        _ => new ExactDirection<T>(layer, Damping.Bind(), plan),
    };

    // What a way reserves is known by letting it reserve; an arena that is never committed costs nothing.
    private Way WayOf(SolverKind solver, double flops, ProximalLayer<T> layer, in PlanContext plan)
    {
        using var arena = new Arena();
        try
        {
            Make(solver, layer, plan with { Arena = arena, IsTrial = true });
            return new Way(solver, flops, arena.TotalBytes - arena.StandbyBytes);
        }
        catch (ArgumentException)
        {
            return new Way(solver, flops, long.MaxValue); // a buffer beyond what can be addressed
        }
    }
}
