using System.Numerics;
using ProxProp.Engine.Layers;

namespace ProxProp.Engine.Training;

/// <summary>How wide the two buffers are that derivatives go to and fro between on their way back through a network.</summary>
internal static class DerivativeWidths
{
    /// <summary>Elements for each sample: of the buffer that begins with the loss's derivative, and of the other.</summary>
    /// <param name="network">The network.</param>
    /// <param name="firstLayer">The layer at which the way ends.</param>
    public static (int Dz, int Da) Of<T>(Network<T> network, int firstLayer)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int current = 0, other = 0;
        bool swapped = false;
        for (int i = network.Layers.Count - 1; i >= firstLayer; i--)
        {
            Layer<T> layer = network.Layers[i];
            current = Math.Max(current, layer.Output.Size);
            if (i == firstLayer || layer.BufferUse == BufferUse.View || layer.BackwardInPlace)
                continue;
            (current, other, swapped) = (Math.Max(other, layer.Input.Size), current, !swapped);
        }

        return swapped ? (other, current) : (current, other);
    }
}
