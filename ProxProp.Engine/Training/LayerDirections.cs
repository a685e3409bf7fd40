using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Solvers;

namespace ProxProp.Engine.Training;

/// <summary>
/// Which layers of a network are trained, how each of them makes its direction, and where that lies among the parameters: decided once, before
/// training.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
internal sealed class LayerDirections<T> : IDisposable, IStateful
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly IDirection<T>?[] _all;
    private readonly LayerPlan?[] _plans;
    private readonly int[] _offsets;
    private bool _isAgain;

    /// <summary>Decides, and reserves what the layers' solvers need.</summary>
    /// <exception cref="NotSupportedException">A layer lacks what <paramref name="step"/> needs.</exception>
    /// <exception cref="ArgumentException">There is nothing to train.</exception>
    public LayerDirections(Network<T> network, ProximalStep<T> step, in PlanContext plan)
    {
        InParts = plan.MaxBatch > network.MaxBatch;
        int count = network.Layers.Count, frozen = network.FrozenLayers;
        _all = new IDirection<T>?[count];
        _plans = new LayerPlan?[count];
        _offsets = new int[count];
        int last = -1;
        FirstLayer = count;
        for (int i = 0; i < count; i++)
        {
            if (network.Layers[i] is not ParametricLayer<T> layer)
                continue;
            last = i;
            if (i < frozen)
                FirstParameter += layer.ParameterCount;
            else
                FirstLayer = Math.Min(FirstLayer, i);
        }

        if (frozen > 0 && FirstLayer == count)
            throw new ArgumentException($"All layers with parameters are among the {frozen} frozen ones; there is nothing to train.", nameof(network));
        for (int i = 0, offset = 0; i < count; i++)
        {
            _offsets[i] = offset;
            if (network.Layers[i] is not ParametricLayer<T> parametric)
                continue;
            offset += parametric.ParameterCount;
            if (WhyGradient(parametric, i < frozen, i == last) is { } why)
            {
                _plans[i] = LayerPlan.Gradient(why);
                if (InParts && i >= frozen)
                    Reserve(i, plan, parametric, p => new SummedGradient<T>(parametric, p));
            }
            else
                Bind(i, (ProximalLayer<T>)parametric, step, plan);
        }
    }

    /// <summary>How each layer makes its direction; null where that is the gradient, and for layers without parameters.</summary>
    public IDirection<T>?[] All => _all;

    /// <summary>How each layer's direction is planned to be made, and why; null for layers without parameters.</summary>
    public IReadOnlyList<LayerPlan?> Plans => _plans;

    /// <summary>Place of each layer's first parameter among all.</summary>
    public int[] Offsets => _offsets;

    /// <summary>Whether a batch comes in parts, each of which <see cref="Compute"/> adds to the sums that <see cref="Solve"/> ends.</summary>
    public bool InParts { get; }

    /// <summary>The first layer that is trained.</summary>
    public int FirstLayer { get; }

    /// <summary>The first parameter that is trained.</summary>
    public int FirstParameter { get; }

    /// <summary>The direction v of one layer into its place among <paramref name="directions"/>, from its input a and derivative dz.</summary>
    public LayerReport Compute(
        in Pass pass, int index, ParametricLayer<T> layer, ReadOnlySpan<T> a, ReadOnlySpan<T> dz, Span<T> directions)
    {
        Span<T> v = directions.Slice(_offsets[index], layer.ParameterCount);
        LayerReport report;
        if (InParts)
        {
            var summed = (ISummedDirection<T>)_all[index]!;
            if (!_isAgain)
                summed.Add(pass, a, dz, v);
            else if (summed.IsUnfinished)
                summed.AddAgain(pass, a, dz);
            return default;
        }

        if (_all[index] is { } direction)
        {
            report = direction.Compute(pass, a, dz, v);
            if (direction.IsAlwaysFinite)
                return report;
        }
        else
        {
            layer.ParameterGradient(pass, a, dz, v);
            report = LayerReport.Gradient<T>(pass, v);
        }

        return IsGradient(index) && layer is Linear<T> && IsBounded(pass, a, dz, v.Length) ? report : Checked(pass, v, report);
    }

    /// <summary>Begins a batch that comes in parts.</summary>
    public void Begin() => _isAgain = false;

    /// <summary>Ends a batch that came in parts: the directions of all layers, but for those that need the parts once more.</summary>
    /// <returns>Whether there are such layers: they alone take what comes until the next call, which ends them.</returns>
    public bool Solve(in Pass pass, Network<T> network, Span<T> directions, Span<LayerReport> reports)
    {
        bool unfinished = false;
        for (int i = network.Layers.Count - 1; i >= FirstLayer; i--)
        {
            if (network.Layers[i] is not ParametricLayer<T> layer)
                continue;
            var summed = (ISummedDirection<T>)_all[i]!;
            if (_isAgain && !summed.IsUnfinished)
                continue;
            Span<T> v = directions.Slice(_offsets[i], layer.ParameterCount);
            reports[i] = Checked(pass, v, summed.Solve(pass, v));
            unfinished |= summed.IsUnfinished;
        }

        _isAgain = unfinished;
        return unfinished;
    }

    /// <inheritdoc/>
    public void VisitState(IStateVisitor visitor, string prefix)
    {
        for (int i = 0; i < _all.Length; i++)
            _all[i]?.VisitState(visitor, $"{prefix}.layer {i}");
    }

    /// <summary>Frees what solvers hold beside the plan's memory.</summary>
    public void Dispose()
    {
        foreach (IDirection<T>? direction in _all)
            (direction as IDisposable)?.Dispose();
    }

    private bool IsGradient(int layer) => _all[layer] is null or ExplicitStep<T>.Direction;

    // Whether a linear layer's gradient is finite for certain: |g| ≤ ‖δ‖‖a‖ for each of its elements (Cauchy-Schwarz), as far as rounding lets it be;
    // the bias sees a column of ones. Where the gradient is larger than both this reads less than a look at it. NaN makes every comparison false.
    private static bool IsBounded(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> dz, long length)
    {
        if (length < 2L * (a.Length + dz.Length))
            return false;
        double most = (typeof(T) == typeof(float) ? float.MaxValue : double.MaxValue) / 4;
        double delta = Reductions.SumOfSquares(pass.Compute, dz), input = Reductions.SumOfSquares(pass.Compute, a);
        return Math.Sqrt(delta) * Math.Sqrt(Math.Max(input, pass.Batch)) < most;
    }

    private static LayerReport Checked(in Pass pass, ReadOnlySpan<T> v, in LayerReport report) =>
        Reductions.AllFinite(pass.Compute, v) ? report : report with { Status = SolveStatus.Breakdown, HasNonFinite = true };

    // Null for a proximal direction.
    private static string? WhyGradient(ParametricLayer<T> layer, bool frozen, bool last) =>
        frozen ? "frozen"
        : last ? "the last layer takes its gradient"
        : layer.TrainExplicitly ? "told to take its gradient"
        : layer is not ProximalLayer<T> ? "not linear in its parameters"
        : null;

    private void Reserve(int index, in PlanContext plan, ParametricLayer<T> layer, Func<PlanContext, IDirection<T>> make)
    {
        plan.Arena.Label(Network<T>.LabelOf(index, layer), BufferPurpose.Solver);
        using (plan.Arena.Scratch())
            _all[index] = make(plan with { LayerIndex = index });
    }

    private void Bind(int index, ProximalLayer<T> layer, ProximalStep<T> step, in PlanContext plan)
    {
        Arena arena = plan.Arena;
        int entries = arena.Entries.Count;
        Reserve(index, plan, layer, InParts ? p => step.BindInParts(layer, p) : p => step.Bind(layer, p));
        long bytes = 0;
        for (int i = entries; i < arena.Entries.Count; i++)
            bytes += arena.Entries[i].Purpose == BufferPurpose.Standby ? 0 : arena.Entries[i].Bytes;
        _plans[index] = _all[index]!.Plan with { Bytes = bytes };
    }
}
