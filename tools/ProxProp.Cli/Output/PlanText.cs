using ProxProp.Cli.Commands;
using ProxProp.Engine.Kernels;
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

    /// <summary>What a memory budget has made smaller, beside the solvers.</summary>
    public static IEnumerable<string> Within(TrainRequest request)
    {
        if (request.MicroBatch > 0)
            yield return $"micro-batches of {request.MicroBatch}: the same sums in another order, equal to rounding, not to the bit";
        if (request.PackedRows < ComputeContext.MostPackedRows)
            yield return $"{request.PackedRows} rows packed at a time instead of {ComputeContext.MostPackedRows}: the same bits, more time";
    }

    private static string Cost(LayerPlan plan) => plan.Solver == SolverKind.Gradient
        ? plan.SolverName
        : $"{plan.SolverName}, {Texts.Flops(plan.Flops)}, {Texts.Bytes(plan.Bytes)}";
}
