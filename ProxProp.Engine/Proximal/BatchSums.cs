using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Proximal;

/// <summary>
/// The direction solver of one layer for batches that come in parts, so that activations are needed for one part (micro-batch) at a time. It works on
/// g = Aᵀδ and AᵀA, which are sums over the batch's samples; what needs all rows of A at once (AAᵀ, matrix-free iterations) cannot.
/// </summary>
/// <remarks>The sums of the parts are added in their order: the same bits on any machine, but not those of the batch as a whole.</remarks>
internal interface ISummedDirection<T> : IDirection<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Adds a part to the sums; the first part (<see cref="Pass.First"/> 0) begins them.</summary>
    /// <param name="pass">The part's pass.</param>
    /// <param name="a">Input of the layer.</param>
    /// <param name="delta">dJ/dz of the whole batch's loss.</param>
    /// <param name="v">Where g is summed.</param>
    void Add(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> delta, Span<T> v);

    /// <summary>Ends the batch: <paramref name="v"/> holds g and receives the direction, unless the direction <see cref="IsUnfinished"/> then.</summary>
    LayerReport Solve(in Pass pass, Span<T> v);

    /// <summary>Whether the batch must be gone through once more, by <see cref="AddAgain"/> and another <see cref="Solve"/>.</summary>
    bool IsUnfinished => false;

    /// <summary>Adds a part in the second round.</summary>
    void AddAgain(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> delta)
    {
    }
}

/// <summary>Adds up g and, where it is asked for, AᵀA of one layer.</summary>
internal sealed class BatchSums<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly ParametricLayer<T> _layer;
    private readonly Slot<T> _scratch;

    /// <summary>Reserves room for one part's sums where the layer cannot add in place.</summary>
    public BatchSums(ParametricLayer<T> layer, int gramColumns, Arena arena)
    {
        _layer = layer;
        long length = layer is IAddsInPlace<T> adds ? adds.Scratch : Math.Max(layer.ParameterCount, (long)gramColumns * gramColumns);
        _scratch = arena.Reserve<T>("sums of a micro-batch", length);
    }

    public void AddGradient(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> delta, Span<T> g)
    {
        if (pass.First == 0)
        {
            _layer.ParameterGradient(pass, a, delta, g);
            return;
        }

        if (_layer is IAddsInPlace<T> adds)
        {
            adds.AddAdjoint(pass, a, delta, g, _scratch.Span);
            return;
        }

        Span<T> part = _scratch.Span[..g.Length];
        _layer.ParameterGradient(pass, a, delta, part);
        Elementwise.Axpy<T>(pass.Compute, T.One, part, g);
    }

    public void AddGram(in Pass pass, ReadOnlySpan<T> a, Matrix<T> gram)
    {
        var layer = (IGramLayer<T>)_layer;
        if (pass.First == 0)
        {
            layer.Gram(pass, a, gram);
            return;
        }

        if (_layer is IAddsInPlace<T> adds)
        {
            adds.AddGram(pass, a, gram, _scratch.Span);
            return;
        }

        Span<T> part = _scratch.Span[..(gram.Rows * gram.Columns)];
        layer.Gram(pass, a, new Matrix<T>(part, gram.Rows, gram.Columns));
        Elementwise.Axpy<T>(pass.Compute, T.One, part, gram.Data[..part.Length]);
    }
}

/// <summary>The plain gradient of a batch that comes in parts.</summary>
internal sealed class SummedGradient<T>(ParametricLayer<T> layer, in PlanContext plan) : ISummedDirection<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly BatchSums<T> _sums = new(layer, 0, plan.Arena);

    public LayerDamping? Damping => null;

    public LayerPlan Plan { get; } = LayerPlan.Gradient("plain gradient, as asked for");

    public LayerReport Compute(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> delta, Span<T> v)
    {
        Add(pass, a, delta, v);
        return Solve(pass, v);
    }

    public void Add(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> delta, Span<T> v) => _sums.AddGradient(pass, a, delta, v);

    public LayerReport Solve(in Pass pass, Span<T> v) => LayerReport.Gradient<T>(pass, v);
}
