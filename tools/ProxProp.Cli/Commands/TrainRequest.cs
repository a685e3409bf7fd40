using ProxProp.Cli.Files;
using ProxProp.Cli.Options;
using ProxProp.Cli.Parsing;
using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;

namespace ProxProp.Cli.Commands;

/// <summary>What <c>proxprop train</c> is to do, as far as the command line tells without the data.</summary>
internal sealed record TrainRequest(
    DataRequest Data,
    string? Model,
    StepChoice Step,
    DampingChoice Damping,
    string? Optimizer,
    double? Rate,
    double? Momentum,
    double? WeightDecay,
    int Batch,
    int? Epochs,
    int? MaxSteps,
    int? TrainSamples,
    int? Validation,
    ulong Seed,
    bool Shuffle,
    int Threads,
    string? Init,
    string Save,
    string? Log,
    int ReportEvery,
    bool Compare)
{
    /// <summary>What is asked for about checkpoints.</summary>
    public required CheckpointChoice Checkpoint { get; init; }

    /// <summary>The header of the file whose weights are the beginning, or null.</summary>
    public required SafetensorsReader? Start { get; init; }

    /// <summary>Bytes that buffers and data may take; null for any number.</summary>
    public long? MemoryBudget { get; init; }

    /// <summary>Bytes that one layer's solver may take where the step is automatic.</summary>
    public long SolverBytes { get; init; } = long.MaxValue;

    /// <summary>Samples that go through the network at a time; 0 for the whole batch.</summary>
    public int MicroBatch { get; init; }

    /// <summary>Rows of a product's left operand that are packed at a time.</summary>
    public int PackedRows { get; init; } = ComputeContext.MostPackedRows;

    public static TrainRequest Read(ParseResult parsed, TrainOptions options, DataOptions dataOptions, ComputeOptions compute)
    {
        DataRequest data = dataOptions.Read(parsed);
        bool small = data.Kind is DataOptions.Digits or DataOptions.Csv;
        StepChoice step = parsed.GetValue(options.Step) ?? StepChoice.Auto;
        var damping = DampingChoice.Read(parsed.GetValue(options.Damping), parsed.GetValue(options.TauTheta), parsed.GetValue(options.Lambda), step);
        if (parsed.Has(options.ReportEvery) && !parsed.Has(options.Log))
            throw new UsageException("--report-every is for --log; give both or neither.");
        string save = parsed.GetValue(options.Save) ?? $"proxprop-{data.Kind}.safetensors";
        CheckpointChoice checkpoint = options.Checkpoint.Read(parsed, save);
        CheckFiles(parsed, options, data, save, checkpoint);

        // A command that is repeated to go on has its --init still; what the run has made of those weights is in the checkpoint.
        string? init = checkpoint.Resume is null ? parsed.GetValue(options.Init) : null;

        // A network that goes on must see what it was trained on; one that --model names may be meant for other data.
        string? model = parsed.GetValue(options.Model);
        SafetensorsReader? start = SavedModel.HeaderOf(checkpoint.Resume ?? init);
        if (model is null || init is null)
            data = SavedModel.Describe(data, start);
        return new TrainRequest(
            data,
            model,
            step,
            damping,
            parsed.GetValue(options.Optimizer),
            parsed.GetValue(options.Rate),
            parsed.GetValue(options.Momentum),
            parsed.GetValue(options.WeightDecay),
            parsed.GetValue(options.Batch) ?? (small ? 100 : 500),
            parsed.GetValue(options.Epochs),
            parsed.GetValue(options.MaxSteps),
            parsed.GetValue(options.TrainSamples),
            parsed.GetValue(options.Validation),
            parsed.GetValue(options.Seed) ?? 0,
            !parsed.GetValue(options.NoShuffle),
            compute.Threads(parsed),
            init,
            save,
            parsed.GetValue(options.Log),
            parsed.GetValue(options.Log) is null ? 0 : parsed.GetValue(options.ReportEvery) ?? 40,
            data.Kind == DataOptions.Digits && !Array.Exists(options.OfOneRun, parsed.Has))
        {
            Checkpoint = checkpoint,
            Start = start,
            MemoryBudget = parsed.GetValue(options.MemoryBudget)?.Bytes,
        };
    }

    // Weights may be trained on in place: they are read before the first step, and replaced as a whole after the last.
    private static void CheckFiles(ParseResult parsed, TrainOptions options, DataRequest data, string save, CheckpointChoice checkpoint)
    {
        var files = new NamedFiles();
        files.Read("--data", data.Path);
        files.Read(options.Model.Name, ModelChoice.FileOf(parsed.GetValue(options.Model)));
        files.Read(options.Init.Name, parsed.GetValue(options.Init));
        files.Read(CheckpointOptions.ResumeName, checkpoint.Resume);
        files.Write(options.Save.Name, save, over: options.Init.Name);
        files.Write(CheckpointOptions.CheckpointName, checkpoint.Path, over: CheckpointOptions.ResumeName);
        files.Write(options.Log.Name, parsed.GetValue(options.Log));
    }

    /// <summary>Epochs of a run with so many steps in each.</summary>
    public int EpochsFor(int stepsPerEpoch) => Epochs
        ?? (MaxSteps is { } steps ? (int)(((long)steps + stepsPerEpoch - 1) / stepsPerEpoch)
        : Data.Kind is DataOptions.Digits or DataOptions.Csv ? 30 : 10);
}

/// <summary>How one run makes its steps: every choice made, nothing left open.</summary>
/// <param name="Step">How directions are made.</param>
/// <param name="Damping">How proximal steps are damped.</param>
/// <param name="Optimizer">What uses the directions.</param>
/// <param name="Rate">Learning rate.</param>
/// <param name="Momentum">Momentum, where the optimizer has it.</param>
/// <param name="WeightDecay">Weight decay, 0 for none.</param>
internal sealed record RunSettings(StepChoice Step, DampingChoice Damping, string Optimizer, double Rate, double Momentum, double WeightDecay)
{
    public static RunSettings For(TrainRequest request, StepChoice step, bool convolutional)
    {
        string optimizer = request.Optimizer ?? request.Damping.OptimizerFor(convolutional);
        if (request.Momentum is not null && !OptimizerChoice.HasMomentum(optimizer))
            throw new UsageException($"--momentum is for the optimizers momentum and nesterov, not {optimizer}.");
        return new RunSettings(
            step,
            request.Damping.For(optimizer),
            optimizer,
            request.Rate ?? OptimizerChoice.DefaultRate(optimizer, step, request.Data.Kind),
            request.Momentum ?? OptimizerChoice.DefaultMomentum,
            request.WeightDecay ?? OptimizerChoice.DefaultDecay(optimizer));
    }

    /// <summary>"ProxProp (auto)" or "backpropagation".</summary>
    public string Title => Step.IsProximal ? $"ProxProp ({Step.Name})" : "backpropagation";

    /// <summary>The optimizer with its momentum and its weight decay; none is told only of AdamW, of which one expects it.</summary>
    public string OptimizerText
    {
        get
        {
            string momentum = OptimizerChoice.HasMomentum(Optimizer) ? $"momentum {Output.Texts.Plain(Momentum)}" : string.Empty;
            string decay = WeightDecay != 0 || Optimizer == OptimizerChoice.AdamW ? $"weight decay {Output.Texts.Plain(WeightDecay)}" : string.Empty;
            string both = momentum + (momentum.Length > 0 && decay.Length > 0 ? ", " : string.Empty) + decay;
            return both.Length > 0 ? $"{Optimizer} ({both})" : Optimizer;
        }
    }

    /// <summary>Learning rate and damping.</summary>
    public string RateText =>
        $"learning rate {Output.Texts.Plain(Rate)}{(Step.IsProximal ? $", {Damping}" : string.Empty)}";
}
