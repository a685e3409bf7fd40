using System.Collections.Concurrent;
using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Randomness;

namespace ProxProp.Engine.Training;

/// <summary>
/// A feed-forward network: layers in a row, all parameters in one flat buffer, all memory planned for a largest batch when it is made.
/// </summary>
/// <remarks>Not thread-safe: one caller at a time. Dispose it to free its memory and threads.</remarks>
/// <typeparam name="T">float or double.</typeparam>
public sealed class Network<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Layer<T>[] _layers;
    private readonly OutputBuffers<T> _outputs;
    private readonly Slot<T> _parameters;
    private readonly Arena _arena = new();
    private readonly bool _ownsCompute;
    private readonly int _frozenLayers;
    private ConcurrentBag<ComputeContext>? _idleContexts;
    private int _attached;

    /// <summary>Builds the network and gives its parameters their starting values.</summary>
    /// <param name="input">Shape of one sample.</param>
    /// <param name="layers">The layers, first to last; they belong to this network from now on.</param>
    /// <param name="maxBatch">The largest batch that will be given at once.</param>
    /// <param name="seed">Seed of the starting values.</param>
    /// <param name="compute">What to compute on; null for a context of its own with one thread per processor.</param>
    /// <exception cref="ArgumentException">A layer's input does not fit the output of the one before it; the message names both.</exception>
    public Network(Shape input, IEnumerable<Layer<T>> layers, int maxBatch, ulong seed = 0, ComputeContext? compute = null)
        : this(input, layers, maxBatch, seed, compute, firstIndex: 0, shared: null)
    {
    }

    /// <summary>A network that is the rest of another, or that reads the parameters of another.</summary>
    /// <param name="input">Shape of one sample.</param>
    /// <param name="layers">The layers.</param>
    /// <param name="maxBatch">The largest batch.</param>
    /// <param name="seed">Seed of the starting values.</param>
    /// <param name="compute">What to compute on.</param>
    /// <param name="firstIndex">Place of the first layer in the other network; what dropout drops depends on it.</param>
    /// <param name="shared">Parameters that are there already and only read; null for the network's own.</param>
    internal Network(
        Shape input, IEnumerable<Layer<T>> layers, int maxBatch, ulong seed, ComputeContext? compute, int firstIndex, Slot<T>? shared)
    {
        ArgumentNullException.ThrowIfNull(layers);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxBatch);
        _layers = [.. layers];
        int missing = Array.FindIndex(_layers, l => l is null);
        if (missing >= 0)
            throw new ArgumentNullException(nameof(layers), $"Layer {missing} is null.");
        if (_layers.Length == 0)
            throw new ArgumentException("A network needs at least one layer.", nameof(layers));
        if (input.Size == 0)
            throw new ArgumentException("The input has no shape; use Shape.Vector or Shape.Image.", nameof(input));
        if ((long)maxBatch * input.Size > int.MaxValue)
        {
            throw new ArgumentException(
                $"A batch of {maxBatch} samples of shape {input} has more than {int.MaxValue} elements; take a smaller largest batch.", nameof(maxBatch));
        }

        Input = input;
        MaxBatch = maxBatch;
        Seed = seed;
        _ownsCompute = compute is null;
        Compute = compute ?? new ComputeContext();
        _outputs = new OutputBuffers<T>(_layers);
        try
        {
            AttachLayers(new PlanContext(_arena, Compute, maxBatch), firstIndex);
            _outputs.Plan(_arena, maxBatch);
            _parameters = PlanParameters(shared);
            if (Compute.IsPlan)
                return;
            _arena.Commit();
            if (shared is not null)
                return;
            var generator = new Generator(seed);
            foreach (Layer<T> layer in _layers)
            {
                if (layer is ParametricLayer<T> parametric)
                    parametric.Initialize(generator, parametric.Parameters);
            }
        }
        catch
        {
            DetachLayers();
            Dispose();
            throw;
        }
    }

    /// <summary>Shape of one sample.</summary>
    public Shape Input { get; }

    /// <summary>Shape of one output.</summary>
    public Shape Output => _layers[^1].Output;

    /// <summary>The layers, first to last.</summary>
    public IReadOnlyList<Layer<T>> Layers => _layers;

    /// <summary>The largest batch.</summary>
    public int MaxBatch { get; }

    /// <summary>Seed of the starting values, and of dropout.</summary>
    public ulong Seed { get; }

    /// <summary>What the network computes on.</summary>
    public ComputeContext Compute { get; }

    /// <summary>
    /// How many of the first layers training leaves as they are: their parameters and running statistics stay, and they work as in evaluation
    /// (no dropout, running statistics). Set it where the network is made.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many layers.</exception>
    public int FrozenLayers
    {
        get => _frozenLayers;
        init
        {
            if (value < 0 || value > _layers.Length)
            {
                Dispose(); // nobody gets this network
                throw new ArgumentOutOfRangeException(nameof(value), value, $"0 to {_layers.Length} layers can be frozen.");
            }

            _frozenLayers = value;
        }
    }

    /// <summary>Number of parameters of all layers.</summary>
    public int ParameterCount { get; private set; }

    /// <summary>All parameters, layer by layer.</summary>
    public Span<T> Parameters => _parameters.Span;

    /// <summary>Every buffer that the network reserved, for the memory plan.</summary>
    public IReadOnlyList<ArenaEntry> Buffers => _arena.Entries;

    /// <summary>Bytes of all buffers.</summary>
    public long BufferBytes => _arena.TotalBytes;

    /// <summary>Bytes of the region that the layers' scratch buffers share.</summary>
    public long ScratchBytes => _arena.ScratchBytes;

    /// <summary>Bytes that stay untouched as long as no step uses them: what Gram matrices of convolutions would take.</summary>
    public long StandbyBytes => _arena.StandbyBytes;

    /// <summary>Runs a batch forward.</summary>
    /// <param name="samples">The samples, one after the other; must stay as it is until <see cref="TrainingStep{T}"/> is done with it.</param>
    /// <param name="batch">Number of samples, 1 to <see cref="MaxBatch"/>.</param>
    /// <returns>The outputs, valid until the next call.</returns>
    public ReadOnlySpan<T> Forward(ReadOnlySpan<T> samples, int batch) => Forward(new Pass(Compute, batch), samples);

    /// <summary>Outputs of any number of samples, a largest batch at a time.</summary>
    /// <param name="samples">The samples, one after the other.</param>
    /// <param name="outputs">Where the outputs go.</param>
    public void Predict(ReadOnlySpan<T> samples, Span<T> outputs) => PredictOn(Compute, samples, outputs);

    /// <summary>What the network has learnt so far, for predictions from many threads while training goes on.</summary>
    /// <param name="maxBatch">Samples that go through the layers at a time; 0 for <see cref="MaxBatch"/>.</param>
    /// <param name="layers">Makes layers like the network's; needed only where one is of a kind that model files do not know.</param>
    /// <exception cref="NotSupportedException">A layer is of such a kind, and <paramref name="layers"/> is null.</exception>
    public Predictor<T> Snapshot(int maxBatch = 0, Func<IReadOnlyList<Layer<T>>>? layers = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxBatch);
        return new Predictor<T>(this, maxBatch == 0 ? MaxBatch : maxBatch, layers);
    }

    /// <summary>Frees the memory, and the threads where they are the network's own.</summary>
    public void Dispose()
    {
        if (_ownsCompute)
            Compute.Dispose();
        _idleContexts?.Clear();
        _arena.Dispose();
    }

    /// <summary>Contexts of one thread that snapshots of this network predict on, those that are idle; they all draw from here.</summary>
    internal ConcurrentBag<ComputeContext> IdleContexts => _idleContexts ??= [];

    /// <summary><see cref="Predict"/> on another context with as many threads.</summary>
    internal void PredictOn(ComputeContext compute, ReadOnlySpan<T> samples, Span<T> outputs)
    {
        int count = samples.Length / Input.Size;
        if (samples.Length != count * Input.Size)
            throw new ArgumentException($"Samples of {Input.Size} elements were expected, but {samples.Length} elements are no multiple of that.", nameof(samples));
        if (outputs.Length < (long)count * Output.Size)
            throw new ArgumentException($"{count} samples give {(long)count * Output.Size} outputs, but there is room for {outputs.Length}.", nameof(outputs));
        using ContextClaim claim = compute.Claim();
        for (int first = 0; first < count; first += MaxBatch)
        {
            int batch = Math.Min(MaxBatch, count - first);
            Forward(new Pass(compute, batch), samples.Slice(first * Input.Size, batch * Input.Size)).CopyTo(outputs[(first * Output.Size)..]);
        }
    }

    internal ReadOnlySpan<T> Forward(scoped in Pass pass, ReadOnlySpan<T> samples, IStepObserver? observer = null)
    {
        if (pass.Batch < 1 || pass.Batch > MaxBatch)
            throw new ArgumentOutOfRangeException(nameof(pass), pass.Batch, $"A batch of 1 to {MaxBatch} samples was expected.");
        if (samples.Length < pass.Batch * Input.Size)
        {
            throw new ArgumentException(
                $"{pass.Batch} samples of shape {Input} have {pass.Batch * Input.Size} elements, but got {samples.Length}.", nameof(samples));
        }

        ForwardUntil(_layers.Length, pass, samples, observer);
        return OutputOf(_layers.Length - 1, pass.Batch, samples);
    }

    /// <summary>Runs the first <paramref name="layers"/> layers; their output is then that of the last of them.</summary>
    internal void ForwardUntil(int layers, scoped in Pass pass, ReadOnlySpan<T> samples, IStepObserver? observer = null)
    {
        using ContextClaim claim = pass.Compute.Claim();
        Pass frozen = pass with { Training = false };
        for (int i = 0; i < layers; i++)
        {
            if (_outputs.IsThere(i))
                continue;
            _layers[i].Forward(i < _frozenLayers ? frozen : pass, InputOf(i, pass.Batch, samples), _outputs[i, pass.Batch]);
            observer?.Done(StepPart.Forward, i);
        }
    }

    /// <summary>What layer <paramref name="index"/> read in the last forward pass (or its output, where that overwrote it).</summary>
    internal ReadOnlySpan<T> InputOf(int index, int batch, ReadOnlySpan<T> samples) =>
        index == 0 ? samples[..(batch * Input.Size)] : OutputOf(index - 1, batch, samples);

    /// <summary>What layer <paramref name="index"/> gave in the last forward pass.</summary>
    internal ReadOnlySpan<T> OutputOf(int index, int batch, ReadOnlySpan<T> samples) =>
        _outputs.IsInput(index) ? samples[..(batch * _layers[index].Output.Size)] : _outputs[index, batch];

    /// <summary>Whether what layer <paramref name="index"/> gave is still there after the forward pass.</summary>
    internal bool KeepsOutput(int index) => _outputs.IsKept(index);

    /// <summary>A layer's name as an owner of memory.</summary>
    internal static string LabelOf(int index, Layer<T> layer) => $"layer {index} ({layer.Kind})";

    private void AttachLayers(in PlanContext plan, int firstIndex)
    {
        Shape shape = Input;
        for (int i = 0; i < _layers.Length; i++)
        {
            try
            {
                _arena.Label(LabelOf(i, _layers[i]), BufferPurpose.Layer);
                _layers[i].Attach(plan with { LayerIndex = firstIndex + i }, shape);
                _attached++;
            }
            catch (ArgumentException e)
            {
                string before = i == 0 ? "the network's input" : $"layer {i - 1} ({_layers[i - 1].Kind})";
                throw new ArgumentException($"Layer {i} ({_layers[i].Kind}) cannot follow {before} of shape {shape}: {e.Message}", e);
            }

            shape = _layers[i].Output;
        }
    }

    // A layer that was another network's stays that one's.
    private void DetachLayers()
    {
        foreach (Layer<T> layer in _layers.AsSpan(0, _attached))
        {
            layer.Detach();
            if (layer is IFusesRelu fusing)
                fusing.FuseRelu = false;
        }
    }

    private Slot<T> PlanParameters(Slot<T>? shared)
    {
        long count = 0;
        foreach (Layer<T> layer in _layers)
            count += layer is ParametricLayer<T> parametric ? parametric.ParameterCount : 0;
        _arena.Label("network", BufferPurpose.Parameters);
        Slot<T> parameters = shared ?? _arena.Reserve<T>("parameters", count);
        ParameterCount = (int)count;
        int offset = 0;
        foreach (Layer<T> layer in _layers)
        {
            if (layer is not ParametricLayer<T> parametric)
                continue;
            parametric.BindParameters(parameters, offset);
            offset += parametric.ParameterCount;
        }

        return parameters;
    }
}
