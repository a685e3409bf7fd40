using ProxProp.Engine.Solvers;

namespace ProxProp.Engine.Proximal;

/// <summary>What is planned for one layer's direction before training: the solver, its cost, and why it was taken.</summary>
/// <param name="Solver">The solver for the largest batch; <see cref="LayerReport.Solver"/> says what a step has really taken.</param>
/// <param name="Flops">Floating-point operations of a step at the largest batch beyond those of the plain gradient, leading terms; NaN where nobody knows.</param>
/// <param name="Reason">Why this solver, in words.</param>
public sealed record LayerPlan(SolverKind Solver, double Flops, string Reason)
{
    /// <summary>Bytes that the solver has reserved for the largest batch; what lives only while a layer is solved is shared by all layers.</summary>
    public long Bytes { get; init; }

    /// <summary>The solver in words, such as "exact dual".</summary>
    public string SolverName => Way.NameOf(Solver);

    /// <summary>Whether an exact solve follows where the solver does not come as far as asked.</summary>
    internal bool ExactStandsBy { get; init; }

    /// <summary>
    /// What of the plan a step's bits depend on: primal or dual, an exact step decides for each batch by itself, iterations are in one form for good.
    /// </summary>
    internal string Settings => Solver is SolverKind.PrimalCholesky or SolverKind.DualCholesky
        ? "exact"
        : SolverName + (ExactStandsBy ? ", exact stands by" : string.Empty);

    /// <summary>The plan of a layer that takes its gradient.</summary>
    internal static LayerPlan Gradient(string reason) => new(SolverKind.Gradient, 0, reason);

    /// <summary>Flops in three digits or less, such as <c>2.8G</c>.</summary>
    internal static string Short(double flops) => flops switch
    {
        double.PositiveInfinity => "out of reach",
        < 1e3 => $"{flops:F0}",
        < 1e6 => Scaled(flops / 1e3, "k"),
        < 1e9 => Scaled(flops / 1e6, "M"),
        < 1e12 => Scaled(flops / 1e9, "G"),
        _ => Scaled(flops / 1e12, "T"),
    };

    private static string Scaled(double value, string unit) => value < 10 ? $"{value:F1}{unit}" : $"{value:F0}{unit}";
}
