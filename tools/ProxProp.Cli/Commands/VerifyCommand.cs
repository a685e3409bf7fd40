using System.Numerics;
using ProxProp.Cli.Files;
using ProxProp.Cli.Options;
using ProxProp.Cli.Output;
using ProxProp.Cli.Parsing;
using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Randomness;
using ProxProp.Engine.Theory;
using ProxProp.Engine.Training;

namespace ProxProp.Cli.Commands;

/// <summary><c>proxprop verify</c>: the theory's claims, checked on steps of a network; exit code 1 if one does not hold.</summary>
internal sealed class VerifyCommand : Command
{
    private const int DefaultBatch = 100;
    private const int DefaultSteps = 100;
    private const double Momentum = 0.95;

    private readonly DataOptions _data = new();
    private readonly VerifyOptions _options = new();
    private readonly ComputeOptions _compute = new();
    private readonly Terminal _terminal;

    public VerifyCommand(Terminal terminal)
        : base("verify", "Checks a training step against the theory, layer by layer: descent, stability, size, accuracy. Without options: an automatic step on the digits.")
    {
        _terminal = terminal;
        _data.AddTo(this);
        _options.AddTo(this);
        _compute.AddTo(this);
        SetAction(parsed =>
        {
            SafetensorsReader? start = SavedModel.HeaderOf(parsed.GetValue(_options.Init));
            return _compute.IsDouble(parsed, start) ? Run<double>(parsed, start) : Run<float>(parsed, start);
        });
    }

    private int Run<T>(ParseResult parsed, SafetensorsReader? start)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (parsed.GetValue(_options.DuringTraining) is null && parsed.GetValue(_options.MaxSteps) is not null)
            throw new UsageException("--max-steps is for --during-training.");
        string? name = parsed.GetValue(_options.Model);
        DataRequest request = SavedModel.Describe(_data.Read(parsed), name is null ? start : null);
        LoadedData<T> data = DataSource.Load<T>(request);
        int batch = Math.Min(parsed.GetValue(_options.Batch) ?? DefaultBatch, data.Rows.Count);
        ulong seed = parsed.GetValue(_options.Seed) ?? 0;
        StepChoice choice = parsed.GetValue(_options.Step) ?? StepChoice.Auto;
        Model<T> model = TrainSession.MakeModel(name, start, data);
        using var compute = new ComputeContext(_compute.Threads(parsed));
        using var network = new Network<T>(model.Input, model.Layers, batch, seed, compute);
        if (start is not null)
            Weights.Load(network, start.Name);
        double tauTheta = parsed.GetValue(_options.TauTheta) ?? OptimizerChoice.DefaultTauTheta(OptimizerChoice.Nesterov);
        using var step = new TrainingStep<T>(network, choice.Make<T>(Damping.Fixed(tauTheta)), new Sgd<T>(MomentumKind.Nesterov, Momentum));

        int every = parsed.GetValue(_options.DuringTraining) ?? 0;
        int steps = every == 0 ? 1 : parsed.GetValue(_options.MaxSteps) ?? DefaultSteps;
        double rate = parsed.GetValue(_options.Rate) ?? OptimizerChoice.DefaultRate(OptimizerChoice.Nesterov, choice, request.Kind);
        using var report = new VerifyReport(_terminal.Output, parsed.GetValue(_options.Json));
        Check(step, data.Rows, batch, seed, steps, Math.Max(1, every), rate, report);
        return report.Finish() ? ExitCode.Done : ExitCode.Failed;
    }

    private static void Check<T>(
        TrainingStep<T> step, Dataset<T> rows, int batchSize, ulong seed, int steps, int every, double rate, VerifyReport report)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var batches = new BatchPlan(rows.Count, batchSize, new Generator(seed, stream: 1));
        var samples = new T[batchSize * rows.Features];
        var labels = new int[batchSize];
        for (int done = 0; done < steps; done++)
        {
            if (done % batches.Count == 0)
                batches.StartEpoch();
            ReadOnlySpan<int> chosen = batches[done % batches.Count];
            rows.CopyBatch(chosen, samples, labels);
            var targets = new Targets<T>(labels.AsSpan(0, chosen.Length));
            if (done % every == 0)
                report.Add(done + 1, StepCertificate.Check(step, samples, targets, chosen.Length));
            if (done + 1 < steps && !step.Run(samples, targets, chosen.Length, rate).Updated)
                throw new FailureException($"The loss is no longer finite at step {done + 1}; try a smaller --lr.");
        }
    }
}
