using ProxProp.Cli.Output;

namespace ProxProp.Cli.Parsing;

/// <summary>What <c>--help</c> shows.</summary>
internal static class HelpText
{
    private const string Program = "proxprop";
    private const int Gap = 2;
    private const int LeastColumn = 20;
    private static readonly (string, string) Help = ("-?, -h, --help", "Show help and usage information");

    /// <summary>The program's help: its commands.</summary>
    public static void Write(Terminal terminal, string description, IReadOnlyList<Command> commands)
    {
        WriteHead(terminal, description, "[command] [options]");
        WriteList(terminal, "Options", [Help, ("--version", "Show version information")]);
        WriteList(terminal, "Commands", [.. commands.Select(c => (string.Join(' ', c.Arguments.Select(a => $"<{a.Name}>").Prepend(c.Name)), c.Description))]);
    }

    /// <summary>One command's help: its arguments and options.</summary>
    public static void Write(Terminal terminal, Command command)
    {
        WriteHead(terminal, command.Description, string.Join(' ', [command.Name, .. command.Arguments.Select(a => $"<{a.Name}>"), "[options]"]));
        if (command.Arguments.Count > 0)
            WriteList(terminal, "Arguments", [.. command.Arguments.Select(a => ($"<{a.Name}>", a.Description))]);
        WriteList(terminal, "Options", [.. command.Options.Select(o => (o.Heading, o.Required ? $"{o.Description} (REQUIRED)" : o.Description)), Help]);
    }

    private static void WriteHead(Terminal terminal, string description, string usage)
    {
        terminal.Output.WriteLine("Description:");
        WriteEntry(terminal, string.Empty, Gap, description);
        terminal.Output.WriteLine();
        terminal.Output.WriteLine("Usage:");
        terminal.Output.WriteLine($"  {Program} {usage}");
        terminal.Output.WriteLine();
    }

    private static void WriteList(Terminal terminal, string title, (string Name, string Description)[] entries)
    {
        terminal.Output.WriteLine($"{title}:");
        int column = entries.Max(e => e.Name.Length) + (2 * Gap);
        foreach ((string name, string description) in entries)
            WriteEntry(terminal, name, column, description);
        terminal.Output.WriteLine();
    }

    // A screen gets whole words on lines of its width; a file or a pipe one line, for grep.
    private static void WriteEntry(Terminal terminal, string name, int column, string description)
    {
        string start = $"{new string(' ', Gap)}{name}".PadRight(column);
        int room = terminal.Rewrites ? Math.Max(LeastColumn, terminal.Width - column - 1) : int.MaxValue;
        while (description.Length > room)
        {
            int end = description.LastIndexOf(' ', room);
            if (end <= 0)
                break;
            terminal.Output.WriteLine(start + description[..end]);
            description = description[(end + 1)..];
            start = new string(' ', column);
        }

        terminal.Output.WriteLine(start + description);
    }
}
