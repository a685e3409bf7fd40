using System.Numerics;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Randomness;

namespace ProxProp.Engine.Layers;

/// <summary>A layer with parameters θ. It owns none of their memory: a network keeps the parameters of all layers in one flat buffer.</summary>
/// <typeparam name="T">float or double.</typeparam>
public abstract class ParametricLayer<T> : Layer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly List<NamedTensor> _tensors = [];
    private Slot<T> _all;
    private int _offset = -1;

    /// <summary>The tensors in θ, one behind the other; known once the layer is part of a network.</summary>
    public IReadOnlyList<NamedTensor> Tensors => _tensors;

    /// <summary>Length of θ; known once the layer is part of a network.</summary>
    public int ParameterCount { get; private set; }

    /// <summary>Trains this layer by plain gradient steps even where the network is trained by proximal ones.</summary>
    public bool TrainExplicitly { get; init; }

    /// <summary>θ.</summary>
    /// <exception cref="InvalidOperationException">The layer is not part of a network yet.</exception>
    public Span<T> Parameters => _offset >= 0
        ? _all.Span.Slice(_offset, ParameterCount)
        : throw new InvalidOperationException($"This {Kind} layer has no parameters before it is part of a network.");

    /// <summary>Writes starting values to <paramref name="theta"/>.</summary>
    public abstract void Initialize(Generator generator, Span<T> theta);

    /// <summary>dθ = ∂J/∂θ. Called after <see cref="Layer{T}.Forward"/> of the same batch and before <see cref="Layer{T}.Backward"/>.</summary>
    /// <param name="pass">The pass.</param>
    /// <param name="a">Input of the layer.</param>
    /// <param name="dz">Derivative of the loss with respect to the output.</param>
    /// <param name="dtheta">The gradient; overwritten.</param>
    public abstract void ParameterGradient(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> dz, Span<T> dtheta);

    /// <summary>Tells the layer where the network keeps its parameters.</summary>
    /// <param name="all">The flat buffer of the network.</param>
    /// <param name="offset">Where this layer's parameters begin.</param>
    internal void BindParameters(Slot<T> all, int offset)
    {
        _all = all;
        _offset = offset;
    }

    internal override void Detach()
    {
        base.Detach();
        _tensors.Clear();
        ParameterCount = 0;
        _offset = -1;
    }

    /// <summary>Declares the next tensor of θ; to be called from <see cref="Layer{T}.Build"/>.</summary>
    /// <param name="name">Its name in model files.</param>
    /// <param name="shape">Its dimensions, outermost first.</param>
    protected void DeclareParameter(string name, params IReadOnlyList<int> shape)
    {
        Int128 count = 1;
        foreach (int size in shape)
            count *= size;
        if (count + ParameterCount > int.MaxValue)
        {
            throw new ArgumentException($"A {name} of [{string.Join(", ", shape)}] elements makes more than {int.MaxValue} parameters.", nameof(shape));
        }

        var tensor = new NamedTensor(name, ParameterCount, shape);
        _tensors.Add(tensor);
        ParameterCount += tensor.Count;
    }

    /// <summary>PyTorch's default for linear and convolution layers: all parameters uniform in ±1/√fan_in.</summary>
    /// <param name="generator">Source of randomness; one draw per parameter, in order.</param>
    /// <param name="theta">The parameters.</param>
    /// <param name="fanIn">Number of inputs that one output sees.</param>
    protected static void InitializeUniform(Generator generator, Span<T> theta, int fanIn)
    {
        double bound = 1 / Math.Sqrt(fanIn);
        foreach (ref T p in theta)
            p = T.CreateSaturating(((2 * generator.NextDouble()) - 1) * bound);
    }
}
