using System.Numerics;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Theory;

/// <summary>
/// The theory's claims, checked on one training step of a network of your own: for each layer the direction v that the step would take, against the
/// gradient g, the derivative δ and the map A that single layers give, apart from the step.
/// </summary>
/// <remarks>
/// <para>Hidden proximal layers: A and its adjoint belong together; v solves (I/τ_θ + AᵀA)v = g (a conjugate-gradient iterate: as far as its
/// Krylov space allows, ⟨v, g − Mv⟩ = 0); the angle to g (exact: Kantorovich's 2√κ/(1 + κ); iterates: ⟨v,g⟩ ≥ ‖v‖²/(2τ_θ)); the
/// sub-problem's energy does not rise; ‖v‖ ≤ τ_θ‖g‖. Every layer: J falls along −v. Explicit layers: v = g. Frozen layers belong to the data.</para>
/// <para>τ_θ is the one that the step reports for the layer. Nothing is changed: parameters, running statistics, optimizer and step count are as before; only a solver that keeps a factor or a count of iterations from step to step has seen one step more.
/// The cost is about a hundred passes over the batch.</para>
/// </remarks>
public sealed class StepCertificate
{
    private StepCertificate(IReadOnlyList<CertificateEntry> entries) => Entries = entries;

    /// <summary>One entry per layer and claim.</summary>
    public IReadOnlyList<CertificateEntry> Entries { get; }

    /// <summary>Whether every claim holds.</summary>
    public bool Passed
    {
        get
        {
            foreach (CertificateEntry entry in Entries)
            {
                if (!entry.Passed)
                    return false;
            }

            return true;
        }
    }

    /// <summary>Checks one step on one batch.</summary>
    /// <param name="step">The step; its network, loss and directions are what is checked.</param>
    /// <param name="samples">The samples, one after the other.</param>
    /// <param name="targets">Labels or values.</param>
    /// <param name="batch">Number of samples.</param>
    /// <exception cref="ArgumentException">The loss of the batch is not finite.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The network does not take so many samples at a time, as where a step's batch comes in parts.</exception>
    public static StepCertificate Check<T>(TrainingStep<T> step, ReadOnlySpan<T> samples, Targets<T> targets, int batch)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(step);
        if (batch < 1 || batch > step.Network.MaxBatch)
        {
            throw new ArgumentOutOfRangeException(
                nameof(batch), batch, $"A batch of 1 to {step.Network.MaxBatch} samples was expected: layers are run one by one on all of it, for which the network has no more room.");
        }

        LossValue value = step.ComputeDirections(samples, targets, batch);
        if (!double.IsFinite(value.Loss))
            throw new ArgumentException($"The loss of this batch is {value.Loss}: there is no step to check.", nameof(samples));

        T[] state = NetworkState.Save(step.Network);
        T[] directions = step.Directions.ToArray();
        var entries = new List<CertificateEntry>();
        BackwardSweep<T> sweep = BackwardSweep<T>.Run(step, samples, targets, batch);
        RoundingProbe probe = RoundingProbe.Run(step, samples, targets, batch, sweep);
        int offset = step.FirstParameter;
        for (int l = 0; l < sweep.Groups.Count; l++)
        {
            LayerGroup<T> group = sweep.Groups[l];
            int count = group.Phi.ParameterCount;
            double[] v = DoubleVectors.ToDouble<T>(directions.AsSpan(offset, count));
            var layer = new LayerMeasure<T>(entries, group, sweep, probe, l, v);
            layer.CheckDirection(step.Reports[group.Index]);
            layer.CheckDescent(step, samples, targets, offset);
            offset += count;
        }

        NetworkState.Copy(step.Network, state, restore: true);
        return new StepCertificate(entries);
    }
}

/// <summary>Input a, derivative δ and gradient g of every layer with parameters, by single layers with every value in an array of its own.</summary>
internal sealed record BackwardSweep<T>(IReadOnlyList<LayerGroup<T>> Groups, Pass Pass, T[][] Inputs, T[][] Deltas, T[][] Gradients, double Loss)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static BackwardSweep<T> Run(TrainingStep<T> step, ReadOnlySpan<T> samples, Targets<T> targets, int batch, Nudge nudge = default)
    {
        Network<T> network = step.Network;
        var pass = new Pass(network.Compute, batch, Training: true, step.StepsDone, network.Seed);
        IReadOnlyList<LayerGroup<T>> groups = LayerGroup<T>.Cut(network, out IReadOnlyList<Layer<T>> beforeFirst, network.FrozenLayers);
        var inputs = new T[groups.Count][];
        var outputs = new T[groups.Count][];
        var deltas = new T[groups.Count][];
        var gradients = new T[groups.Count][];
        int frozen = Math.Min(network.FrozenLayers, beforeFirst.Count);
        T[] a = LayerChain.Forward(pass with { Training = false }, LayerGroup<T>.Range(beforeFirst, 0, frozen), samples[..(batch * network.Input.Size)], nudge)[^1];
        a = LayerChain.Forward(pass, LayerGroup<T>.Range(beforeFirst, frozen, beforeFirst.Count), a, nudge)[^1];
        for (int l = 0; l < groups.Count; l++)
        {
            inputs[l] = a;
            outputs[l] = groups[l].ApplyPhi(pass, a);
            nudge.Apply(outputs[l], zerosToo: true);
            a = groups[l].ApplySigma(pass, outputs[l], nudge);
        }

        var da = new T[a.Length];
        double loss = step.Loss.Evaluate(pass, a, targets, da).Loss;
        for (int l = groups.Count - 1; l >= 0; l--)
        {
            deltas[l] = groups[l].SigmaAdjoint(pass, outputs[l], da, nudge);
            nudge.Apply(deltas[l]);
            gradients[l] = groups[l].PhiAdjointTheta(pass, inputs[l], deltas[l]);
            if (l > 0)
                da = groups[l].PhiAdjointA(pass, inputs[l], deltas[l]);
        }

        return new BackwardSweep<T>(groups, pass, inputs, deltas, gradients, loss);
    }
}
