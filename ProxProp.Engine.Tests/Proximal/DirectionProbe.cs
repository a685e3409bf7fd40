using System.Numerics;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Layers;

namespace ProxProp.Engine.Tests.Proximal;

/// <summary>One proximal step on one layer with random data; the same layer and data serve several steps.</summary>
internal sealed class DirectionProbe<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly SingleLayer<T> _layer;
    private readonly List<IDisposable> _owned = [];

    public DirectionProbe(ProximalLayer<T> layer, Shape input, int batch, double scale = 1, int seed = 1)
    {
        _layer = new SingleLayer<T>(layer, input, batch);
        Input = Values.Uniform<T>(_layer.InputLength, seed, scale);
        Delta = Values.Uniform<T>(_layer.OutputLength, seed + 1);
    }

    public T[] Input { get; }

    public T[] Delta { get; }

    public SingleLayer<T> Layer => _layer;

    /// <summary>Binds a step; call the result as often as there are steps to be simulated.</summary>
    public Func<(T[] V, LayerReport Report)> Bind(ProximalStep<T> step)
    {
        var arena = new Arena();
        _owned.Add(arena);
        IDirection<T> direction;
        using (arena.Scratch())
            direction = step.Bind(_layer.Proximal, new PlanContext(arena, _layer.Compute, _layer.Training.Batch));
        arena.Commit();
        if (direction is IDisposable disposable)
            _owned.Add(disposable);
        return () =>
        {
            var v = new T[_layer.Parametric.ParameterCount];
            LayerReport report = direction.Compute(_layer.Training with { Measure = true }, Input, Delta, v);
            return (v, report);
        };
    }

    public (T[] V, LayerReport Report) Compute(ProximalStep<T> step) => Bind(step)();

    public void Dispose()
    {
        foreach (IDisposable owned in _owned)
            owned.Dispose();
        _layer.Dispose();
    }
}
