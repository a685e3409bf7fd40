using System.Globalization;
using ProxProp.Cli;
using ProxProp.Cli.Output;

namespace ProxProp.Engine.Tests.Cli;

/// <summary>One call of the program inside the test's own process.</summary>
/// <param name="ExitCode">What the shell would get.</param>
/// <param name="Output">What it wrote to standard output.</param>
/// <param name="Error">What it wrote to standard error.</param>
internal sealed record CliRun(int ExitCode, string Output, string Error)
{
    public static CliRun Of(params string[] args) => Of(CancellationToken.None, args);

    public static CliRun Of(CancellationToken cancel, params string[] args)
    {
        using var output = new StringWriter(CultureInfo.InvariantCulture);
        using var error = new StringWriter(CultureInfo.InvariantCulture);
        int exitCode = CommandLine.Run(args, new Terminal(output, error), cancel);
        return new CliRun(exitCode, output.ToString(), error.ToString());
    }

    /// <summary>A call that must succeed; its output.</summary>
    public static string Done(params string[] args)
    {
        CliRun run = Of(args);
        Assert.Equal(string.Empty, run.Error);
        Assert.Equal(0, run.ExitCode);
        return run.Output;
    }

    /// <summary>A call that must fail with one line on standard error; that line without the program's name.</summary>
    public static string Fails(int exitCode, params string[] args)
    {
        CliRun run = Of(args);
        Assert.Equal(exitCode, run.ExitCode);
        string line = Assert.Single(run.Error.TrimEnd('\n').Split('\n'));
        Assert.StartsWith("proxprop: ", line, StringComparison.Ordinal);
        return line["proxprop: ".Length..].TrimEnd('\r');
    }
}
