using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Training;

/// <summary>Every buffer that training has, or would have, in bytes.</summary>
/// <remarks>
/// A network, step and trainer that are built on <see cref="ComputeContext.ForPlan"/> tell their buffers without allocating them. Buffers marked as
/// scratch share their memory with the other layers', so that only the largest layer's counts: <see cref="TotalBytes"/> is less than
/// the sum. What is not in it: the program itself and the runtime.
/// </remarks>
public sealed class MemoryPlan
{
    private readonly List<ArenaEntry> _entries = [];

    /// <summary>The buffers.</summary>
    public IReadOnlyList<ArenaEntry> Entries => _entries;

    /// <summary>Bytes of all of them, with alignment, those that share memory counted once.</summary>
    public long TotalBytes { get; private set; }

    /// <summary>Bytes of the memory that the layers' scratch buffers share.</summary>
    public long SharedBytes { get; private set; }

    /// <summary>
    /// Bytes of <see cref="TotalBytes"/> that stay untouched, so that the machine never gives them: packing memory beyond this network's products, what
    /// Gram matrices need of layers that form none, and what exact steps in double need as long as float will do.
    /// </summary>
    public long StandbyBytes { get; private set; }

    /// <summary>The plan of a training step and what goes with it.</summary>
    /// <param name="step">The step with its network and compute context.</param>
    /// <param name="trainer">The trainer, or null.</param>
    /// <param name="evaluators">Evaluators; a trainer makes one for itself where it is given validation data.</param>
    public static MemoryPlan Of<T>(TrainingStep<T> step, Trainer<T>? trainer = null, params ReadOnlySpan<Evaluator<T>> evaluators)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(step);
        var plan = new MemoryPlan();
        plan.Add("kernels", "packed panels and scratch of each thread", step.Network.Compute.WorkspaceBytes, BufferPurpose.Packing);
        plan.Add(step.Network.Buffers, step.Network.BufferBytes);
        plan.Add(step.Buffers, step.BufferBytes);
        plan.StandbyBytes = step.StandbyBytes + step.Network.StandbyBytes + step.Network.Compute.StandbyBytes;
        plan.SharedBytes = step.Network.ScratchBytes + step.ScratchBytes;
        if (trainer is not null)
            plan.Add(trainer.Buffers, trainer.BufferBytes);
        foreach (Evaluator<T> evaluator in evaluators)
            plan.Add(evaluator.Buffers, evaluator.BufferBytes);
        return plan;
    }

    /// <summary>Adds memory that no arena holds.</summary>
    /// <param name="owner">Whose it is.</param>
    /// <param name="name">What it holds.</param>
    /// <param name="bytes">Its size.</param>
    /// <param name="purpose">What it is for.</param>
    public void Add(string owner, string name, long bytes, BufferPurpose purpose)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        _entries.Add(new ArenaEntry(name, bytes, false, owner, purpose));
        TotalBytes += bytes;
    }

    private void Add(IReadOnlyList<ArenaEntry> entries, long totalBytes)
    {
        _entries.AddRange(entries);
        TotalBytes += totalBytes;
    }
}
