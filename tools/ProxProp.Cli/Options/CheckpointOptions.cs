using ProxProp.Cli.Files;
using ProxProp.Cli.Parsing;

namespace ProxProp.Cli.Options;

/// <summary>What is asked for about checkpoints.</summary>
/// <param name="Path">Where they go; null for none.</param>
/// <param name="EverySteps">After so many steps; 0 for not by steps.</param>
/// <param name="Every">After so much time; zero for not by time.</param>
/// <param name="Resume">The checkpoint to go on from, or null.</param>
internal sealed record CheckpointChoice(string? Path, int EverySteps, TimeSpan Every, string? Resume);

/// <summary>The options about checkpoints: <c>--checkpoint</c>, <c>--checkpoint-every</c>, <c>--checkpoint-minutes</c>, <c>--resume</c>.</summary>
internal sealed class CheckpointOptions
{
    public const string CheckpointName = "--checkpoint";
    public const string ResumeName = "--resume";

    private const double MostMinutes = 1e6;

    private readonly Option<string?> _path = Parsed.Text(
        CheckpointName,
        "FILE",
        "Saves all that training needs to go on: when it ends, at Ctrl-C, SIGTERM or SIGHUP, and as the next two options say. Default with one of these: "
        + "the file of --resume, else that of --save with .checkpoint in its name.");

    private readonly Option<int?> _every = Parsed.Count("--checkpoint-every", "Saves a checkpoint after every N steps.", 1);

    private readonly Option<double?> _minutes = Parsed.Number(
        "--checkpoint-minutes", "Saves a checkpoint every so many minutes.", x => x is > 0 and <= MostMinutes, "a positive number of minutes");

    private readonly Option<string?> _resume = Parsed.Text(
        ResumeName, "FILE", "Goes on from a checkpoint, to the bit as if it had never stopped; without --model with its network. All other options must "
        + "be as they were, but --epochs and --max-steps may be larger, and --init is not read again.");

    /// <summary>All of them: each asks for one run.</summary>
    public IReadOnlyList<Option> All => [_path, _every, _minutes, _resume];

    /// <summary>Reads them.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="save">Where the weights go.</param>
    public CheckpointChoice Read(ParseResult parsed, string save)
    {
        string? path = parsed.GetValue(_path), resume = parsed.GetValue(_resume);
        int every = parsed.GetValue(_every) ?? 0;
        TimeSpan time = TimeSpan.FromMinutes(parsed.GetValue(_minutes) ?? 0);
        if (path is null && (every > 0 || time > TimeSpan.Zero || resume is not null))
            path = resume ?? System.IO.Path.ChangeExtension(save, ".checkpoint.safetensors");
        if (resume is not null && !File.Exists(resume))
            throw new FailureException($"There is no checkpoint {resume}; leave --resume out to begin anew.");
        if (path is not null)
            SaveTarget.Check(path, CheckpointName);
        return new CheckpointChoice(path, every, time, resume);
    }
}
