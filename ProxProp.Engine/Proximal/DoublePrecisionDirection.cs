using System.Numerics;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Proximal;

/// <summary>An exact step done in double for a float layer, on a whole batch or on its parts: the same code on the layer's twin, in memory that stands by.</summary>
internal sealed class DoublePrecisionDirection<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly ProximalLayer<T> _layer;
    private readonly ExactDirection<double>? _whole;
    private readonly SummedExactDirection<double>? _inParts;
    private readonly Slot<double> _a;
    private readonly Slot<double> _delta;
    private readonly Slot<double> _v;

    private DoublePrecisionDirection(ProximalLayer<T> layer, ProximalLayer<double> twin, in PlanContext plan, bool inParts)
    {
        _layer = layer;
        int samples = inParts ? plan.MaxPart : plan.MaxBatch;
        twin.Attach(plan with { MaxBatch = samples }, layer.Input);
        LayerDamping damping = Damping.Fixed(1).Bind();
        if (inParts)
            _inParts = new SummedExactDirection<double>(twin, damping, plan, "in double");
        else
            _whole = new ExactDirection<double>(twin, damping, plan, bothForms: true);
        _a = plan.Arena.Reserve<double>("input in double", (long)samples * layer.Input.Size);
        _delta = plan.Arena.Reserve<double>("derivative in double", (long)samples * layer.Output.Size);
        _v = plan.Arena.Reserve<double>("direction in double", layer.ParameterCount, keep: inParts);
    }

    /// <summary>The twin of <paramref name="layer"/>, or null where the layer has none.</summary>
    public static DoublePrecisionDirection<T>? Create(ProximalLayer<T> layer, in PlanContext plan, bool inParts = false)
    {
        if (typeof(T) != typeof(float) || layer.InDouble() is not (ProximalLayer<double> twin and IGramLayer<double>))
            return null;
        Arena arena = plan.Arena;
        (string owner, BufferPurpose purpose) = (arena.Owner, arena.Purpose);
        arena.Label(owner, BufferPurpose.Standby);
        var direction = new DoublePrecisionDirection<T>(layer, twin, plan, inParts);
        arena.Label(owner, purpose);
        return direction;
    }

    public LayerReport Compute(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> delta, Span<T> v, double shift)
    {
        Take(pass, a, delta, out Span<double> a2, out Span<double> delta2);
        return Give(_whole!.Compute(pass, a2, delta2, _v.Span, shift), v);
    }

    /// <summary>Adds a part to the sums in double.</summary>
    public void Add(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> delta)
    {
        Take(pass, a, delta, out Span<double> a2, out Span<double> delta2);
        _inParts!.Add(pass, a2, delta2, _v.Span);
    }

    /// <summary>Ends the batch that came in parts.</summary>
    public LayerReport Solve(in Pass pass, Span<T> v, double shift) => Give(_inParts!.Solve(pass, _v.Span, shift), v);

    private void Take(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> delta, out Span<double> a2, out Span<double> delta2)
    {
        a2 = _a.Span[..(pass.Batch * _layer.Input.Size)];
        delta2 = _delta.Span[..(pass.Batch * _layer.Output.Size)];
        Convert<T, double>(a, a2);
        Convert<T, double>(delta, delta2);
    }

    private LayerReport Give(in LayerReport report, Span<T> v)
    {
        Convert<double, T>(_v.Span, v);
        return report with { InDouble = true };
    }

    private static void Convert<TFrom, TTo>(ReadOnlySpan<TFrom> from, Span<TTo> to)
        where TFrom : unmanaged, IBinaryFloatingPointIeee754<TFrom>
        where TTo : unmanaged, IBinaryFloatingPointIeee754<TTo> =>
        System.Numerics.Tensors.TensorPrimitives.ConvertTruncating(from[..to.Length], to);
}
