using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Layers;

/// <summary>What a layer plans its memory with.</summary>
/// <param name="Arena">Where buffers are reserved.</param>
/// <param name="Compute">What kernels will run on, or one with as many threads: a pass names its own.</param>
/// <param name="MaxBatch">The largest batch there will be.</param>
/// <param name="LayerIndex">Place of the layer in its network, from 0.</param>
public readonly record struct PlanContext(Arena Arena, ComputeContext Compute, int MaxBatch, int LayerIndex = 0)
{
    /// <summary>
    /// Where to declare the matrix products of the largest batch (<see cref="ComputeContext.Expect"/>), so that the plan counts what they pack; null
    /// for what only stands by or is only tried. A layer that declares none works as well, but its plan is too low by what its products pack.
    /// </summary>
    public ComputeContext? Products => IsTrial || Arena.Purpose == BufferPurpose.Standby ? null : Compute;

    /// <summary>Whether this only finds out what would be reserved.</summary>
    internal bool IsTrial { get; init; }

    /// <summary>The largest part that a batch comes in: the batch itself, unless there are micro-batches.</summary>
    internal int MaxPart
    {
        get => field == 0 ? MaxBatch : field;
        init;
    }
}

/// <summary>One pass of one batch through a network.</summary>
/// <param name="Compute">What kernels run on.</param>
/// <param name="Batch">Number of samples.</param>
/// <param name="Training">Whether dropout drops and batch normalisation uses the batch's own statistics.</param>
/// <param name="Step">Number of training steps done before this one; with <paramref name="Seed"/> it fixes what dropout drops.</param>
/// <param name="Seed">The run's seed.</param>
/// <param name="Measure">Whether directions measure their inner products with the gradient where that costs extra.</param>
/// <param name="Trial">A forward pass that leaves no trace: running statistics stay as they are.</param>
/// <param name="First">Place of the first sample in the step's batch, which may come in parts (micro-batches).</param>
public readonly record struct Pass(
    ComputeContext Compute, int Batch, bool Training = false, long Step = 0, ulong Seed = 0, bool Measure = false, bool Trial = false, int First = 0);

/// <summary>
/// One function of a network, with its derivative. Samples are rows: a buffer of a batch holds Batch × <see cref="Shape.Size"/> elements.
/// </summary>
/// <remarks>a is the layer's input, z its output, and dz, da the derivatives of the loss with respect to them.</remarks>
/// <typeparam name="T">float or double.</typeparam>
public abstract class Layer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Shape of one input sample, known once the layer is part of a network.</summary>
    public Shape Input { get; private set; }

    /// <summary>Shape of one output sample, known once the layer is part of a network.</summary>
    public Shape Output { get; private set; }

    /// <summary>The kind of layer as messages and model files name it, <c>Linear</c> for example.</summary>
    public virtual string Kind
    {
        get
        {
            string name = GetType().Name;
            int generic = name.IndexOf('`', StringComparison.Ordinal);
            return generic < 0 ? name : name[..generic];
        }
    }

    /// <summary>Whether the output can live in the input's buffer.</summary>
    public virtual BufferUse BufferUse => BufferUse.Separate;

    /// <summary>Whether <see cref="Backward"/> may be given one buffer as both dz and da.</summary>
    public virtual bool BackwardInPlace => false;

    /// <summary>Whether <see cref="Backward"/> reads z, so that the layer after it must not overwrite it.</summary>
    public virtual bool BackwardNeedsOutput => false;

    /// <summary>The smallest batch that the layer can be trained on.</summary>
    public virtual int MinTrainingBatch => 1;

    /// <summary>
    /// Whether what the layer makes of a sample while training depends on the rest of its batch, so that a batch cannot come in parts.
    /// </summary>
    public virtual bool NeedsWholeBatch => MinTrainingBatch > 1;

    /// <summary>Number of elements of named state beside parameters that a model file keeps (running statistics), each with its name.</summary>
    public virtual IReadOnlyList<NamedTensor> State => [];

    /// <summary>The elements behind one entry of <see cref="State"/>.</summary>
    /// <param name="index">Index into <see cref="State"/>.</param>
    public virtual Span<T> StateValues(int index) => throw new ArgumentOutOfRangeException(nameof(index));

    /// <summary>z = layer(a).</summary>
    public abstract void Forward(in Pass pass, ReadOnlySpan<T> a, Span<T> z);

    /// <summary>da = (∂z/∂a)ᵀ dz. Called after <see cref="Forward"/> of the same batch.</summary>
    public abstract void Backward(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> z, ReadOnlySpan<T> dz, Span<T> da);

    /// <summary>Makes the layer part of a network: checks its input shape and reserves its memory.</summary>
    /// <exception cref="InvalidOperationException">The layer is part of a network already.</exception>
    public void Attach(in PlanContext plan, Shape input)
    {
        if (Output.Channels != 0)
            throw new InvalidOperationException($"This {Kind} layer is part of a network already; a layer belongs to one network.");
        Detach(); // what a build that failed has left
        Input = input;
        Output = Build(plan, input);
    }

    /// <summary>Makes the layer free for another network, where the one that it was made part of could not be built.</summary>
    internal virtual void Detach() => Output = default;

    /// <summary>Checks that <paramref name="input"/> fits, reserves memory, and tells the output shape.</summary>
    /// <exception cref="ArgumentException">The shape does not fit this layer.</exception>
    protected abstract Shape Build(in PlanContext plan, Shape input);

    /// <summary>
    /// Kind and shapes in words. For a layer that model files do not know, this is what a checkpoint compares: one of one's own that has more numbers
    /// tells them here.
    /// </summary>
    public override string ToString() => Output.Channels == 0 ? Kind : $"{Kind} {Input} -> {Output}";
}

/// <summary>Where a layer's output is, seen from its input.</summary>
public enum BufferUse
{
    /// <summary>In a buffer of its own.</summary>
    Separate,

    /// <summary>In the input's buffer, overwriting it; <see cref="Layer{T}.Backward"/> then gets the output as both a and z.</summary>
    Overwrites,

    /// <summary>It is the input, under another shape: nothing is computed forward, and nothing backward.</summary>
    View,
}

/// <summary>A named tensor inside a flat buffer.</summary>
/// <param name="Name">Name within the layer, <c>weight</c> for example.</param>
/// <param name="Offset">First element.</param>
/// <param name="Shape">Its dimensions, outermost first; a scalar has none.</param>
public sealed record NamedTensor(string Name, int Offset, IReadOnlyList<int> Shape)
{
    /// <summary>Number of elements.</summary>
    public int Count { get; } = Product(Shape);

    private static int Product(IReadOnlyList<int> shape)
    {
        int product = 1;
        foreach (int size in shape)
            product = checked(product * size);
        return product;
    }
}
