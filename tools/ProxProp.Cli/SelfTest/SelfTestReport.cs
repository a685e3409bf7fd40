using ProxProp.Cli.Output;

namespace ProxProp.Cli.SelfTest;

/// <summary>One line per check, and the count at the end.</summary>
internal sealed class SelfTestReport(Terminal terminal)
{
    private const int NameColumn = 44;

    public int Passed { get; private set; }

    public int Failed { get; private set; }

    /// <summary>Writes a check's line; <paramref name="detail"/> says what was measured.</summary>
    public void Add(string name, bool passed, string detail)
    {
        if (passed)
            Passed++;
        else
            Failed++;
        terminal.Output.WriteLine($"{(passed ? "ok    " : "FAILED")} {name.PadRight(NameColumn)} {detail}".TrimEnd());
    }

    /// <summary>A line that checks nothing.</summary>
    public void Say(string text) => terminal.Output.WriteLine(text);
}
