namespace ProxProp.Cli.Files;

/// <summary>The files that a command line names: one that is written must be none of the others, whose contents would be lost.</summary>
internal sealed class NamedFiles
{
    private static readonly StringComparison s_comparison = OperatingSystem.IsWindows() ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;

    private readonly List<(string Option, string Path)> _files = [];

    /// <summary>Adds a file that is read. These come first: only what is written is compared with all before it.</summary>
    /// <param name="option">The option that names it.</param>
    /// <param name="path">The file, or null for none.</param>
    public void Read(string option, string? path)
    {
        if (path is not null)
            _files.Add((option, path));
    }

    /// <summary>Adds a file that is written.</summary>
    /// <param name="option">The option that names it.</param>
    /// <param name="path">The file, or null for none.</param>
    /// <param name="over">The option whose file it may replace: that has been read to its end by then, and is replaced as a whole.</param>
    /// <exception cref="UsageException">It is one of those before it.</exception>
    public void Write(string option, string? path, string? over = null)
    {
        if (path is null)
            return;
        foreach ((string other, string taken) in _files)
        {
            if (other != over && string.Equals(Path.GetFullPath(path), Path.GetFullPath(taken), s_comparison))
                throw new UsageException($"{option} and {other} are both {path}; give them different names.");
        }

        _files.Add((option, path));
    }
}
