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
    private const double ExactPreference = 1.25;
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
        var ways = new List<Way>
        {
            new(SolverKind.MatrixFreeCg, n => costs.MatrixFree(batch, n), p => new MatrixFreeCgDirection<T>(layer, Cg(layer, matrixFree: true), p)),
        };
        if (layer is IGramLayer<T> gram)
        {
            ways.Add(new(SolverKind.GramCg, n => costs.GramCg(batch, n), p => new GramCgDirection<T>(gram, Cg(layer, matrixFree: false), p)));
            ways.Add(new(costs.ExactKind(batch), _ => costs.Exact(batch), p => new ExactDirection<T>(layer, Damping.Bind(), p)));
        }

        if (layer is IDualGramLayer<T> dual)
            ways.Add(new(SolverKind.DualCg, n => costs.DualCg(batch, n), p => new DualCgDirection<T>(dual, Cg(layer, matrixFree: false), p)));

        PlanContext context = plan;
        long[] bytes = [.. ways.Select(w => BytesOf(w, context))];
        Way[] within = [.. ways.Where((w, i) => i == 0 || bytes[i] <= MemoryBudget).OrderBy(w => w.Flops(likely))];
        Way chosen = within.FirstOrDefault(w => w.IsExact && w.Flops(likely) <= ExactPreference * within[0].Flops(likely)) ?? within[0];
        string reason = Explain(ways, bytes, within, chosen, likely);
        var planned = new LayerPlan(chosen.Solver, chosen.Flops(likely), reason);
        if (chosen.IsExact)
            return new AutoDirection<T>(new ExactDirection<T>(layer, Damping.Bind(), plan), null, costs, Tolerance, planned);
        using ScratchAlternatives either = plan.Arena.Either();
        IDirection<T> iterative = chosen.Make(plan);
        either.Or();
        ExactDirection<T>? exact = within.Any(w => w.IsExact) ? new ExactDirection<T>(layer, iterative.Damping!, plan) : null;
        return new AutoDirection<T>(exact, iterative, costs, Tolerance, planned);
    }

    /// <summary>Exact or conjugate gradients on AᵀA, by flops; both need little but that matrix, so that <see cref="MemoryBudget"/> has no say.</summary>
    internal override ISummedDirection<T> BindInParts(ProximalLayer<T> layer, in PlanContext plan)
    {
        CheckOptions();
        if (layer is not IGramLayer<T> gram)
            return base.BindInParts(layer, plan);
        StepCosts costs = StepCosts.Of(layer);
        double exact = costs.Primal(plan.MaxBatch), cg = costs.GramCg(plan.MaxBatch, ExpectedIterations());
        return exact <= ExactPreference * cg
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

    // What a way reserves is known by letting it reserve; an arena that is never committed costs nothing.
    private static long BytesOf(Way way, in PlanContext plan)
    {
        using var arena = new Arena();
        try
        {
            way.Make(plan with { Arena = arena, IsTrial = true });
            return arena.TotalBytes - arena.StandbyBytes;
        }
        catch (ArgumentException)
        {
            return long.MaxValue; // a buffer beyond what can be addressed
        }
    }

    private string Explain(List<Way> ways, long[] bytes, Way[] within, Way chosen, int likely)
    {
        IEnumerable<string> others = within.Where(w => w != chosen).Select(w => $"{w.Name} {LayerPlan.Short(w.Flops(likely))}");
        string why = within.Length == 1 && ways.Count == 1 ? "the layer forms no matrix"
            : within.Length == 1 ? "nothing else is within the memory budget"
            : $"{(chosen == within[0] ? "fewest flops" : "exact at nearly the fewest flops")} ({string.Join(", ", others)})";
        string[] beyond = [.. ways.Where((w, i) => i > 0 && bytes[i] > MemoryBudget).Select(w => w.Name)];
        return beyond.Length == 0 || within.Length == 1 ? why : $"{why}; beyond the memory budget: {string.Join(", ", beyond)}";
    }

    private sealed record Way(SolverKind Solver, Func<int, double> Flops, Func<PlanContext, IDirection<T>> Make)
    {
        public bool IsExact => Solver is SolverKind.PrimalCholesky or SolverKind.DualCholesky;

        public string Name => Solver switch
        {
            SolverKind.PrimalCholesky => "exact primal",
            SolverKind.DualCholesky => "exact dual",
            SolverKind.GramCg => "gram cg",
            SolverKind.DualCg => "dual cg",
            _ => "matrix-free cg",
        };
    }
}
