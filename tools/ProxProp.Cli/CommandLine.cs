using ProxProp.Cli.Commands;
using ProxProp.Cli.Output;
using ProxProp.Cli.Parsing;
using ProxProp.Engine.Data;
using ProxProp.Engine.Simd;
using ProxProp.Engine.Training;

namespace ProxProp.Cli;

/// <summary>The whole program as a function: arguments in, exit code out, text on the terminal's two writers.</summary>
internal static class CommandLine
{
    /// <summary>Version, vector width and threads, such as <c>0.1.0 (256-bit, 2 threads)</c>.</summary>
    public static string Version { get; } = $"{ProductVersion.Text} ({WidthName()}, {Texts.Count(Environment.ProcessorCount, "thread")})";

    /// <summary>Runs one command.</summary>
    /// <param name="args">The arguments, without the program's name.</param>
    /// <param name="terminal">Where the text goes.</param>
    /// <param name="cancel">Ends training after the current step, as Ctrl-C does.</param>
    public static int Run(string[] args, Terminal terminal, CancellationToken cancel = default)
    {
        string named = string.Empty;
        try
        {
            Command[] commands =
            [
                new TrainCommand(terminal, cancel),
                new PlanCommand(terminal),
                new EvaluateCommand(terminal),
                new PredictCommand(terminal),
                new InfoCommand(terminal),
                new VerifyCommand(terminal),
                new SelfTestCommand(terminal),
#if PAPER
                new PaperCommand(terminal, cancel),
#endif
            ];
            if (args.Length > 0 && Array.Find(commands, c => c.Name == args[0]) is { } command)
            {
                named = command.Name + " ";
                return Run(command, args.AsSpan(1), terminal);
            }

#if !PAPER
            if (args is ["paper", ..])
                throw new FailureException("The command paper is in the .NET build only; run it by: dotnet run -c Release --project tools/ProxProp.Cli -- paper");
#endif
            return RunWithoutCommand(args, commands, terminal);
        }
        catch (UsageException e)
        {
            return Fail(terminal, $"{e.Message} See: proxprop {named}--help", ExitCode.Usage);
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

    private static int Run(Command command, ReadOnlySpan<string> words, Terminal terminal)
    {
        if (!ParseResult.AsksForHelp(words))
            return command.Invoke(ParseResult.Read(command, words));
        HelpText.Write(terminal, command);
        return ExitCode.Done;
    }

    private static int RunWithoutCommand(string[] args, Command[] commands, Terminal terminal)
    {
        if (ParseResult.AsksForHelp(args))
        {
            HelpText.Write(terminal, "Trains neural networks by proximal backpropagation. Begin with: proxprop train", commands);
            return ExitCode.Done;
        }

        if (Array.Find(args, a => a != "--version") is { } word)
            throw new UsageException($"Unrecognized command or argument '{word}'.");
        if (args.Length == 0)
            throw new UsageException("Required command was not provided.");
        terminal.Output.WriteLine($"proxprop {Version}");
        return ExitCode.Done;
    }

    private static bool IsExpected(Exception e) => e
        is FailureException or DataFormatException or ModelFormatException or IOException or UnauthorizedAccessException
        or ArgumentException or NotSupportedException or OverflowException or OutOfMemoryException;

    // One line, whatever the message: scripts read it.
    private static int Fail(Terminal terminal, string message, int exitCode)
    {
        message = WithoutParameterNames(message).ReplaceLineEndings(" ");
        terminal.Error.WriteLine($"proxprop: {message.Replace("  ", " ", StringComparison.Ordinal)}");
        return exitCode;
    }

    // What the runtime appends to the message of a bad argument; it means nothing to who typed the command.
    private static string WithoutParameterNames(string message)
    {
        const string Opening = " (Parameter '", Closing = "')";
        for (int start; (start = message.IndexOf(Opening, StringComparison.Ordinal)) >= 0;)
        {
            int end = message.IndexOf(Closing, start + Opening.Length, StringComparison.Ordinal);
            if (end < 0)
                break;
            message = message.Remove(start, end + Closing.Length - start);
        }

        return message;
    }

    private static string WidthName() =>
        SimdSupport.Widest == SimdWidth.Scalar ? "scalar" : $"{(int)SimdSupport.Widest}-bit";
}
