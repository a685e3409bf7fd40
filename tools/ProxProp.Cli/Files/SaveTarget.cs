namespace ProxProp.Cli.Files;

/// <summary>Finds out before training whether its result could be saved: better now than after an hour.</summary>
internal static class SaveTarget
{
    /// <summary>Checks that a file of that name could be made.</summary>
    /// <exception cref="FailureException">It could not; the message says why and what to do.</exception>
    public static void Check(string path, string option)
    {
        if (path.Length == 0 || Directory.Exists(path))
            throw new FailureException($"Cannot save {path}: it is a folder. Give {option} the name of a file.");
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (!Directory.Exists(folder))
            throw new FailureException($"Cannot save {path}: there is no folder {folder}. Create it, or give {option} another path.");
        try
        {
            string probe = Path.Combine(folder, $".{Path.GetRandomFileName()}.tmp");
            using var _ = new FileStream(probe, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new FailureException($"Cannot save {path}: {e.Message} Give {option} a path in a folder that may be written to.", e);
        }
    }
}
