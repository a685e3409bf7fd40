using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Training;

/// <summary>A copy of all that a network has learnt: parameters, and the running statistics of its layers.</summary>
/// <typeparam name="T">float or double.</typeparam>
internal sealed class Snapshot<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Network<T> _network;
    private readonly Slot<T> _parameters;
    private readonly StateCopy<T> _state;

    /// <summary>Reserves room for the copy.</summary>
    public Snapshot(Network<T> network, Arena arena)
    {
        _network = network;
        _parameters = arena.Reserve<T>("last good parameters", network.ParameterCount);
        _state = new StateCopy<T>(network, arena, "last good running statistics");
    }

    /// <summary>Copies what the network has learnt, if all of it is finite; otherwise the earlier copy stays.</summary>
    /// <returns>Whether it was finite.</returns>
    public bool TryTake()
    {
        if (!Reductions.AllFinite<T>(_network.Compute, _network.Parameters))
            return false;
        foreach (Layer<T> layer in _network.Layers)
        {
            for (int i = 0; i < layer.State.Count; i++)
            {
                if (!Reductions.AllFinite<T>(_network.Compute, layer.StateValues(i)))
                    return false;
            }
        }

        _network.Parameters.CopyTo(_parameters.Span);
        _state.Take();
        return true;
    }

    /// <summary>Gives the network the last copy back.</summary>
    public void Restore()
    {
        _parameters.Span.CopyTo(_network.Parameters);
        _state.Restore();
    }
}
