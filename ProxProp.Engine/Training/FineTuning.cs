using System.Numerics;
using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;

namespace ProxProp.Engine.Training;

/// <summary>
/// Training the last layers of a network whose first ones are frozen (<see cref="Network{T}.FrozenLayers"/>) without running the frozen ones again
/// and again: what they give is computed once for each sample, and the last layers are trained on that as a network of their own.
/// </summary>
/// <remarks>
/// To the bit the same as training the whole network with its first layers frozen, on the same batches: a frozen layer gives each sample the same
/// numbers in every batch. It costs memory for the features, and saves the frozen layers' forward passes in all epochs but one.
/// </remarks>
public static class FineTuning
{
    /// <summary>What the frozen layers give for every row, with the rows' labels.</summary>
    /// <param name="network">The network with its frozen layers.</param>
    /// <param name="data">Data that fit it.</param>
    /// <exception cref="ArgumentException">The data do not fit, or the layers give numbers that are not finite.</exception>
    public static Dataset<T> Features<T>(Network<T> network, Dataset<T> data)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(data);
        Evaluator<T>.CheckFits(network, data);
        Shape shape = LayerCopies.InputOf(network, network.FrozenLayers);
        var features = new T[checked(data.Count * shape.Size)];
        var samples = new T[Math.Min(network.MaxBatch, Math.Max(1, data.Count)) * data.Features];
        for (int first = 0; first < data.Count; first += network.MaxBatch)
        {
            int batch = Math.Min(network.MaxBatch, data.Count - first);
            data.CopyRange(first, batch, samples, []);
            network.ForwardUntil(network.FrozenLayers, new Pass(network.Compute, batch), samples);
            network.InputOf(network.FrozenLayers, batch, samples).CopyTo(features.AsSpan(first * shape.Size));
        }

        (int channels, int height, int width) = shape.IsImage ? (shape.Channels, shape.Height, shape.Width) : (1, 1, shape.Size);
        return new Dataset<T>($"features of {data.Name}", channels, height, width, data.ClassNames, features, data.Labels.ToArray());
    }

    /// <summary>The layers that are not frozen as a network of their own, with copies of their parameters and running statistics.</summary>
    /// <param name="network">The network with its frozen layers.</param>
    /// <param name="maxBatch">The largest batch; 0 for the network's own.</param>
    /// <exception cref="NotSupportedException">A layer is of a kind that model files do not know; train the whole network instead.</exception>
    public static Network<T> Tail<T>(Network<T> network, int maxBatch = 0)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(network);
        int frozen = network.FrozenLayers;
        if (frozen == network.Layers.Count)
            throw new ArgumentException("All layers are frozen; there is no tail.", nameof(network));
        var tail = new Network<T>(
            LayerCopies.InputOf(network, frozen),
            LayerCopies.Make(network, frozen),
            maxBatch == 0 ? network.MaxBatch : maxBatch,
            network.Seed,
            network.Compute,
            firstIndex: frozen,
            shared: null);
        network.Parameters[^tail.ParameterCount..].CopyTo(tail.Parameters);
        LayerCopies.CopyState(network.Layers.Skip(frozen), tail.Layers);
        return tail;
    }

    /// <summary>Gives the network what its tail has learnt.</summary>
    /// <param name="tail">The trained tail.</param>
    /// <param name="network">The network that it is the tail of.</param>
    /// <exception cref="ArgumentException">It is not its tail.</exception>
    public static void CopyBack<T>(Network<T> tail, Network<T> network)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(tail);
        ArgumentNullException.ThrowIfNull(network);
        IEnumerable<string> own = tail.Layers.Select(l => l.ToString()), rest = network.Layers.Skip(network.FrozenLayers).Select(l => l.ToString());
        if (!own.SequenceEqual(rest))
            throw new ArgumentException($"The layers [{string.Join(", ", own)}] are not the network's last, [{string.Join(", ", rest)}].", nameof(tail));
        tail.Parameters.CopyTo(network.Parameters[^tail.ParameterCount..]);
        LayerCopies.CopyState(tail.Layers, network.Layers.Skip(network.FrozenLayers));
    }
}
