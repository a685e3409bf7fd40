using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Reflection;
using System.Text.RegularExpressions;
using ProxProp.Cli.Commands;
using ProxProp.Cli.Output;
using ProxProp.Engine.Data;
using ProxProp.Engine.Simd;
using ProxProp.Engine.Training;

namespace ProxProp.Cli;

/// <summary>The whole program as a function: arguments in, exit code out, text on the terminal's two writers.</summary>
internal static partial class CommandLine
{
    /// <summary>Version, vector width and threads, such as <c>0.1.0 (256-bit, 2 threads)</c>.</summary>
    public static string Version { get; } = $"{ProductVersion()} ({WidthName()}, {Texts.Count(Environment.ProcessorCount, "thread")})";

    /// <summary>Runs one command.</summary>
    /// <param name="args">The arguments, without the program's name.</param>
    /// <param name="terminal">Where the text goes.</param>
    /// <param name="cancel">Ends training after the current step, as Ctrl-C does.</param>
    public static int Run(IReadOnlyList<string> args, Terminal terminal, CancellationToken cancel = default)
    {
        RootCommand root = Build(terminal, cancel);
        ParseResult parsed = root.Parse(args, new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0 && parsed.Action is not HelpAction)
        {
            // Of several errors the one about a word that was typed says more than one about a word that was not.
            string message = parsed.UnmatchedTokens.Count > 0
                ? $"Unrecognized command or argument '{parsed.UnmatchedTokens[0]}'."
                : parsed.Errors[0].Message;
            return Fail(terminal, $"{message} {HelpHint(parsed)}", ExitCode.Usage);
        }

        try
        {
            return parsed.Invoke(new InvocationConfiguration
            {
                Output = terminal.Output,
                Error = terminal.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            });
        }
        catch (UsageException e)
        {
            return Fail(terminal, $"{e.Message} {HelpHint(parsed)}", ExitCode.Usage);
        }
        catch (Exception e) when (IsExpected(e))
        {
            return Fail(terminal, e.Message, ExitCode.Failed);
        }
        catch (Exception e)
        {
            string where = e.StackTrace?.Split('\n')[0].Trim() ?? "unknown place";
            string message = $"A bug in proxprop: {e.GetType().Name}: {e.Message} {where}. Please report it with the command line.";
            return Fail(terminal, message, ExitCode.Failed);
        }
    }

    private static RootCommand Build(Terminal terminal, CancellationToken cancel)
    {
        var root = new RootCommand("Trains neural networks by proximal backpropagation. Begin with: proxprop train")
        {
            new TrainCommand(terminal, cancel),
            new EvaluateCommand(terminal),
            new PredictCommand(terminal),
            new InfoCommand(terminal),
            new VerifyCommand(terminal),
        };
        root.HelpName = "proxprop";
        root.Options.OfType<VersionOption>().Single().Action = new PrintVersion(terminal);
        return root;
    }

    private static string HelpHint(ParseResult parsed)
    {
        string command = parsed.CommandResult.Command is RootCommand ? string.Empty : parsed.CommandResult.Command.Name + " ";
        return $"See: proxprop {command}--help";
    }

    private static bool IsExpected(Exception e) => e
        is FailureException or DataFormatException or ModelFormatException or IOException or UnauthorizedAccessException
        or ArgumentException or NotSupportedException or OverflowException or OutOfMemoryException;

    // One line, whatever the message: scripts read it.
    private static int Fail(Terminal terminal, string message, int exitCode)
    {
        message = ParameterName().Replace(message, string.Empty).ReplaceLineEndings(" ");
        terminal.Error.WriteLine($"proxprop: {message.Replace("  ", " ", StringComparison.Ordinal)}");
        return exitCode;
    }

    // What the runtime appends to the message of a bad argument; it means nothing to who typed the command.
    [GeneratedRegex(@" \(Parameter '\w+'\)")]
    private static partial Regex ParameterName();

    private static string ProductVersion()
    {
        string version = typeof(CommandLine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
            ?? "unknown";
        int commit = version.IndexOf('+', StringComparison.Ordinal);
        return commit < 0 ? version : version[..commit];
    }

    private static string WidthName() =>
        SimdSupport.Widest == SimdWidth.Scalar ? "scalar" : $"{(int)SimdSupport.Widest}-bit";

    private sealed class PrintVersion(Terminal terminal) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            terminal.Output.WriteLine($"proxprop {Version}");
            return ExitCode.Done;
        }
    }
}
