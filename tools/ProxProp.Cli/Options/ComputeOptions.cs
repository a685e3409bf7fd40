using ProxProp.Cli.Files;
using ProxProp.Cli.Parsing;
using ProxProp.Engine.Data;
using ProxProp.Engine.Parallel;

namespace ProxProp.Cli.Options;

/// <summary>What to compute on: <c>--threads</c> and <c>--precision</c>.</summary>
internal sealed class ComputeOptions
{
    private const string Float = "float";
    private const string Double = "double";

    private readonly Option<int?> _threads = Parsed.Count(
        "--threads", "Threads; 0 for one per processor. Results do not depend on it.", 0, WorkerTeam.MaxWorkers);

    private readonly Option<string?> _precision = Parsed.Choice(
        "--precision", "Number type. Default: float, or that of the weights file.", Float, Double);

    public void AddTo(Command command)
    {
        command.Add(_threads);
        command.Add(_precision);
    }

    public int Threads(ParseResult parsed) => parsed.GetValue(_threads) ?? 0;

    /// <summary>Whether to compute in double: as asked for, or as the weights are stored.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="weights">The header of the file whose weights are the beginning, or null.</param>
    public bool IsDouble(ParseResult parsed, SafetensorsReader? weights) =>
        parsed.GetValue(_precision) is { } name ? name == Double : weights is not null && SavedModel.IsDouble(weights);
}
