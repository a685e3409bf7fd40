using System.Numerics;
using ProxProp.Engine.Layers;

namespace ProxProp.Engine.Training;

/// <summary>What a batch, or one that comes in parts, asks of a network, and how the parts go together.</summary>
internal static class MicroBatches
{
    /// <summary>Refuses what needs its batch as a whole.</summary>
    /// <exception cref="NotSupportedException">Something does; the message names it.</exception>
    public static void Check<T>(Network<T> network, LayerDirections<T> directions)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (!directions.InParts)
            return;
        for (int i = network.FrozenLayers; i < network.Layers.Count; i++)
        {
            if (network.Layers[i].NeedsWholeBatch)
                throw new NotSupportedException($"Layer {i} ({network.Layers[i]}) needs its batch as a whole, for statistics over it; micro-batches are no way for it.");
            if (directions.All[i]?.Damping is { AdaptEvery: > 0 })
                throw new NotSupportedException("Levenberg-Marquardt damping tries steps on the batch as a whole; with micro-batches take a fixed or a scale-free one.");
        }
    }

    /// <summary>Refuses a batch that is too small for a layer's statistics.</summary>
    public static void CheckSize<T>(Network<T> network, int batch)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (batch > 0 && FirstAbove(network, batch) is var (i, least))
        {
            throw new ArgumentException(
                $"Layer {i} ({network.Layers[i]}) is trained on batches of at least {least} samples, but a batch has {batch}.", nameof(batch));
        }
    }

    /// <summary>Refuses a batch size that leaves a last batch too small for a layer's statistics.</summary>
    public static void CheckLast<T>(Network<T> network, int samples, int batchSize)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int last = Last(samples, batchSize);
        if (FirstAbove(network, last) is not var (i, least))
            return;
        if (samples < least)
            throw new ArgumentException($"Layer {i} ({network.Layers[i]}) needs batches of at least {least} samples, but the data have {samples}.", nameof(samples));
        int other = batchSize + 1;
        while (Last(samples, other) < least)
            other++;
        throw new ArgumentException(
            $"{samples} samples in batches of {batchSize} leave a last batch of {last}, and layer {i} ({network.Layers[i]}) needs at least {least}; " +
            $"take another batch size, {other} for example.",
            nameof(batchSize));
    }

    // The first layer that is trained on larger batches only, and how large they must be; null if there is none.
    private static (int Index, int Least)? FirstAbove<T>(Network<T> network, int batch)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = network.FrozenLayers; i < network.Layers.Count; i++)
        {
            int least = network.Layers[i].MinTrainingBatch;
            if (batch < least)
                return (i, least);
        }

        return null;
    }

    private static int Last(int samples, int batchSize) => ((samples - 1) % batchSize) + 1;

    /// <summary>A part's samples.</summary>
    public static ReadOnlySpan<T> Rows<T>(ReadOnlySpan<T> samples, in Pass part, Shape input)
    {
        int first = part.First * input.Size, count = part.Batch * input.Size;
        return samples.Length >= first + count
            ? samples.Slice(first, count)
            : throw new ArgumentException($"{part.First + part.Batch} samples of shape {input} have {first + count} elements, but got {samples.Length}.", nameof(samples));
    }

    /// <summary>The loss of the parts so far and a further one, which is so much of the batch.</summary>
    public static LossValue Add(LossValue sum, LossValue part, double weight) =>
        new(sum.Loss + (weight * part.Loss), part.Correct < 0 ? -1 : sum.Correct + part.Correct);
}
