using System.Numerics;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Proximal;

/// <summary>
/// An exact step done in double for a float layer: the same code on the layer's twin. Its memory is reserved when it is first needed,
/// which most networks never do, and kept from then on.
/// </summary>
internal sealed class DoublePrecisionDirection<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly ProximalLayer<T> _layer;
    private readonly ProximalLayer<double> _twin;
    private readonly int _maxBatch;
    private Arena? _arena;
    private ExactDirection<double>? _direction;
    private Slot<double> _a;
    private Slot<double> _delta;
    private Slot<double> _v;

    private DoublePrecisionDirection(ProximalLayer<T> layer, ProximalLayer<double> twin, int maxBatch)
    {
        _layer = layer;
        _twin = twin;
        _maxBatch = maxBatch;
    }

    /// <summary>The twin of <paramref name="layer"/>, or null where the layer has none.</summary>
    public static DoublePrecisionDirection<T>? Create(ProximalLayer<T> layer, int maxBatch) =>
        layer.InDouble() is { } twin and IGramLayer<double> ? new DoublePrecisionDirection<T>(layer, twin, maxBatch) : null;

    public LayerReport Compute(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> delta, Span<T> v, double shift)
    {
        Reserve(pass);
        Span<double> a2 = _a.Span[..(pass.Batch * _layer.Input.Size)], delta2 = _delta.Span[..(pass.Batch * _layer.Output.Size)], v2 = _v.Span;
        Convert<T, double>(a, a2);
        Convert<T, double>(delta, delta2);
        LayerReport report = _direction!.Compute(pass, a2, delta2, v2, shift);
        Convert<double, T>(v2, v);
        return report with { InDouble = true };
    }

    public void Dispose()
    {
        _direction?.Dispose();
        _arena?.Dispose();
    }

    private void Reserve(in Pass pass)
    {
        if (_arena is not null)
            return;
        _arena = new Arena();
        var plan = new PlanContext(_arena, pass.Compute, _maxBatch);
        _twin.Attach(plan, _layer.Input);
        _direction = new ExactDirection<double>(_twin, Proximal.Damping.Fixed(1).Bind(), plan);
        _a = _arena.Reserve<double>("input in double", (long)_maxBatch * _layer.Input.Size);
        _delta = _arena.Reserve<double>("derivative in double", (long)_maxBatch * _layer.Output.Size);
        _v = _arena.Reserve<double>("direction in double", _layer.ParameterCount);
        _arena.Commit();
    }

    private static void Convert<TFrom, TTo>(ReadOnlySpan<TFrom> from, Span<TTo> to)
        where TFrom : unmanaged, IBinaryFloatingPointIeee754<TFrom>
        where TTo : unmanaged, IBinaryFloatingPointIeee754<TTo> =>
        System.Numerics.Tensors.TensorPrimitives.ConvertTruncating(from[..to.Length], to);
}
