using System.Numerics;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Training;

/// <summary>
/// Where the layers' outputs are. A layer has a buffer of its own, or writes over the output before it where nobody reads that any more, or only
/// looks at it in another shape.
/// </summary>
/// <param name="layers">The layers, first to last.</param>
internal sealed class OutputBuffers<T>(Layer<T>[] layers)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The network's own input where a buffer is asked for.</summary>
    private const int InputBuffer = -1;

    private readonly Slot<T>[] _buffers = new Slot<T>[layers.Length];
    private readonly int[] _bufferOf = new int[layers.Length];
    private readonly bool[] _isThere = new bool[layers.Length];
    private readonly bool[] _isKept = new bool[layers.Length];

    /// <summary>A layer's output for so many samples, if it is not the network's input.</summary>
    public Span<T> this[int layer, int batch] => _buffers[_bufferOf[layer]].Span[..(batch * layers[layer].Output.Size)];

    /// <summary>Whether a layer's output is what the network was given.</summary>
    public bool IsInput(int layer) => _bufferOf[layer] == InputBuffer;

    /// <summary>Whether a layer's output is there without its forward pass: a view, or a ReLU that the layer before does too.</summary>
    public bool IsThere(int layer) => _isThere[layer];

    /// <summary>Whether a layer's output is still what it was when all layers have done their forward passes.</summary>
    public bool IsKept(int layer) => _isKept[layer];

    /// <summary>Reserves the buffers; the layers are attached. Fuses each ReLU that may be with the layer before it.</summary>
    public void Plan(Arena arena, int maxBatch)
    {
        int current = InputBuffer;
        bool needed = true; // whether somebody still reads the current buffer as it is
        for (int i = 0; i < layers.Length; i++)
        {
            Layer<T> layer = layers[i];
            BufferUse use = layer.BufferUse;
            if (use == BufferUse.View)
            {
                _isThere[i] = true;
                needed |= layer.BackwardNeedsOutput;
            }
            else if (use == BufferUse.Overwrites && !needed)
            {
                if (layer is Relu<T> && layers[i - 1] is IFusesRelu fusing)
                    fusing.FuseRelu = _isThere[i] = true;
                for (int before = 0; before < i; before++)
                    _isKept[before] &= _bufferOf[before] != current;
                needed = layer.BackwardNeedsOutput;
            }
            else
            {
                current = i;
                arena.Label(Network<T>.LabelOf(i, layer), BufferPurpose.Activations);
                _buffers[i] = arena.Reserve<T>($"output of layer {i} ({layer.Kind})", (long)maxBatch * layer.Output.Size);
                needed = layer.BackwardNeedsOutput;
            }

            _bufferOf[i] = current;
            _isKept[i] = true;
        }
    }
}
