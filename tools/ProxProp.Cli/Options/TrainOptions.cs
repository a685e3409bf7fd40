using ProxProp.Cli.Parsing;

namespace ProxProp.Cli.Options;

/// <summary>The options of <c>proxprop train</c> beside data set, threads and precision.</summary>
internal sealed class TrainOptions
{
    public Option<string?> Model { get; } = Parsed.Text(
        "--model", "MODEL", ModelChoice.Description + " Default: that of --resume or --init, else mlp:128,64, for cifar10 convnet.");

    public Option<StepChoice?> Step { get; } = Parsed.Value(
        "--step",
        "gradient|exact|auto|cgN|pcgN",
        "How layers but the last make their direction: plain backpropagation, the exact proximal step, the cheapest way "
        + "to nearly that, N conjugate-gradient iterations, or N preconditioned ones. Default: auto.",
        StepChoice.Parse,
        StepChoice.Expected);

    public Option<double?> TauTheta { get; } = Parsed.Number(
        "--tau-theta", "Proximal step size tau_theta of fixed damping. Default: 0.05, with adam or adamw 1.", x => x > 0, "a positive number");

    public Option<string?> Damping { get; } = DampingChoice.DampingOption();

    public Option<double?> Lambda { get; } = DampingChoice.LambdaOption();

    public Option<string?> Optimizer { get; } = Parsed.Choice(
        "--optimizer", "What uses the directions. Default: nesterov, for networks with convolutions adam, with --damping lm sgd.", OptimizerChoice.Names);

    public Option<double?> Rate { get; } = Parsed.Number(
        "--lr",
        "Learning rate. Default: 0.001 with adam or adamw, else 1 for proximal steps; for gradient 0.05 (digits: 0.1), with sgd 0.5.",
        x => x > 0,
        "a positive number");

    public Option<double?> Momentum { get; } = Parsed.Number(
        "--momentum", "Momentum of momentum and nesterov. Default: 0.95.", x => x is >= 0 and < 1, "at least 0 and below 1");

    public Option<double?> WeightDecay { get; } = Parsed.Number(
        "--weight-decay",
        "Weight decay: X times the weights is added to their direction; adamw shrinks them by that part of the learning rate instead. Default: 0, with adamw 0.01.",
        x => x >= 0,
        "a number of at least 0");

    public Option<int?> Batch { get; } = Parsed.Count("--batch", "Samples in a step. Default: 100, for mnist and cifar10 500.", 1);

    public Option<int?> Epochs { get; } = Parsed.Count("--epochs", "Passes over the training rows. Default: 30, for mnist and cifar10 10.", 1);

    public Option<int?> MaxSteps { get; } = Parsed.Count("--max-steps", "Ends after so many steps; without --epochs, after exactly so many.", 1);

    public Option<int?> TrainSamples { get; } = Parsed.Count(
        "--train-samples", "Trains on exactly the first N rows of the file; validation (and test) rows come from behind them.", 1);

    public Option<int?> Validation { get; } = Parsed.Count("--validation", "Rows kept for validation after each epoch. Default: a tenth.", 0);

    public Option<ulong?> Seed { get; } = Parsed.Seed("--seed", "Seed of starting weights, split and order. Default: 0.");

    public Option<bool> NoShuffle { get; } = Parsed.Flag("--no-shuffle", "Takes batches, and the split, in file order.");

    public Option<string?> Init { get; } = Parsed.Text(
        "--init", "FILE", "Starts from the weights of this safetensors file; without --model with its network, and on CSV data with its classes and scaling.");

    public Option<string?> Save { get; } = Parsed.Text(
        "--save", "FILE", "Where the weights go. Default: proxprop-DATASET.safetensors in this folder.");

    public Option<string?> Log { get; } = Parsed.Text("--log", "FILE.jsonl", "Writes one JSON object per step and one per epoch.");

    public Option<int?> ReportEvery { get; } = Parsed.Count(
        "--report-every", "With --log: every N steps, how each layer's direction was made; 0 for never. Default: 40.", 0);

    public CheckpointOptions Checkpoint { get; } = new();

    public Option<ByteSize?> MemoryBudget { get; } = Parsed.Value(
        "--memory-budget",
        "SIZE",
        "Memory for buffers and data (not the program itself), such as 64MB: packing, micro-batches and, with --step auto, solvers that fit are taken, and what cannot fit is refused.",
        ByteSize.Parse,
        ByteSize.Expected);

    /// <summary>The options that describe one run: with none of them, training on the digits is a comparison of two.</summary>
    public Option[] OfOneRun => [Step, TauTheta, Damping, Lambda, Optimizer, Rate, Momentum, WeightDecay, Init, Log, .. Checkpoint.All];

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[]
        {
            Model, Step, TauTheta, Damping, Lambda, Optimizer, Rate, Momentum, WeightDecay, Batch, Epochs, MaxSteps, TrainSamples, Validation, Seed,
            NoShuffle, Init, Save, Log, ReportEvery,
        })
        {
            command.Add(option);
        }

        foreach (Option option in Checkpoint.All)
            command.Add(option);
        command.Add(MemoryBudget);
    }
}
