using System.Numerics;
using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;

namespace ProxProp.Engine.Training;

/// <summary>
/// A network's weights as a safetensors file that PyTorch opens: tensors <c>&lt;index&gt;.weight</c>, <c>&lt;index&gt;.bias</c> as in
/// <c>nn.Sequential</c>, every layer counting, and the running statistics of batch normalisation.
/// </summary>
/// <remarks>
/// Saving writes a temporary file beside the target, flushes it and renames it: a failed save leaves the old file as it was. A
/// <see cref="Checkpoint"/> has its weights under the same names, and is loaded as a file of weights too.
/// </remarks>
public static class Weights
{
    /// <summary>Saves parameters and running statistics.</summary>
    /// <param name="network">The network.</param>
    /// <param name="path">The file, replaced if it exists.</param>
    /// <param name="metadata">Texts to keep beside the weights, or null.</param>
    /// <exception cref="InvalidOperationException">The network has a number that is not finite, which no load would take; an old file is untouched.</exception>
    /// <exception cref="IOException">The file cannot be written; an old one is untouched.</exception>
    public static void Save<T>(Network<T> network, string path, IEnumerable<KeyValuePair<string, string>>? metadata = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(network);
        CheckFinite(network);
        var writer = new SafetensorsWriter();
        writer.SetMetadata("format", "pt");
        foreach ((string key, string value) in metadata ?? [])
            writer.SetMetadata(key, value);
        AddTo(writer, network);
        writer.Save(path);
    }

    /// <summary>Loads parameters and running statistics; converts between float and double where the file has the other.</summary>
    /// <param name="network">The network; unchanged if the file does not fit.</param>
    /// <param name="path">The file.</param>
    /// <exception cref="DataFormatException">The file is damaged, lacks a tensor, has one too many, one of another shape, or a number that is not finite.</exception>
    public static void Load<T>(Network<T> network, string path)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(network);
        using SafetensorsReader reader = SafetensorsReader.Open(path);
        Load(network, reader, prefix: string.Empty, exact: true);
    }

    /// <summary>Loads tensors whose names begin with <paramref name="prefix"/>.</summary>
    /// <param name="network">The network; unchanged if the file does not fit.</param>
    /// <param name="reader">The open file.</param>
    /// <param name="prefix">What stands before <c>&lt;index&gt;.weight</c>.</param>
    /// <param name="exact">Whether a tensor that the network does not have is an error.</param>
    /// <exception cref="DataFormatException">The file lacks a tensor, has one too many, or one of another shape.</exception>
    public static void Load<T>(Network<T> network, SafetensorsReader reader, string prefix, bool exact)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(reader);
        ArgumentNullException.ThrowIfNull(prefix);
        // All is read before anything is changed.
        Write(network, Read(network, reader, prefix, exact));
    }

    /// <summary>Adds all tensors to a file that is about to be written.</summary>
    internal static void AddTo<T>(SafetensorsWriter writer, Network<T> network)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach ((string name, NamedTensor tensor, int layer, int state) in Tensors(network))
            writer.Add(name, Sizes(tensor), tensor.Count, () => Values(network, layer, state, tensor));
    }

    /// <summary>Name of the first tensor that <see cref="Read"/> would refuse for a number that is not finite; null where there is none.</summary>
    internal static string? FirstNotFinite<T>(Network<T> network)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach ((string name, NamedTensor tensor, int layer, int state) in Tensors(network))
        {
            if (!Reductions.AllFinite<T>(network.Compute, Values(network, layer, state, tensor)))
                return name;
        }

        return null;
    }

    /// <summary>Refuses to save what <see cref="Read"/> would refuse.</summary>
    internal static void CheckFinite<T>(Network<T> network)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (FirstNotFinite(network) is { } name)
            throw new InvalidOperationException($"Tensor '{name}' of the network has a number that is not finite; nothing was saved.");
    }

    /// <summary>Gives the network what <see cref="Read"/> has read.</summary>
    internal static void Write<T>(Network<T> network, List<T[]> read)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int next = 0;
        foreach ((_, NamedTensor tensor, int layer, int state) in Tensors(network))
            read[next++].CopyTo(Values(network, layer, state, tensor));
    }

    /// <summary>Reads and checks what <see cref="Load{T}(Network{T}, SafetensorsReader, string, bool)"/> would load, without loading it.</summary>
    internal static List<T[]> Read<T>(Network<T> network, SafetensorsReader reader, string prefix, bool exact)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        List<(string Name, NamedTensor Tensor, int Layer, int State)> wanted = [.. Tensors(network)];
        foreach ((string name, NamedTensor tensor, _, _) in wanted)
        {
            SafetensorsEntry entry = reader.Find(prefix + name);
            if (!entry.Shape.SequenceEqual(Sizes(tensor)))
            {
                throw new DataFormatException(
                    reader.Name, $"tensor '{prefix + name}'", $"the shape {entry.ShapeText}", $"the network's [{string.Join(", ", tensor.Shape)}]");
            }
        }

        if (exact)
            RefuseOthers(network, reader, [.. wanted.ConvertAll(w => prefix + w.Name)], prefix);

        var read = new List<T[]>();
        foreach ((string name, NamedTensor tensor, _, _) in wanted)
        {
            var values = new T[tensor.Count];
            reader.Read<T>(prefix + name, values);
            if (!Reductions.AllFinite<T>(network.Compute, values))
                throw new DataFormatException(reader.Name, $"tensor '{prefix + name}'", "a number that is not finite", "finite weights");
            read.Add(values);
        }

        return read;
    }

    // PyTorch counts the batches that batch normalisation has seen; with a fixed momentum nothing depends on that number.
    private static void RefuseOthers<T>(Network<T> network, SafetensorsReader reader, HashSet<string> known, string prefix)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int count = known.Count;
        for (int i = 0; i < network.Layers.Count; i++)
        {
            if (network.Layers[i] is BatchNorm<T>)
                known.Add($"{prefix}{i}.num_batches_tracked");
        }

        foreach (SafetensorsEntry entry in reader.Entries)
        {
            if (!known.Contains(entry.Name) && !Checkpoint.Owns(entry.Name))
                throw new DataFormatException(reader.Name, "header", $"the tensor '{entry.Name}'", $"only the {count} tensors of the network");
        }
    }

    private static long[] Sizes(NamedTensor tensor)
    {
        var sizes = new long[tensor.Shape.Count];
        for (int i = 0; i < sizes.Length; i++)
            sizes[i] = tensor.Shape[i];
        return sizes;
    }

    // state is −1 for a parameter, else the index of the layer's state.
    private static IEnumerable<(string Name, NamedTensor Tensor, int Layer, int State)> Tensors<T>(Network<T> network)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < network.Layers.Count; i++)
        {
            Layer<T> layer = network.Layers[i];
            if (layer is ParametricLayer<T> parametric)
            {
                foreach (NamedTensor tensor in parametric.Tensors)
                    yield return ($"{i}.{tensor.Name}", tensor, i, -1);
            }

            for (int s = 0; s < layer.State.Count; s++)
                yield return ($"{i}.{layer.State[s].Name}", layer.State[s], i, s);
        }
    }

    private static Span<T> Values<T>(Network<T> network, int layer, int state, NamedTensor tensor)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => state >= 0
        ? network.Layers[layer].StateValues(state)
        : ((ParametricLayer<T>)network.Layers[layer]).Parameters.Slice(tensor.Offset, tensor.Count);
}
