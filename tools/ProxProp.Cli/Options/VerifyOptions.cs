using ProxProp.Cli.Parsing;

namespace ProxProp.Cli.Options;

/// <summary>The options of <c>proxprop verify</c> beside data set, threads and precision.</summary>
internal sealed class VerifyOptions
{
    public Option<string?> Model { get; } = Parsed.Text("--model", "MODEL", ModelChoice.Description + " Default: that of --init, else mlp:128,64, for cifar10 convnet.");

    public Option<string?> Init { get; } = Parsed.Text(
        "--init",
        "FILE",
        "Checks at the weights of this safetensors file instead of random ones; without --model with its network, and on CSV data with its classes and scaling.");

    public Option<StepChoice?> Step { get; } = Parsed.Value(
        "--step", "gradient|exact|auto|cgN|pcgN", "The step to check. Default: auto.", StepChoice.Parse, StepChoice.Expected);

    public Option<double?> TauTheta { get; } = Parsed.Number("--tau-theta", "Proximal step size tau_theta. Default: 0.05.", x => x > 0, "a positive number");

    public Option<double?> Rate { get; } = Parsed.Number(
        "--lr", "Learning rate of --during-training. Default: 1, with --step gradient 0.05.", x => x > 0, "a positive number");

    public Option<int?> Batch { get; } = Parsed.Count("--batch", "Samples in a step. Default: 100.", 1);

    public Option<ulong?> Seed { get; } = Parsed.Seed("--seed", "Seed of starting weights and order. Default: 0.");

    public Option<int?> DuringTraining { get; } = Parsed.Count(
        "--during-training", "Trains (Nesterov, momentum 0.95) and checks every N steps, instead of one step at the start.", 1);

    public Option<int?> MaxSteps { get; } = Parsed.Count("--max-steps", "Steps of --during-training. Default: 100.", 1);

    public Option<bool> Json { get; } = Parsed.Flag("--json", "Writes one JSON object per layer and claim instead of a table.");

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { Model, Init, Step, TauTheta, Rate, Batch, Seed, DuringTraining, MaxSteps, Json })
            command.Add(option);
    }
}
