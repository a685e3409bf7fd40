using System.Globalization;
using System.Numerics;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Solvers;

namespace ProxProp.Engine.Training;

/// <summary>What a sequence of training steps depends on, in words: a checkpoint is resumed only where all of them are the same.</summary>
internal static class StepSettings
{
    /// <summary>
    /// How the names of settings begin that say how a layer is solved, which the network's largest batch has a say in. Checkpoints of before they were
    /// written have none of them, and are taken as they are.
    /// </summary>
    public const string SolverOfLayer = "solver of layer ";

    public static IEnumerable<KeyValuePair<string, string>> Of<T>(
        Network<T> network, Loss<T> loss, ProximalStep<T> step, IReadOnlyList<LayerPlan?> plans, int stepsBetweenTrials, Optimizer<T> optimizer, bool inParts)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        yield return new("number type", typeof(T).Name);
        yield return new("input", network.Input.ToString());
        for (int i = 0; i < network.Layers.Count; i++)
            yield return new($"layer {i}", ModelWriter.Describe(network.Layers[i]));
        yield return new("number of layers", network.Layers.Count.ToString(CultureInfo.InvariantCulture));
        if (network.FrozenLayers > 0)
            yield return new("frozen layers", network.FrozenLayers.ToString(CultureInfo.InvariantCulture));
        yield return new("seed of dropout", network.Seed.ToString(CultureInfo.InvariantCulture));
        yield return new("loss", loss.Settings);
        yield return new("step", step.Settings);
        yield return new("steps between trials of the damping", stepsBetweenTrials.ToString(CultureInfo.InvariantCulture));
        yield return new("optimizer", optimizer.Settings);
        if (inParts)
            yield return new("samples in a micro-batch", network.MaxBatch.ToString(CultureInfo.InvariantCulture));
        if (step is ExactStep<T> or ExplicitStep<T>)
            yield break; // one way, whatever the largest batch
        for (int i = 0; i < plans.Count; i++)
        {
            if (plans[i] is { Solver: not (SolverKind.Gradient or SolverKind.Custom) } plan)
                yield return new($"{SolverOfLayer}{i}", plan.Settings);
        }
    }
}
