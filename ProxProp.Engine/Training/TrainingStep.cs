using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;

namespace ProxProp.Engine.Training;

/// <summary>
/// One step of ProxProp (paper, Algorithm 2): forward; then, from the last layer to the first, a direction for the parameters and the
/// derivative for the layer before; then one optimizer step with the directions in place of gradients.
/// </summary>
/// <remarks>
/// All memory is reserved here; <see cref="Run"/> allocates nothing. The last parametric layer, layers that are not linear in their
/// parameters and layers with <see cref="ParametricLayer{T}.TrainExplicitly"/> take their plain gradient.
/// </remarks>
/// <typeparam name="T">float or double.</typeparam>
public sealed partial class TrainingStep<T> : IDisposable, IStateful
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Network<T> _network;
    private readonly Optimizer<T> _optimizer;
    private readonly Loss<T> _loss;
    private readonly Arena _arena = new();
    private readonly LayerDirections<T> _directions;
    private readonly LayerReport[] _reports;
    private readonly StepMetrics? _metrics;
    private readonly DampingControl<T> _damping;
    private readonly StateCopy<T> _state;
    private readonly Slot<T> _direction;
    private readonly Slot<T> _delta;
    private readonly Slot<T> _otherDelta;

    /// <summary>Plans the memory of training <paramref name="network"/>.</summary>
    /// <param name="network">The network; it must outlive the step.</param>
    /// <param name="step">How directions are made for hidden layers.</param>
    /// <param name="optimizer">What uses the directions; it belongs to this step from now on.</param>
    /// <param name="loss">The loss, which belongs to this step from now on; null for softmax cross-entropy.</param>
    /// <param name="maxBatch">
    /// The largest batch of a step; 0 for the network's. A larger one than the network's comes in parts of that size (micro-batches): activations are
    /// needed for one part at a time, and gradients and Gram matrices are summed. That is the same step to rounding, not to the bit.
    /// </param>
    /// <exception cref="NotSupportedException">A layer lacks what <paramref name="step"/> needs, or something needs the batch as a whole.</exception>
    public TrainingStep(Network<T> network, ProximalStep<T> step, Optimizer<T> optimizer, Loss<T>? loss = null, int maxBatch = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxBatch);
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(step);
        ArgumentNullException.ThrowIfNull(optimizer);
        _network = network;
        _optimizer = optimizer;
        ProximalStep = step;
        _loss = loss ?? new CrossEntropyLoss<T>();
        _reports = new LayerReport[network.Layers.Count];
        var plan = new PlanContext(_arena, network.Compute, network.MaxBatch);
        MaxBatch = Math.Max(maxBatch, network.MaxBatch);
        _directions = new LayerDirections<T>(network, step, plan with { MaxBatch = MaxBatch, MaxPart = network.MaxBatch });
        MicroBatches.Check(network, _directions);

        _arena.Label("step", BufferPurpose.Gradients);
        (int dz, int da) = DerivativeWidths.Of(network, _directions.FirstLayer);
        _direction = _arena.Reserve<T>("directions", network.ParameterCount);
        _delta = _arena.Reserve<T>("derivative dz", (long)network.MaxBatch * Math.Max(dz, network.Output.Size));
        _otherDelta = _arena.Reserve<T>("derivative da", (long)network.MaxBatch * da);
        _arena.Label("loss", BufferPurpose.Other);
        _loss.Attach(plan, network.Output);
        _arena.Label($"optimizer ({optimizer.Name})", BufferPurpose.Optimizer);
        _optimizer.Plan(_arena, network.ParameterCount - _directions.FirstParameter);
        _arena.Label("damping", BufferPurpose.Copy);
        _damping = new DampingControl<T>(network, _directions.All, _arena);
        _arena.Label("step", BufferPurpose.Copy);
        _state = new StateCopy<T>(network, _arena, "running statistics before the step");
        if (!network.Compute.IsPlan)
            _arena.Commit();
        if (StepMetrics.IsSupported)
            _metrics = new StepMetrics(network.Layers.Select(l => l.Kind));
    }

    /// <summary>
    /// Told after a step whose directions were measured (<see cref="MeasureEvery"/>), and after one that updated nothing; on the caller's
    /// thread, so keep it short.
    /// </summary>
    public event StepReported? Reported;

    /// <summary>The network that is trained.</summary>
    public Network<T> Network => _network;

    /// <summary>How directions are made for hidden layers.</summary>
    public ProximalStep<T> ProximalStep { get; }

    /// <summary>The largest batch of a step.</summary>
    public int MaxBatch { get; }

    /// <summary>The optimizer.</summary>
    public Optimizer<T> Optimizer => _optimizer;

    /// <summary>The loss.</summary>
    public Loss<T> Loss => _loss;

    /// <summary>
    /// Steps between two measurements of ⟨v,g⟩, ‖v‖, ‖g‖ and an exact step's residual in <see cref="Reports"/>; 1 for every step, 0 for
    /// never. An exact step in its dual form pays three products with its Gram matrix for them.
    /// </summary>
    public int MeasureEvery { get; set; } = 40;

    /// <summary>Number of steps done.</summary>
    public long StepsDone { get; set; }

    /// <summary>How each layer's direction was made in the last step; default for layers without parameters.</summary>
    public ReadOnlySpan<LayerReport> Reports => _reports;

    /// <summary>How each layer's direction is planned to be made, and why; null for layers without parameters.</summary>
    public IReadOnlyList<LayerPlan?> Plans => _directions.Plans;

    /// <summary>The directions of the last step, in the layout of <see cref="Network{T}.Parameters"/>.</summary>
    public ReadOnlySpan<T> Directions => _direction.Span;

    /// <summary>Who is told of each part of a step as it ends; null for nobody.</summary>
    internal IStepObserver? Observer { get; set; }

    /// <summary>Every buffer that training reserved, for the memory plan.</summary>
    public IReadOnlyList<ArenaEntry> Buffers => _arena.Entries;

    /// <summary>Bytes of all buffers.</summary>
    public long BufferBytes => _arena.TotalBytes;

    /// <summary>Bytes that stay untouched as long as float will do.</summary>
    public long StandbyBytes => _arena.StandbyBytes;

    /// <summary>Bytes of the region that the layers' solvers share.</summary>
    public long ScratchBytes => _arena.ScratchBytes;

    /// <summary>
    /// Does one step on one batch. Where it updates nothing, or throws before its update, parameters and running statistics are those before it.
    /// </summary>
    /// <param name="samples">The samples, one after the other.</param>
    /// <param name="targets">Labels or values, one row per sample.</param>
    /// <param name="batch">Number of samples.</param>
    /// <param name="learningRate">The optimizer's step size, the paper's τ for plain SGD.</param>
    public StepResult Run(ReadOnlySpan<T> samples, Targets<T> targets, int batch, double learningRate)
    {
        using ContextClaim claim = _network.Compute.Claim();
        long start = StepMetrics.IsSupported ? StepMetrics.Start() : 0;
        bool measured = Measures();
        LossValue value;
        bool updated = false;
        _state.Take();
        try
        {
            value = FindDirections(samples, targets, batch);
            if (double.IsFinite(value.Loss) && NonFiniteDirection < 0)
            {
                if (_damping.IsDue(StepsDone))
                    _damping.Try(this, PassOf(batch), samples, targets, value.Loss, _direction.Span, _directions.Offsets, learningRate);
                _optimizer.Update(_network.Compute, _network.Parameters[_directions.FirstParameter..], _direction.Span[_directions.FirstParameter..], learningRate);
                updated = true;
                Observer?.Done(StepPart.Update, -1);
                StepsDone++;
            }
        }
        finally
        {
            if (!updated)
                _state.Restore();
        }

        var result = new StepResult(value.Loss, value.Correct, updated);
        _metrics?.Record(start, batch, result, _reports);
        if (Reported is { } reported && (measured || !updated))
            reported(new StepReport(updated ? StepsDone : StepsDone + 1, result, double.IsFinite(value.Loss) ? _reports : default));
        return result;
    }

    /// <summary>The layer of the last step whose direction was not finite, the first that was computed; −1 where all were.</summary>
    internal int NonFiniteDirection => Array.FindLastIndex(_reports, r => r.HasNonFinite);

    /// <summary>The part of the batch that went through the network last.</summary>
    internal (int First, int Count) LastPart { get; private set; }

    /// <summary>
    /// All of a step but the update: afterwards <see cref="Directions"/> holds v for every layer, and parameters and running statistics are as before.
    /// </summary>
    /// <inheritdoc cref="Run"/>
    public LossValue ComputeDirections(ReadOnlySpan<T> samples, Targets<T> targets, int batch)
    {
        using ContextClaim claim = _network.Compute.Claim();
        _state.Take();
        try
        {
            return FindDirections(samples, targets, batch);
        }
        finally
        {
            _state.Restore();
        }
    }

    /// <inheritdoc/>
    public void VisitState(IStateVisitor visitor, string prefix)
    {
        ArgumentNullException.ThrowIfNull(visitor);
        long steps = StepsDone;
        visitor.Visit($"{prefix}.steps", ref steps);
        StepsDone = steps;
        _optimizer.VisitState(visitor, $"{prefix}.optimizer");
        _damping.VisitState(visitor, $"{prefix}.damping");
        _directions.VisitState(visitor, prefix);
    }

    /// <summary>Number of parameters of the frozen layers: the first one that is trained.</summary>
    internal int FirstParameter => _directions.FirstParameter;

    /// <summary>What the sequence of steps depends on, by name; a checkpoint of other settings is refused.</summary>
    internal IEnumerable<KeyValuePair<string, string>> Settings() =>
        StepSettings.Of(_network, _loss, ProximalStep, Plans, _damping.Every, _optimizer, _directions.InParts);

    /// <summary>Frees the memory of training; the network stays.</summary>
    public void Dispose()
    {
        _directions.Dispose();
        _arena.Dispose();
    }

    private Pass PassOf(int batch) =>
        new(_network.Compute, batch, Training: true, StepsDone, _network.Seed, _damping.IsDue(StepsDone) || Measures());

    private bool Measures() => MeasureEvery > 0 && StepsDone % MeasureEvery == 0;
}
