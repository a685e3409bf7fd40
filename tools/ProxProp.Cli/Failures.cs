namespace ProxProp.Cli;

/// <summary>What the program answers to the shell.</summary>
internal static class ExitCode
{
    /// <summary>All was done.</summary>
    public const int Done = 0;

    /// <summary>A file, the data or the training itself failed.</summary>
    public const int Failed = 1;

    /// <summary>The command line makes no sense.</summary>
    public const int Usage = 2;

    /// <summary>Ctrl-C (or SIGTERM, SIGHUP): the weights of the last complete step are saved. 128 + SIGINT, as shells have it.</summary>
    public const int Interrupted = 130;
}

/// <summary>The command line asks for something that makes no sense; exit code 2.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>What was asked for could not be done; exit code 1.</summary>
internal sealed class FailureException(string message, Exception? inner = null) : Exception(message, inner);
