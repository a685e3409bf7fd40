using System.Collections.Concurrent;
using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Training;

/// <summary>
/// What a network had learnt at one moment, for predictions from any number of threads at a time while training goes on.
/// </summary>
/// <remarks>
/// <para>Threads: a network belongs to the one thread that trains it, and <see cref="Network{T}.Snapshot"/> is called there, between two steps. The
/// predictor that it gives never changes; <see cref="Predict"/> may be called from any thread, and any number of them. It is disposed when no
/// call is under way any more. To go over to a newer one, publish it by <c>Volatile.Write</c> or <c>Interlocked.Exchange</c> of the reference that
/// the predicting threads read; one that is no longer read may be left to the garbage collector.</para>
/// <para>Parameters are shared by all threads. Each call under way has its own activations, which this snapshot keeps for the next call, and packing
/// memory, which the network keeps for all of its snapshots: as many as there were calls at a time. One call computes on one thread, the caller's.
/// The numbers are those of <see cref="Network{T}.Predict"/>, to the bit.</para>
/// </remarks>
/// <typeparam name="T">float or double.</typeparam>
public sealed class Predictor<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Arena _arena = new();
    private readonly Slot<T> _parameters;
    private readonly Network<T> _first;
    private readonly Func<IReadOnlyList<Layer<T>>> _layers;
    private readonly ConcurrentBag<Network<T>> _idle = [];
    private readonly ConcurrentBag<Network<T>> _all = [];
    private readonly ConcurrentBag<ComputeContext> _contexts;
    private readonly SimdWidth _width;
    private readonly int _packedRows;
    private volatile bool _disposed;

    internal Predictor(Network<T> network, int maxBatch, Func<IReadOnlyList<Layer<T>>>? layers)
    {
        Input = network.Input;
        Output = network.Output;
        MaxBatch = maxBatch;
        _layers = layers ?? MakerOf(network);
        (_contexts, _width, _packedRows) = (network.IdleContexts, network.Compute.Width, network.Compute.PackedRows);
        _parameters = _arena.Reserve<T>("parameters", network.ParameterCount);
        _arena.Commit();
        network.Parameters.CopyTo(_parameters.Span);
        ComputeContext compute = TakeContext();
        _first = Make(compute, network.Layers);
        _contexts.Add(compute);
        _idle.Add(_first);
    }

    /// <summary>Shape of one sample.</summary>
    public Shape Input { get; }

    /// <summary>Shape of one output.</summary>
    public Shape Output { get; }

    /// <summary>Samples that go through the layers at a time.</summary>
    public int MaxBatch { get; }

    /// <summary>Outputs of any number of samples.</summary>
    /// <param name="samples">The samples, one after the other.</param>
    /// <param name="outputs">Where the outputs go.</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public void Predict(ReadOnlySpan<T> samples, Span<T> outputs)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ComputeContext compute = TakeContext();
        if (!_idle.TryTake(out Network<T>? evaluator))
            evaluator = Make(compute, _first.Layers);
        try
        {
            evaluator.PredictOn(compute, samples, outputs);
        }
        finally
        {
            _idle.Add(evaluator);
            _contexts.Add(compute);
        }
    }

    /// <summary>Frees the memory; no call may be under way.</summary>
    public void Dispose()
    {
        _disposed = true;
        foreach (Network<T> network in _all)
            network.Dispose();
        _arena.Dispose();
    }

    // The description is taken now: later the layers belong to another thread.
    private static Func<IReadOnlyList<Layer<T>>> MakerOf(Network<T> network)
    {
        byte[] json = System.Text.Encoding.UTF8.GetBytes(ModelWriter.ToJson(network));
        return () => ModelFile.Parse<T>(json).Layers;
    }

    // A snapshot may be taken at every step, and its packing memory would be many times its parameters.
    private ComputeContext TakeContext() => _contexts.TryTake(out ComputeContext? idle) ? idle : new ComputeContext(1, _width, _packedRows);

    private Network<T> Make(ComputeContext compute, IReadOnlyList<Layer<T>> state)
    {
        var network = new Network<T>(Input, _layers(), MaxBatch, 0, compute, firstIndex: 0, _parameters);
        LayerCopies.CopyState(state, network.Layers);
        _all.Add(network);
        return network;
    }
}
