using System.Collections.Concurrent;
using System.Diagnostics;

namespace ProxProp.Mutation;

/// <summary>Runs a program and reads what it prints, line by line.</summary>
internal static class Command
{
    /// <summary>Runs a program to its end, or ends it with all that it started.</summary>
    /// <param name="folder">Working folder.</param>
    /// <param name="arguments">Arguments of <c>dotnet</c>.</param>
    /// <param name="isOver">Asked several times a second with the lines so far and the time spent; true ends the program.</param>
    /// <returns>The lines, and the exit code or null where it was ended.</returns>
    public static (IReadOnlyList<string> Lines, int? ExitCode) Run(
        string folder, IEnumerable<string> arguments, Func<IReadOnlyCollection<string>, TimeSpan, bool> isOver)
    {
        var start = new ProcessStartInfo("dotnet", arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Always the same cases, and as many as in an ordinary run.
        start.Environment.Remove("PROXPROP_SEED");
        start.Environment.Remove("PROXPROP_LONG");
        var lines = new ConcurrentQueue<string>();
        using var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, e) => Keep(e.Data);
        process.ErrorDataReceived += (_, e) => Keep(e.Data);
        var clock = Stopwatch.StartNew();
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        while (!process.WaitForExit(200))
        {
            if (!isOver(lines, clock.Elapsed))
                continue;
            process.Kill(entireProcessTree: true);
            process.WaitForExit(5000);
            return ([.. lines], null);
        }

        process.WaitForExit();
        return ([.. lines], process.ExitCode);

        void Keep(string? line)
        {
            if (line is not null)
                lines.Enqueue(line);
        }
    }
}
