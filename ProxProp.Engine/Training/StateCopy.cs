using System.Numerics;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Training;

/// <summary>A copy of the running statistics of a network's layers.</summary>
/// <typeparam name="T">float or double.</typeparam>
internal sealed class StateCopy<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Network<T> _network;
    private readonly Slot<T> _copy;

    /// <summary>Reserves room for the copy.</summary>
    public StateCopy(Network<T> network, Arena arena, string name)
    {
        _network = network;
        _copy = arena.Reserve<T>(name, NetworkState.Count(network));
    }

    /// <summary>Copies the statistics as they are.</summary>
    public void Take() => NetworkState.Copy(_network, _copy.Span, restore: false);

    /// <summary>Gives the network the last copy back.</summary>
    public void Restore() => NetworkState.Copy(_network, _copy.Span, restore: true);
}

/// <summary>Running statistics and the like: what a forward pass in training changes beside its output.</summary>
internal static class NetworkState
{
    /// <summary>How many numbers they are.</summary>
    public static long Count<T>(Network<T> network)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long count = 0;
        foreach (Layer<T> layer in network.Layers)
        {
            foreach (NamedTensor tensor in layer.State)
                count += tensor.Count;
        }

        return count;
    }

    /// <summary>A copy of them.</summary>
    public static T[] Save<T>(Network<T> network)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var values = new T[Count(network)];
        Copy<T>(network, values, restore: false);
        return values;
    }

    /// <summary>Copies them there, or gives the network back what was copied.</summary>
    public static void Copy<T>(Network<T> network, Span<T> rest, bool restore)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int l = 0; l < network.Layers.Count; l++)
        {
            Layer<T> layer = network.Layers[l];
            for (int i = 0; i < layer.State.Count; i++)
            {
                Span<T> values = layer.StateValues(i), copy = rest[..values.Length];
                if (restore)
                    copy.CopyTo(values);
                else
                    values.CopyTo(copy);
                rest = rest[values.Length..];
            }
        }
    }
}
