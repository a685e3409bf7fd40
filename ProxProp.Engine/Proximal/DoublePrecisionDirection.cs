using System.Numerics;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Proximal;

/// <summary>An exact step done in double for a float layer: the same code on the layer's twin, in memory that stands by.</summary>
internal sealed class DoublePrecisionDirection<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly ProximalLayer<T> _layer;
    private readonly ExactDirection<double> _direction;
    private readonly Slot<double> _a;
    private readonly Slot<double> _delta;
    private readonly Slot<double> _v;

    private DoublePrecisionDirection(ProximalLayer<T> layer, ProximalLayer<double> twin, in PlanContext plan)
    {
        _layer = layer;
        twin.Attach(plan, layer.Input);
        _direction = new ExactDirection<double>(twin, Damping.Fixed(1).Bind(), plan);
        _a = plan.Arena.Reserve<double>("input in double", (long)plan.MaxBatch * layer.Input.Size);
        _delta = plan.Arena.Reserve<double>("derivative in double", (long)plan.MaxBatch * layer.Output.Size);
        _v = plan.Arena.Reserve<double>("direction in double", layer.ParameterCount);
    }

    /// <summary>The twin of <paramref name="layer"/>, or null where the layer has none.</summary>
    public static DoublePrecisionDirection<T>? Create(ProximalLayer<T> layer, in PlanContext plan)
    {
        if (layer.InDouble() is not (ProximalLayer<double> twin and IGramLayer<double>))
            return null;
        Arena arena = plan.Arena;
        (string owner, BufferPurpose purpose) = (arena.Owner, arena.Purpose);
        arena.Label(owner, BufferPurpose.Standby);
        var direction = new DoublePrecisionDirection<T>(layer, twin, plan);
        arena.Label(owner, purpose);
        return direction;
    }

    public LayerReport Compute(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> delta, Span<T> v, double shift)
    {
        Span<double> a2 = _a.Span[..(pass.Batch * _layer.Input.Size)], delta2 = _delta.Span[..(pass.Batch * _layer.Output.Size)], v2 = _v.Span;
        Convert<T, double>(a, a2);
        Convert<T, double>(delta, delta2);
        LayerReport report = _direction.Compute(pass, a2, delta2, v2, shift);
        Convert<double, T>(v2, v);
        return report with { InDouble = true };
    }

    private static void Convert<TFrom, TTo>(ReadOnlySpan<TFrom> from, Span<TTo> to)
        where TFrom : unmanaged, IBinaryFloatingPointIeee754<TFrom>
        where TTo : unmanaged, IBinaryFloatingPointIeee754<TTo> =>
        System.Numerics.Tensors.TensorPrimitives.ConvertTruncating(from[..to.Length], to);
}
