using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using ProxProp.Engine.Proximal;

namespace ProxProp.Engine.Training;

/// <summary>
/// What every training step of this process tells System.Diagnostics.Metrics, on the meter <see cref="MeterName"/>. Without a listener it
/// costs a few comparisons; with or without, it allocates nothing.
/// </summary>
/// <remarks>
/// <para>For each step: <c>proxprop.steps</c> and <c>proxprop.samples</c> (counters of updates and their samples),
/// <c>proxprop.steps.rejected</c> (counter of steps that updated nothing, because the loss or a direction was not finite),
/// <c>proxprop.step.duration</c> (histogram, seconds), <c>proxprop.loss</c> (gauge: the batch's loss before the update).</para>
/// <para>For each layer with parameters, with the tags <c>layer</c> (its index), <c>kind</c> and <c>solver</c>: the gauges
/// <c>proxprop.layer.iterations</c> and <c>proxprop.layer.damping</c> (1/τ_θ) at every step, <c>proxprop.layer.residual</c> (‖g − Mv‖/‖g‖),
/// <c>proxprop.layer.inner_product</c> (⟨v,g⟩), <c>proxprop.layer.norm_ratio</c> (‖v‖/‖g‖) and <c>proxprop.layer.cosine</c> (of the angle between v and
/// g) where they were measured: every <see cref="TrainingStep{T}.MeasureEvery"/> steps, or more often where a solver knows them anyway.</para>
/// </remarks>
public sealed class StepMetrics
{
    /// <summary>The name of the meter to listen to.</summary>
    public const string MeterName = "ProxProp";

    private const string Switch = "System.Diagnostics.Metrics.Meter.IsSupported";

    private static readonly Meter Meter = new(MeterName, typeof(StepMetrics).Assembly.GetName().Version?.ToString(3));
    private static readonly Counter<long> Steps = Meter.CreateCounter<long>("proxprop.steps", "{step}", "Training steps that updated the parameters");
    private static readonly Counter<long> Samples = Meter.CreateCounter<long>("proxprop.samples", "{sample}", "Samples of these steps");
    private static readonly Counter<long> Rejected = Meter.CreateCounter<long>("proxprop.steps.rejected", "{step}", "Training steps that updated nothing");
    private static readonly Histogram<double> Duration = Meter.CreateHistogram<double>("proxprop.step.duration", "s", "Duration of a training step");
    private static readonly Gauge<double> Loss = Meter.CreateGauge<double>("proxprop.loss", null, "Loss of the batch before the update");
    private static readonly Gauge<int> Iterations = Meter.CreateGauge<int>("proxprop.layer.iterations", "{iteration}", "Iterations of the layer's solver");
    private static readonly Gauge<double> DampingShift = Meter.CreateGauge<double>("proxprop.layer.damping", null, "Damping 1/tau_theta");
    private static readonly Gauge<double> Residual = Meter.CreateGauge<double>("proxprop.layer.residual", null, "Relative residual of the layer's system");
    private static readonly Gauge<double> InnerProduct = Meter.CreateGauge<double>("proxprop.layer.inner_product", null, "Direction times gradient");
    private static readonly Gauge<double> NormRatio = Meter.CreateGauge<double>("proxprop.layer.norm_ratio", null, "Norm of the direction over the gradient's");
    private static readonly Gauge<double> Cosine = Meter.CreateGauge<double>("proxprop.layer.cosine", null, "Cosine of the angle between direction and gradient");

    private static readonly object[] SolverTags = [.. Enum.GetNames<Solvers.SolverKind>()];

    private readonly (object Index, object Kind)[] _layers;

    internal StepMetrics(IEnumerable<string> kinds) => _layers = [.. kinds.Select((kind, index) => ((object)index.ToString(), (object)kind))];

    /// <summary>False in a program that was built with MetricsSupport=false: all of this is then left out of it.</summary>
    [FeatureSwitchDefinition(Switch)]
    internal static bool IsSupported => !AppContext.TryGetSwitch(Switch, out bool on) || on;

    /// <summary>The time if somebody wants to know how long steps take, else 0.</summary>
    internal static long Start() => Duration.Enabled ? Stopwatch.GetTimestamp() : 0;

    internal void Record(long start, int batch, in StepResult result, ReadOnlySpan<LayerReport> reports)
    {
        if (start != 0)
            Duration.Record(Stopwatch.GetElapsedTime(start).TotalSeconds);
        if (Loss.Enabled)
            Loss.Record(result.Loss);
        if (!result.Updated)
        {
            Rejected.Add(1);
            return;
        }

        Steps.Add(1);
        Samples.Add(batch);
        if (!(Iterations.Enabled || DampingShift.Enabled || Residual.Enabled || InnerProduct.Enabled || NormRatio.Enabled || Cosine.Enabled))
            return;
        for (int i = 0; i < reports.Length; i++)
        {
            if (reports[i] != default)
                Record(_layers[i], reports[i]);
        }
    }

    private static void Record((object Index, object Kind) layer, in LayerReport report)
    {
        var index = new KeyValuePair<string, object?>("layer", layer.Index);
        var kind = new KeyValuePair<string, object?>("kind", layer.Kind);
        var solver = new KeyValuePair<string, object?>("solver", SolverTags[(int)report.Solver]);
        Iterations.Record(report.Iterations, index, kind, solver);
        if (report.Shift > 0)
            DampingShift.Record(report.Shift, index, kind, solver);
        if (!double.IsNaN(report.RelativeResidual))
            Residual.Record(report.RelativeResidual, index, kind, solver);
        if (double.IsNaN(report.Cosine))
            return;
        InnerProduct.Record(report.InnerProduct, index, kind, solver);
        NormRatio.Record(report.NormRatio, index, kind, solver);
        Cosine.Record(report.Cosine, index, kind, solver);
    }
}
