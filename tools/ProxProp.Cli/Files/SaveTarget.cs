using ProxProp.Engine.Data;

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
            AtomicFile.Check(path);
        }
        catch (IOException e)
        {
            throw new FailureException($"{e.Message} Give {option} a path that may be written to.", e);
        }
    }
}
