using ProxProp.Engine.Solvers;

namespace ProxProp.Engine.Proximal;

/// <summary>A way to a direction: what a step costs at the largest batch, and what it would reserve.</summary>
internal sealed record Way(SolverKind Solver, double Flops, long Bytes)
{
    public bool IsExact => Solver is SolverKind.PrimalCholesky or SolverKind.DualCholesky;

    public string Name => NameOf(Solver);

    /// <summary>A solver in words.</summary>
    public static string NameOf(SolverKind solver) => solver switch
    {
        SolverKind.Gradient => "gradient",
        SolverKind.PrimalCholesky => "exact primal",
        SolverKind.DualCholesky => "exact dual",
        SolverKind.GramCg => "gram cg",
        SolverKind.DualCg => "dual cg",
        SolverKind.MatrixFreeCg => "matrix-free cg",
        _ => "custom",
    };

    /// <summary>The ways with the cheapest first; those of the same cost stay as they were.</summary>
    public static List<Way> ByFlops(List<Way> ways)
    {
        var ordered = new List<Way>(ways.Count);
        foreach (Way way in ways)
            ordered.Insert(ordered.FindLastIndex(w => w.Flops <= way.Flops) + 1, way);
        return ordered;
    }

    /// <summary>Names and costs.</summary>
    public static string InWords(List<Way> ways) => string.Join(", ", ways.ConvertAll(w => $"{w.Name} {LayerPlan.Short(w.Flops)}"));
}

/// <summary>The way that is taken, and why.</summary>
internal sealed class WayChoice
{
    /// <summary>How much dearer than the cheapest an exact way may be, which needs no guess of iterations.</summary>
    public const double ExactPreference = 1.25;

    /// <summary>Chooses.</summary>
    /// <param name="ways">All ways; the first, of which every layer is capable, is never beyond the budget.</param>
    /// <param name="memoryBudget">Bytes that a way may reserve.</param>
    public WayChoice(List<Way> ways, long memoryBudget)
    {
        bool IsBeyond(Way way) => way != ways[0] && way.Bytes > memoryBudget;
        List<Way> within = Way.ByFlops(ways.FindAll(w => !IsBeyond(w)));
        Chosen = within.Find(w => w.IsExact && w.Flops <= ExactPreference * within[0].Flops) ?? within[0];
        HasExact = within.Exists(w => w.IsExact);
        Reason = within.Count == 1 && ways.Count == 1 ? "the layer forms no matrix"
            : within.Count == 1 ? "nothing else is within the memory budget"
            : $"{(Chosen == within[0] ? "fewest flops" : "exact at nearly the fewest flops")} ({Way.InWords(within.FindAll(w => w != Chosen))})";
        List<Way> beyond = ways.FindAll(IsBeyond);
        if (beyond.Count > 0 && within.Count > 1)
            Reason += $"; beyond the memory budget: {string.Join(", ", beyond.ConvertAll(w => w.Name))}";
    }

    public Way Chosen { get; }

    /// <summary>Whether the budget has room for an exact way.</summary>
    public bool HasExact { get; }

    /// <summary>Why, in words.</summary>
    public string Reason { get; }
}
