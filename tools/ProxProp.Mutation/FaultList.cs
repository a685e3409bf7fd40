using ProxProp.Mutation.Faults;

namespace ProxProp.Mutation;

/// <summary>All faults.</summary>
internal static class FaultList
{
    /// <summary>All faults, area by area.</summary>
    public static IReadOnlyList<Fault> All { get; } = [.. ProximalFaults.List, .. LayerFaults.List, .. KernelFaults.List, .. TrainingFaults.List];
}
