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
        var entries = new List<(string, string)>();
        foreach (Command command in commands)
            entries.Add((Words(command), command.Description));
        WriteList(terminal, "Commands", entries);
    }

    /// <summary>One command's help: its arguments and options.</summary>
    public static void Write(Terminal terminal, Command command)
    {
        WriteHead(terminal, command.Description, Words(command) + " [options]");
        var entries = new List<(string, string)>();
        foreach (Argument argument in command.Arguments)
            entries.Add(($"<{argument.Name}>", argument.Description));
        if (entries.Count > 0)
            WriteList(terminal, "Arguments", entries);
        entries.Clear();
        foreach (Option option in command.Options)
            entries.Add((option.Heading, option.Required ? $"{option.Description} (REQUIRED)" : option.Description));
        entries.Add(Help);
        WriteList(terminal, "Options", entries);
    }

    private static string Words(Command command)
    {
        string words = command.Name;
        foreach (Argument argument in command.Arguments)
            words += $" <{argument.Name}>";
        return words;
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

    private static void WriteList(Terminal terminal, string title, List<(string Name, string Description)> entries)
    {
        terminal.Output.WriteLine($"{title}:");
        int longest = 0;
        foreach ((string name, _) in entries)
            longest = Math.Max(longest, name.Length);
        int column = longest + (2 * Gap);
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
