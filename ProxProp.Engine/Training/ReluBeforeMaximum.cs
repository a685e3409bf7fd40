using System.Numerics;
using ProxProp.Engine.Layers;

namespace ProxProp.Engine.Training;

/// <summary>
/// A ReLU that max pooling follows: the maximum of what it lets through is what it lets through of the maximum, so its derivative is taken behind the
/// pooling, where there is a fraction of it to read and write, if the maximum is still there. The numbers are the same to the bit.
/// </summary>
internal static class ReluBeforeMaximum
{
    /// <summary>Whether a layer is such a ReLU, and has nothing left to do on the way back.</summary>
    public static bool IsAt<T>(Network<T> network, int layer)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        network.Layers[layer] is Relu<T> && layer + 1 < network.Layers.Count && network.Layers[layer + 1] is MaxPool2d<T>
        && network.KeepsOutput(layer + 1);

    /// <summary>Where a layer is max pooling behind a ReLU, takes the ReLU's derivative of what comes back to the pooling.</summary>
    /// <param name="network">The network.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="pass">The pass.</param>
    /// <param name="z">The layer's output.</param>
    /// <param name="dz">Its derivative; overwritten.</param>
    public static void Backward<T>(Network<T> network, int layer, in Pass pass, ReadOnlySpan<T> z, Span<T> dz)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (layer > 0 && IsAt(network, layer - 1))
            network.Layers[layer - 1].Backward(pass, z, z, dz, dz);
    }
}
