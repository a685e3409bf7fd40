using System.Numerics;
using System.Text;
using ProxProp.Engine.Layers;

namespace ProxProp.Engine.Training;

/// <summary>New layers like those of a network, and what they have learnt.</summary>
internal static class LayerCopies
{
    /// <summary>New layers like the network's from <paramref name="first"/> on, made from their description as a model file has it.</summary>
    /// <exception cref="NotSupportedException">A layer is of a kind that model files do not know.</exception>
    public static IReadOnlyList<Layer<T>> Make<T>(Network<T> network, int first = 0)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var model = new Model<T>(InputOf(network, first), [.. network.Layers.Skip(first)]);
        return ModelFile.Parse<T>(Encoding.UTF8.GetBytes(ModelWriter.ToJson(model))).Layers;
    }

    /// <summary>Shape of what layer <paramref name="index"/> reads.</summary>
    public static Shape InputOf<T>(Network<T> network, int index)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => index == 0 ? network.Input : network.Layers[index - 1].Output;

    /// <summary>Copies the running statistics of layers that are alike.</summary>
    public static void CopyState<T>(IEnumerable<Layer<T>> from, IEnumerable<Layer<T>> to)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach ((Layer<T> source, Layer<T> target) in from.Zip(to))
        {
            for (int i = 0; i < source.State.Count; i++)
                source.StateValues(i).CopyTo(target.StateValues(i));
        }
    }
}
