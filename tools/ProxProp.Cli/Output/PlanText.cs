using ProxProp.Engine.Proximal;
using ProxProp.Engine.Solvers;

namespace ProxProp.Cli.Output;

/// <summary>A layer's plan in words.</summary>
internal static class PlanText
{
    /// <summary>Solver, cost and the whole reason.</summary>
    public static string Of(LayerPlan plan) => $"{Cost(plan)}: {plan.Reason}";

    /// <summary>Solver, cost and the reason without its figures.</summary>
    public static string Short(LayerPlan plan)
    {
        int figures = plan.Reason.IndexOfAny(['(', ';']);
        return $"{Cost(plan)}: {(figures < 0 ? plan.Reason : plan.Reason[..figures].TrimEnd())}";
    }

    private static string Cost(LayerPlan plan) => plan.Solver == SolverKind.Gradient
        ? "gradient"
        : $"{Name(plan.Solver)}, {Texts.Flops(plan.Flops)}, {Texts.Bytes(plan.Bytes)}";

    private static string Name(SolverKind solver) => solver switch
    {
        SolverKind.PrimalCholesky => "exact primal",
        SolverKind.DualCholesky => "exact dual",
        SolverKind.MatrixFreeCg => "matrix-free cg",
        SolverKind.GramCg => "gram cg",
        SolverKind.DualCg => "dual cg",
        _ => "custom",
    };
}
