using System.Numerics;
using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Training;

/// <summary>How well a network does on a data set.</summary>
/// <param name="Loss">Mean loss over all samples.</param>
/// <param name="Accuracy">Fraction of samples whose largest output is the label's.</param>
/// <param name="Count">Number of samples.</param>
public readonly record struct Evaluation(double Loss, double Accuracy, int Count);

/// <summary>Evaluates a network on labelled data, a largest batch at a time; the same memory serves every call.</summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class Evaluator<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Network<T> _network;
    private readonly Loss<T> _loss;
    private readonly Arena _arena = new();
    private readonly Slot<T> _samples;
    private readonly Slot<int> _labels;
    private readonly Slot<int> _rows;

    /// <summary>Reserves room for one batch.</summary>
    /// <param name="network">The network.</param>
    /// <param name="loss">The loss of a training step, or one of its own; null for softmax cross-entropy.</param>
    /// <exception cref="ArgumentException">The loss is that of a network with another number of outputs, or with smaller batches.</exception>
    public Evaluator(Network<T> network, Loss<T>? loss = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        if (loss is { IsOwned: true })
            loss.CheckFits(network.MaxBatch, network.Output);
        _network = network;
        _arena.Label("evaluation", BufferPurpose.Data);
        _samples = _arena.Reserve<T>("evaluation samples", (long)network.MaxBatch * network.Input.Size);
        _labels = _arena.Reserve<int>("evaluation labels", network.MaxBatch);
        _rows = _arena.Reserve<int>("evaluation rows", network.MaxBatch);
        _loss = loss ?? new CrossEntropyLoss<T>();
        if (!_loss.IsOwned)
            _loss.Attach(new PlanContext(_arena, network.Compute, network.MaxBatch), network.Output);
        if (!network.Compute.IsPlan)
            _arena.Commit();
    }

    /// <summary>Every buffer that evaluation reserved, for the memory plan.</summary>
    public IReadOnlyList<ArenaEntry> Buffers => _arena.Entries;

    /// <summary>Bytes of all buffers.</summary>
    public long BufferBytes => _arena.TotalBytes;

    /// <summary>Loss and accuracy over all of <paramref name="data"/>, in evaluation mode (no dropout, running statistics).</summary>
    /// <exception cref="ArgumentException">The samples or classes do not fit the network.</exception>
    public Evaluation Evaluate(Dataset<T> data)
    {
        ArgumentNullException.ThrowIfNull(data);
        CheckFits(_network, data);
        using ContextClaim claim = _network.Compute.Claim();
        double loss = 0;
        long correct = 0;
        for (int first = 0; first < data.Count; first += _network.MaxBatch)
        {
            int batch = Math.Min(_network.MaxBatch, data.Count - first);
            Span<int> rows = _rows.Span[..batch], labels = _labels.Span[..batch];
            for (int i = 0; i < batch; i++)
                rows[i] = first + i;
            data.CopyBatch(rows, _samples.Span, labels);
            var pass = new Pass(_network.Compute, batch);
            LossValue value = _loss.Evaluate(pass, _network.Forward(pass, _samples.Span), new Targets<T>(labels), default);
            loss += value.Loss * batch;
            correct += value.Correct;
        }

        return data.Count == 0
            ? new Evaluation(double.NaN, double.NaN, 0)
            : new Evaluation(loss / data.Count, (double)correct / data.Count, data.Count);
    }

    /// <summary>Frees the memory; the network stays.</summary>
    public void Dispose() => _arena.Dispose();

    /// <summary>Checks that the samples have the network's input size and their classes fit its outputs.</summary>
    internal static void CheckFits(Network<T> network, Dataset<T> data)
    {
        if (data.Features != network.Input.Size)
        {
            throw new ArgumentException(
                $"The network takes samples of {network.Input.Size} elements ({network.Input}), but those of {data.Name} have {data.Features}.", nameof(data));
        }

        if (data.Classes > network.Output.Size)
            throw new ArgumentException($"{data.Name} has {data.Classes} classes, but the network has only {network.Output.Size} outputs.", nameof(data));
    }

    /// <summary>Checks that every row has a label, which cross-entropy asks for.</summary>
    internal static void CheckLabels(Network<T> network, Dataset<T> data)
    {
        int row = data.Labels.IndexOfAnyExceptInRange(0, network.Output.Size - 1);
        if (row >= 0)
        {
            throw new ArgumentException(
                $"Row {data.SourceRow(row)} of {data.Name} has the label {data.Labels[row]}; cross-entropy needs one of 0 to {network.Output.Size - 1}.", nameof(data));
        }
    }
}
