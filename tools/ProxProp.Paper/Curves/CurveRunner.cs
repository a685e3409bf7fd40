using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Training;
using ProxProp.Paper.Methods;

namespace ProxProp.Paper.Curves;

/// <summary>
/// Does one run: trains, measures after each epoch, keeps what was measured. A run that was stopped or killed goes on from its last checkpoint, to the bit.
/// </summary>
internal sealed class CurveRunner(PaperData data, CurveStore store, int threads)
{
    private static readonly TimeSpan s_checkpointEvery = TimeSpan.FromMinutes(1);

    /// <summary>Does what is left of a run.</summary>
    /// <param name="curve">The run.</param>
    /// <param name="progress">Told after each epoch; on the thread that trains.</param>
    /// <param name="cancellation">Ends it after the current step; it can go on later.</param>
    public CurveResult Run(Curve curve, Action<EpochPoint>? progress, CancellationToken cancellation)
    {
        CurveResult? before = store.Find(curve);
        if (before is not null && before.Covers(curve))
            return before;
        using var compute = new ComputeContext(threads);
        Model<float> model = data.Model(curve.Net);
        using var network = new Network<float>(model.Input, model.Layers, data.Batch, curve.Seed, compute);
        using var step = new TrainingStep<float>(network, StepMethod.Make(curve.Step), OptimizerMethod.Make(curve.Optimizer, network)) { MeasureEvery = 0 };
        string checkpoint = store.CheckpointOf(curve);
        using var trainer = new Trainer<float>(step, new TrainerOptions
        {
            Epochs = curve.Epochs,
            LearningRate = curve.Rate,
            Seed = curve.Seed,
            Checkpoint = new CheckpointOptions(checkpoint) { Every = s_checkpointEvery },
            ResumeFrom = File.Exists(checkpoint) ? checkpoint : null,
        });
        using var evaluator = new Evaluator<float>(network, step.Loss);
        var recorder = new Recorder(curve, before?.Epochs ?? [], () => evaluator.Evaluate(data.Train).Loss, (point, points) =>
        {
            store.Save(Result(curve, points));
            progress?.Invoke(point);
        });
        TrainingResult result = trainer.Run(data.Train, data.Validation, recorder, cancellation);
        return Finish(curve, result, recorder, evaluator);
    }

    private CurveResult Finish(Curve curve, TrainingResult result, Recorder recorder, Evaluator<float> evaluator)
    {
        // A run that was killed after its last step finds all steps done: what it did not say then is said now.
        recorder.Complete(result.Epochs);
        CurveResult end = Result(curve, recorder.Points) with { Message = result.Message };
        if (result.Status == TrainingStatus.Cancelled)
            return end;
        if (result.Status == TrainingStatus.NonFiniteLoss)
        {
            end = end with { Status = CurveStatus.Diverged };
        }
        else
        {
            recorder.MeasureLast();
            Evaluation test = evaluator.Evaluate(data.Test);
            end = end with { Epochs = recorder.Points, Status = CurveStatus.Completed, TestLoss = test.Loss, TestAccuracy = test.Accuracy };
        }

        store.Save(end);
        store.DropCheckpoint(curve);
        return end;
    }

    private CurveResult Result(Curve curve, IReadOnlyList<EpochPoint> points) =>
        new(curve, CurveStatus.Partial, points) { Threads = threads, Data = data.Fingerprint };

    /// <summary>Measures after each epoch and keeps it.</summary>
    private sealed class Recorder(Curve curve, IReadOnlyList<EpochPoint> earlier, Func<double> fullLoss, Action<EpochPoint, IReadOnlyList<EpochPoint>> measured)
        : IProgress<TrainingProgress>
    {
        private readonly SortedDictionary<int, EpochPoint> _points = new(earlier.ToDictionary(p => p.Epoch));

        public IReadOnlyList<EpochPoint> Points => [.. _points.Values];

        public void Report(TrainingProgress value)
        {
            if (value.EpochEnd is not { } end)
                return;
            EpochPoint point = PointOf(end) with { FullLoss = curve.FullLossEachEpoch ? fullLoss() : null };
            _points[end.Epoch] = point;
            measured(point, Points);
        }

        public void Complete(IReadOnlyList<EpochResult> epochs)
        {
            foreach (EpochResult end in epochs)
                _points.TryAdd(end.Epoch, PointOf(end));
        }

        public void MeasureLast()
        {
            EpochPoint last = _points[curve.Epochs];
            _points[curve.Epochs] = last with { FullLoss = last.FullLoss ?? fullLoss() };
        }

        private static EpochPoint PointOf(in EpochResult end) => new(
            end.Epoch, end.TrainLoss, end.TrainAccuracy, null, end.ValidationLoss, end.ValidationAccuracy, end.Seconds);
    }
}
