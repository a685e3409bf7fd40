using System.Numerics;
using ProxProp.Cli.Files;
using ProxProp.Cli.Options;
using ProxProp.Cli.Output;
using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Training;

namespace ProxProp.Cli.Commands;

/// <summary>The course of <c>proxprop train</c>: data, one run or two, report, saved file.</summary>
internal static class TrainSession
{
    public static int Run<T>(TrainRequest request, Terminal terminal, CancellationToken cancel)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var interrupt = new Interrupt(cancel);
        SaveTarget.Check(request.Save, "--save");
        LoadedData<T> data = DataSource.Load<T>(request.Data);
        request = request with { Data = CsvColumns.Name(data.Request) };
        data = DataSource.ScaledByTraining(data, Split(request, data, out SplitPlan plan).Train);
        DatasetSplit<T> split = plan.Apply(data);
        request = TrainPlan.Fit(request, data);
        using var compute = new ComputeContext(request.Threads, packedRows: request.PackedRows);

        using TrainRun<T> first = MakeRun(request, request.Step, data, split, compute);
        using TrainRun<T>? second = request.Compare ? MakeRun(request, StepChoice.Gradient, data, split, compute) : null;
        TrainRun<T>[] runs = second is null ? [first] : [first, second];
        CheckLength(request, first.Steps);
        string checksum = DatasetFingerprint.InSinglePrecision(data.Rows);

        if (interrupt.Token.IsCancellationRequested)
            return StoppedAtOnce(terminal);

        // Whether it can be written is known before training; an earlier log stays until the first step is done.
        using TrainingLog? log = request.Log is null ? null : new TrainingLog(request.Log, append: request.Checkpoint.Resume is not null);
        TrainReport.WriteHead(terminal, request, data, plan, split.Train.Labels, runs, compute);
        bool hasWeights = false, stopped = false;
        IOException? unsaved = null;
        foreach (TrainRun<T> run in runs)
        {
            stopped = interrupt.Token.IsCancellationRequested;
            if (stopped && run != first)
                break;
            run.Train(split, terminal, log, Describe(request, data, checksum, plan, run).ToMetadata(), interrupt.Token);

            // Before all else that takes time: who asks for a stop does not wait long before they end the process.
            hasWeights = first.Result!.WeightsStep > 0;
            if (hasWeights && run == first)
                unsaved = Failure(() => Weights.Save(first.Network, request.Save, Describe(request, data, checksum, plan, first).ToMetadata()));
            stopped = interrupt.Token.IsCancellationRequested;
            if (!stopped)
                run.EvaluateTest(split);
        }

        IOException? lost = Failure(() => TrainReport.WriteResults(terminal, runs));
        if (unsaved is not null)
            throw new FailureException($"{unsaved.Message} Free the disk or give --save another path, and {Again(request, first.Result!)}.", unsaved);
        if (hasWeights)
        {
            lost ??= Failure(() => terminal.Output.WriteLine(
                $"Saved to {request.Save} ({first.Settings.Title}).\nNext: proxprop evaluate --weights {Texts.ForShell(request.Save)}{DataHint(request.Data)}"));
        }

        if (lost is not null)
            throw new FailureException($"Standard output: {lost.Message}{(hasWeights ? $" The weights are saved in {request.Save}." : string.Empty)}", lost);
        return Conclude(terminal, request, Array.ConvertAll(runs, r => r.Settings.Title), Array.ConvertAll(runs, r => r.Result), log, stopped);
    }

    private static int StoppedAtOnce(Terminal terminal)
    {
        terminal.Error.WriteLine("proxprop: Stopped by request before the first step; nothing was saved.");
        return ExitCode.Interrupted;
    }

    // A shorter run than the checkpoint's would do nothing, and save the longer one's weights for its own.
    private static void CheckLength(TrainRequest request, long steps)
    {
        if (request.Checkpoint.Resume is not { } resume)
            return;
        long done = Checkpoint.StepsDone(resume);
        if (done <= steps)
            return;
        string option = request.MaxSteps == steps ? "--max-steps" : "--epochs";
        throw new UsageException($"{resume} already has {done} steps, of which {option} asks {steps}; give it a larger number, or leave --resume out.");
    }

    /// <summary>Which rows do what.</summary>
    public static DatasetSplit<T> Split<T>(TrainRequest request, LoadedData<T> data, out SplitPlan plan)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        plan = SplitPlan.Make(
            data.Rows.Count, data.OwnTest is not null, request.TrainSamples, request.Validation, request.Shuffle ? request.Seed : null);
        return plan.Apply(data);
    }

    /// <summary>Makes one run's network.</summary>
    public static TrainRun<T> MakeRun<T>(TrainRequest request, StepChoice step, LoadedData<T> data, DatasetSplit<T> split, ComputeContext compute)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Model<T> model = MakeModel(request.Model, request.Start, data);
        bool convolves = false;
        foreach (Layer<T> layer in model.Layers)
            convolves |= layer is Conv2d<T>;
        RunSettings settings = RunSettings.For(request, step, convolves);
        return new TrainRun<T>(request, settings, model, split.Train.Count, compute);
    }

    /// <summary>The model that is named; without a name the one that the file of the starting weights describes, else the data set's own.</summary>
    public static Model<T> MakeModel<T>(string? name, SafetensorsReader? start, LoadedData<T> data)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (name is null && start is not null && SavedModel.ModelOf(start) is { } described)
            return ModelChoice.Parse(described, start.Name, data);
        return ModelChoice.Make(name ?? ModelChoice.DefaultFor(data.Request.Kind), data);
    }

    // Where a run ends as it should, it ends with a checkpoint.
    private static string Again(TrainRequest request, TrainingResult result) =>
        request.Checkpoint.Path is { } path && result.CheckpointFailure is null && result.Status != TrainingStatus.NonFiniteLoss
            ? $"go on with --resume {path}"
            : "train again";

    // Results that cannot be shown must not cost the weights, nor weights that cannot be saved the results.
    private static IOException? Failure(Action show)
    {
        try
        {
            show();
            return null;
        }
        catch (IOException e)
        {
            return e;
        }
    }

    private static SavedModel Describe<T>(TrainRequest request, LoadedData<T> data, string checksum, SplitPlan plan, TrainRun<T> run)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        RunSettings s = run.Settings;
        string length = run.Result is { } result ? $"{Texts.Count(result.WeightsStep, "step")}, " : string.Empty;
        return new SavedModel(
            ModelWriter.ToJson(run.Network),
            $"{s.Title}, {s.OptimizerText}, {s.RateText}, batches of {request.Batch}, {length}seed {request.Seed}, {Texts.Precision<T>()}",
            request.Data.Kind,
            data.Name,
            data.Rows.Count,
            checksum,
            request.Data.Label,
            request.Data.Features,
            request.Data.LabelName,
            plan,
            data.Rows.ClassNames,
            request.Data.Kind == DataOptions.Csv ? data.Rows.Scaling : null);
    }

    // The saved file knows the label's column, but not how the text is laid out.
    private static string DataHint(DataRequest data)
    {
        string hint = data.Path is null ? string.Empty : $" --data {Texts.ForShell(data.Path)}";
        if (data.Header is { } header)
            hint += header ? " --header yes" : " --header no";
        return data.Separator == ',' ? hint : $"{hint} --separator {(data.Separator == '\t' ? "tab" : Texts.ForShell(data.Separator.ToString()))}";
    }

    private static int Conclude(Terminal terminal, TrainRequest request, string[] titles, TrainingResult?[] results, TrainingLog? log, bool stopped)
    {
        int failed = Array.FindIndex(results, r => r?.Status == TrainingStatus.NonFiniteLoss);
        if (failed >= 0)
        {
            TrainingResult result = results[failed]!;
            string saved = failed == 0 && result.WeightsStep > 0 ? $" The saved weights are those after step {result.WeightsStep}." : string.Empty;
            throw new FailureException($"{titles[failed]}: {result.Message}{saved}");
        }

        log?.Dispose();
        if (log?.Failure is { } reason)
        {
            throw new FailureException(
                $"The log {log.Path} is incomplete: {reason} The weights are saved; free the disk or give --log another path.");
        }

        if (results[0]?.CheckpointFailure is { } checkpoint)
        {
            throw new FailureException(
                $"The last checkpoint: {checkpoint} The weights are saved; free the disk or give --checkpoint another path.");
        }

        if (!stopped)
            return ExitCode.Done;
        TrainingResult first = results[0]!;
        if (first.Steps == 0)
            return StoppedAtOnce(terminal);
        terminal.Error.WriteLine(
            Array.TrueForAll(results, r => r?.Status == TrainingStatus.Completed)
                ? "proxprop: Stopped by request when training was complete; the weights are saved."
            : first.Status == TrainingStatus.Completed
                ? "proxprop: Stopped by request before the second run was complete; the first run's weights are saved."
            : $"proxprop: Stopped by request after step {first.Steps}; the saved weights are those of the last complete step."
                + (request.Checkpoint.Path is { } path ? $" Go on with --resume {path}." : string.Empty));
        return ExitCode.Interrupted;
    }
}
