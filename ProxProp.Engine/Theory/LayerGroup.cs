using System.Numerics;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Theory;

/// <summary>
/// One transfer of the paper's network: φ, a layer with parameters, and σ, all layers without parameters up to the next φ (activation,
/// pooling, flatten and so on).
/// </summary>
/// <remarks>
/// Layers before the first φ belong to the data: they have nothing to train. Those behind the last φ belong to the loss L_y. Every value is
/// returned in an array of its own, and every layer is run forward again before it is run backward, because a layer may remember its input.
/// </remarks>
/// <typeparam name="T">float or double.</typeparam>
public sealed class LayerGroup<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Layer<T>[] _sigma;

    private LayerGroup(ParametricLayer<T> phi, int index, Layer<T>[] sigma)
    {
        Phi = phi;
        Index = index;
        _sigma = sigma;
    }

    /// <summary>The layer with parameters, φ(θ, a).</summary>
    public ParametricLayer<T> Phi { get; }

    /// <summary>Place of φ in the network, from 0.</summary>
    public int Index { get; }

    /// <summary>The layers of σ, first to last; empty where σ is the identity.</summary>
    public IReadOnlyList<Layer<T>> Sigma => _sigma;

    /// <summary>Cuts a network into its groups.</summary>
    /// <param name="network">The network.</param>
    /// <param name="beforeFirst">The layers before the first φ.</param>
    /// <param name="frozen">The first layers, so many, that have nothing to train.</param>
    /// <exception cref="ArgumentException">No layer has parameters to train.</exception>
    public static IReadOnlyList<LayerGroup<T>> Cut(Network<T> network, out IReadOnlyList<Layer<T>> beforeFirst, int frozen = 0)
    {
        ArgumentNullException.ThrowIfNull(network);
        IReadOnlyList<Layer<T>> layers = network.Layers;
        var phis = new List<int>();
        for (int i = frozen; i < layers.Count; i++)
        {
            if (layers[i] is ParametricLayer<T>)
                phis.Add(i);
        }

        if (phis.Count == 0)
            throw new ArgumentException("The network has no layer with parameters, one at least was expected.", nameof(network));
        beforeFirst = Range(layers, 0, phis[0]);
        var groups = new List<LayerGroup<T>>();
        for (int l = 0; l < phis.Count; l++)
        {
            int end = l + 1 < phis.Count ? phis[l + 1] : layers.Count;
            groups.Add(new LayerGroup<T>((ParametricLayer<T>)layers[phis[l]], phis[l], Range(layers, phis[l] + 1, end)));
        }

        return groups;
    }

    /// <summary>The layers from one place up to another.</summary>
    internal static Layer<T>[] Range(IReadOnlyList<Layer<T>> layers, int start, int end)
    {
        var range = new Layer<T>[end - start];
        for (int i = 0; i < range.Length; i++)
            range[i] = layers[start + i];
        return range;
    }

    /// <summary>φ(θ, a) with the network's own θ.</summary>
    public T[] ApplyPhi(in Pass pass, ReadOnlySpan<T> a)
    {
        var z = new T[pass.Batch * Phi.Output.Size];
        // Forward may have an activation fused into it; Apply is the linear map alone.
        if (Phi is ProximalLayer<T> proximal)
            proximal.Apply(pass, a, proximal.Parameters, z);
        else
            Phi.Forward(pass, a, z);
        return z;
    }

    /// <summary>(∂φ/∂a)ᵀ·dz.</summary>
    public T[] PhiAdjointA(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> dz)
    {
        T[] z = ApplyPhi(pass, a);
        var da = new T[pass.Batch * Phi.Input.Size];
        Phi.Backward(pass, a, z, dz, da);
        return da;
    }

    /// <summary>(∂φ/∂θ)ᵀ·dz.</summary>
    public T[] PhiAdjointTheta(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> dz)
    {
        ApplyPhi(pass, a);
        var dtheta = new T[Phi.ParameterCount];
        Phi.ParameterGradient(pass, a, dz, dtheta);
        return dtheta;
    }

    /// <summary>σ(z).</summary>
    public T[] ApplySigma(in Pass pass, ReadOnlySpan<T> z) => ApplySigma(pass, z, Nudge.None);

    /// <summary>σ'(z)ᵀ·da.</summary>
    public T[] SigmaAdjoint(in Pass pass, ReadOnlySpan<T> z, ReadOnlySpan<T> da) => SigmaAdjoint(pass, z, da, Nudge.None);

    internal T[] ApplySigma(in Pass pass, ReadOnlySpan<T> z, Nudge nudge) => LayerChain.Forward(pass, _sigma, z, nudge)[^1];

    internal T[] SigmaAdjoint(in Pass pass, ReadOnlySpan<T> z, ReadOnlySpan<T> da, Nudge nudge) => LayerChain.Backward(pass, _sigma, z, da, nudge);
}

/// <summary>Layers one after the other with every value in an array of its own.</summary>
internal static class LayerChain
{
    /// <summary>The input, then the output of each layer, each as <paramref name="nudge"/> leaves it.</summary>
    public static T[][] Forward<T>(in Pass pass, IReadOnlyList<Layer<T>> layers, ReadOnlySpan<T> input, Nudge nudge)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var values = new T[layers.Count + 1][];
        values[0] = input.ToArray();
        for (int i = 0; i < layers.Count; i++)
        {
            values[i + 1] = new T[pass.Batch * layers[i].Output.Size];
            layers[i].Forward(pass, values[i], values[i + 1]);
            nudge.Apply(values[i + 1]);
        }

        return values;
    }

    /// <summary>Runs forward from <paramref name="input"/>, then <paramref name="derivative"/> backward.</summary>
    public static T[] Backward<T>(in Pass pass, IReadOnlyList<Layer<T>> layers, ReadOnlySpan<T> input, ReadOnlySpan<T> derivative, Nudge nudge)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[][] values = Forward(pass, layers, input, nudge);
        T[] d = derivative.ToArray();
        for (int i = layers.Count - 1; i >= 0; i--)
        {
            var da = new T[pass.Batch * layers[i].Input.Size];
            layers[i].Backward(pass, values[i], values[i + 1], d, da);
            d = da;
        }

        return d;
    }
}
