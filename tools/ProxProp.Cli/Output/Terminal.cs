namespace ProxProp.Cli.Output;

/// <summary>Where text goes: results to one writer, errors to the other, and whether a line can be rewritten in place.</summary>
/// <param name="output">Results and progress.</param>
/// <param name="error">One line when something fails.</param>
/// <param name="rewrites">Whether this is a screen that understands a carriage return.</param>
/// <param name="width">Columns of the screen.</param>
internal sealed class Terminal(TextWriter output, TextWriter error, bool rewrites = false, int width = 80)
{
    private const int LeastWidth = 40;

    public TextWriter Output { get; } = output;

    public TextWriter Error { get; } = error;

    public bool Rewrites { get; } = rewrites;

    public int Width { get; } = width;

    /// <summary>The process's own terminal; a file or a pipe gets plain lines.</summary>
    public static Terminal OfProcess()
    {
        bool screen = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") != "dumb";
        return new Terminal(Console.Out, Console.Error, screen, screen ? Math.Max(LeastWidth, ScreenWidth()) : 80);
    }

    private static int ScreenWidth()
    {
        try
        {
            return Console.WindowWidth > 0 ? Console.WindowWidth : 80;
        }
        catch (IOException)
        {
            return 80;
        }
    }
}
