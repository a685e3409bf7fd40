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
        _copy = arena.Reserve<T>(name, network.Layers.Sum(l => l.State.Sum(s => (long)s.Count)));
    }

    /// <summary>Copies the statistics as they are.</summary>
    public void Take() => Copy(restore: false);

    /// <summary>Gives the network the last copy back.</summary>
    public void Restore() => Copy(restore: true);

    private void Copy(bool restore)
    {
        Span<T> rest = _copy.Span;
        for (int l = 0; l < _network.Layers.Count; l++)
        {
            Layer<T> layer = _network.Layers[l];
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
