using System.Diagnostics.Metrics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Solvers;
using ProxProp.Engine.Tests.Allocation;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Training;

/// <summary>What a step tells about its layers: to a callback, to metrics, and that a direction which is not finite changes nothing.</summary>
[Collection(nameof(AloneInTheProcess))]
public sealed class StepReportTests : IDisposable
{
    private const int Batch = 8;
    private readonly ComputeContext _compute = new(1);
    private readonly double[] _samples = Values.Uniform<double>(Batch * 6, 1);
    private readonly int[] _labels = Values.Labels(Batch, 3, 2);

    public void Dispose() => _compute.Dispose();

    [Fact]
    public void Reports_come_as_often_as_directions_are_measured()
    {
        using Network<double> network = Make(new Relu<double>());
        using var step = new TrainingStep<double>(network, new ExactStep<double>(2), new Sgd<double>()) { MeasureEvery = 3 };
        var steps = new List<long>();
        double[]? cosines = null, residuals = null;
        double loss = 0;
        step.Reported += (in StepReport report) =>
        {
            steps.Add(report.Step);
            cosines = [.. report.Layers.ToArray().Select(l => l.Cosine)];
            residuals = [.. report.Layers.ToArray().Select(l => l.RelativeResidual)];
            loss = report.Result.Loss;
        };
        StepResult last = default;
        for (int i = 0; i < 7; i++)
            last = step.Run(_samples, new Targets<double>(_labels), Batch, 0.01);
        Assert.Equal([1, 4, 7], steps);
        Assert.Equal(last.Loss, loss);
        Assert.InRange(cosines![0], 0.01, 0.999999);
        Assert.Equal(1, cosines[2], 1e-12);
        Assert.InRange(residuals![0], 1e-20, 1e-13);
    }

    [Fact]
    public void A_trainer_passes_them_on_while_it_runs()
    {
        using Network<double> network = Make(new Relu<double>());
        using var step = new TrainingStep<double>(network, new CgStep<double>(1, 2), new Sgd<double>()) { MeasureEvery = 1 };
        var iterations = new List<int>();
        using var trainer = new Trainer<double>(step, new TrainerOptions
        {
            Epochs = 2,
            Reported = (in StepReport report) => iterations.Add(report.Layers[0].Iterations),
        });
        trainer.Run(TestData.Make(24));
        Assert.Equal([1, 1, 1, 1, 1, 1], iterations);
        step.Run(_samples, new Targets<double>(_labels), Batch, 0.01);
        Assert.Equal(6, iterations.Count);
    }

    [Fact]
    public void Metrics_have_what_the_report_has()
    {
        using Network<double> network = Make(new Relu<double>());
        using var step = new TrainingStep<double>(network, new ExactStep<double>(2), new Sgd<double>()) { MeasureEvery = 2 };
        var seen = new List<(string Name, double Value, string Tags)>();
        void Keep<TValue>(Instrument instrument, TValue value, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
            where TValue : IConvertible =>
            seen.Add((instrument.Name, value.ToDouble(null), string.Join(",", tags.ToArray().Select(t => $"{t.Key}={t.Value}"))));
        using (var listener = new MeterListener())
        {
            listener.InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Meter.Name == StepMetrics.MeterName)
                    l.EnableMeasurementEvents(instrument);
            };
            listener.SetMeasurementEventCallback<double>(Keep);
            listener.SetMeasurementEventCallback<int>(Keep);
            listener.SetMeasurementEventCallback<long>(Keep);
            listener.Start();
            for (int i = 0; i < 2; i++)
            {
                seen.Clear();
                double loss = step.Run(_samples, new Targets<double>(_labels), Batch, 0.01).Loss;
                Assert.Contains(("proxprop.steps", 1, ""), seen);
                Assert.Contains(("proxprop.samples", Batch, ""), seen);
                Assert.Contains(("proxprop.loss", loss, ""), seen);
                Assert.Contains(seen, s => s.Name == "proxprop.step.duration" && s.Value > 0);
                LayerReport report = step.Reports[0];
                const string Tags = "layer=0,kind=Linear,solver=PrimalCholesky";
                Assert.Contains(("proxprop.layer.iterations", 0, Tags), seen);
                Assert.Contains(("proxprop.layer.damping", 0.5, Tags), seen);
                Assert.DoesNotContain(seen, s => s.Name == "proxprop.layer.damping" && s.Tags != Tags);
                bool measured = i == 0;
                Assert.Equal(measured, seen.Contains(("proxprop.layer.cosine", report.Cosine, Tags)));
                Assert.Equal(measured, seen.Contains(("proxprop.layer.norm_ratio", report.NormRatio, Tags)));
                Assert.Equal(measured, seen.Contains(("proxprop.layer.inner_product", report.InnerProduct, Tags)));
                Assert.Equal(measured, seen.Contains(("proxprop.layer.residual", report.RelativeResidual, Tags)));
            }

            seen.Clear();
            step.Run(new double[] { double.NaN, 0, 0, 0, 0, 0 }, new Targets<double>(new int[1]), 1, 0.01);
            Assert.Contains(("proxprop.steps.rejected", 1, ""), seen);
            Assert.DoesNotContain(seen, s => s.Name is "proxprop.steps" || s.Name.StartsWith("proxprop.layer", StringComparison.Ordinal));
        }

        seen.Clear();
        step.Run(_samples, new Targets<double>(_labels), Batch, 0.01);
        Assert.Empty(seen);
    }

    public static TheoryData<string> Kinds => ["gradient", "exact", "cg", "free", "pcg", "auto", "own"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_direction_that_is_not_finite_updates_nothing_and_is_reported(string kind)
    {
        // The loss is finite, but the gradient of the first layer overflows: a derivative of 1e200 meets an input of 1e200.
        ProximalStep<double> proximal = kind switch
        {
            "gradient" => new ExplicitStep<double>(),
            "exact" => new ExactStep<double>(1),
            "cg" => new CgStep<double>(2, 1),
            "free" => new CgStep<double>(2, 1) { MatrixFree = true },
            "pcg" => new CgStep<double>(2, 1, CgPreconditioner.Jacobi),
            "auto" => new AutoStep<double>(1),
            _ => new Infinite(),
        };
        foreach (bool wide in (bool[])[false, true])
        {
            int inputs = wide ? 30 : 3;
            using var network = new Network<double>(
                Shape.Vector(inputs), [new Linear<double>(5), new Linear<double>(3)], Batch, seed: 2, compute: _compute);
            network.Parameters.Clear();
            ((ParametricLayer<double>)network.Layers[1]).Parameters[..15].Fill(1e200);
            using var step = new TrainingStep<double>(network, proximal, new Adam<double>(), new MeanSquaredErrorLoss<double>());
            double[] before = network.Parameters.ToArray();
            double[] samples = [.. Enumerable.Repeat(kind == "own" ? 1 : 1e200, Batch * inputs)];
            bool reported = false;
            LayerReport[] layers = [];
            step.MeasureEvery = 0;
            step.Reported += (in StepReport report) =>
            {
                reported = true;
                layers = report.Layers.ToArray();
                Assert.Equal(1, report.Step);
                Assert.False(report.Result.Updated);
            };
            StepResult result = step.Run(samples, new Targets<double>(Values.Uniform<double>(Batch * 3, 5)), Batch, 0.1);
            Assert.True(double.IsFinite(result.Loss));
            Assert.False(result.Updated);
            Assert.True(reported);
            Assert.True(layers[0].HasNonFinite);
            Assert.Equal(SolveStatus.Breakdown, layers[0].Status);
            Assert.False(layers[1].HasNonFinite);
            Assert.Equal((0L, 0L), (step.StepsDone, step.Optimizer.Updates));
            Assert.Equal(before, network.Parameters.ToArray());
        }
    }

    [Fact]
    public void A_trainer_stops_and_names_the_layer()
    {
        using Network<double> network = Make(new Relu<double>());
        using var step = new TrainingStep<double>(network, new Infinite(), new Sgd<double>());
        using var trainer = new Trainer<double>(step, new TrainerOptions());
        TrainingResult result = trainer.Run(TestData.Make(24));
        Assert.Equal(TrainingStatus.NonFiniteLoss, result.Status);
        Assert.StartsWith("The direction of layer 0 (Linear 6 -> 5) is not finite at step 1.", result.Message, StringComparison.Ordinal);
    }

    private Network<double> Make(Layer<double> second) => new(
        Shape.Vector(6), [new Linear<double>(5), second, new Linear<double>(3)], Batch, seed: 2, compute: _compute);

    private sealed class Infinite() : ProximalStep<double>(Damping.Fixed(1)), IDirection<double>
    {
        public override string Name => "infinite";

        LayerDamping? IDirection<double>.Damping => null;

        public override IDirection<double> Bind(ProximalLayer<double> layer, in PlanContext plan) => this;

        public LayerReport Compute(in Pass pass, ReadOnlySpan<double> a, ReadOnlySpan<double> delta, Span<double> v)
        {
            v.Fill(double.PositiveInfinity);
            return new LayerReport(SolverKind.Custom, SolveStatus.Solved, 0, 0);
        }
    }
}
