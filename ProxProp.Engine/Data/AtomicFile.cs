namespace ProxProp.Engine.Data;

/// <summary>
/// Writes a file whole or not at all: into a temporary file in the same folder, which is flushed to the disk and renamed over the target.
/// Whatever fails on the way (full disk, read-only folder, the process killed), the file that was there before is there unchanged.
/// On Unix the new file has the permissions of the one that it replaces.
/// </summary>
public static class AtomicFile
{
    private const string Suffix = ".tmp";

    /// <summary>As many symbolic links as Linux follows.</summary>
    private const int MostLinks = 40;

    /// <summary>Length of a random file name, eight characters and three.</summary>
    private const int RandomLength = 12;

    /// <summary>Replaces or creates a file.</summary>
    /// <param name="path">The file; a symbolic link is followed. It must not exist as anything but a regular file.</param>
    /// <param name="write">Writes the contents, front to back.</param>
    /// <exception cref="IOException">The file could not be written; the message says why and that the old one is unchanged.</exception>
    public static void Write(string path, Action<Stream> write) => Write(path, write, create: null);

    /// <summary>Finds out whether a file could be saved there, as far as that shows before: by the checks that a save makes, and a file made in the folder.</summary>
    /// <param name="path">The file; what it holds stays.</param>
    /// <exception cref="IOException">It could not; the message says why.</exception>
    public static void Check(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            string target = Target(path);
            using FileStream _ = new(TemporaryFor(target), FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new IOException($"Cannot save {path}: {e.Message}", e);
        }
    }

    internal static void Write(string path, Action<Stream> write, Func<string, Stream>? create)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        string? temporary = null;
        try
        {
            string target = Target(path);
            UnixFileMode? mode = OperatingSystem.IsWindows() || !File.Exists(target) ? null : File.GetUnixFileMode(target);
            RemoveStale(Path.GetDirectoryName(target)!, PrefixFor(target));
            temporary = TemporaryFor(target);
            using (Stream stream = create?.Invoke(temporary) ?? CreateTemporary(temporary, mode))
            {
                write(stream);
                stream.Flush();
                (stream as FileStream)?.Flush(flushToDisk: true);
            }

            // What the process's mask kept from the new file; a file system without permissions, which would refuse, shows the same everywhere.
            if (!OperatingSystem.IsWindows() && mode is { } kept && File.GetUnixFileMode(temporary) != kept)
                File.SetUnixFileMode(temporary, kept);
            File.Move(temporary, target, overwrite: true);
        }
        catch (Exception e)
        {
            Remove(temporary);
            // A file beyond the file system's or the user's limit (EFBIG) comes as an argument that is out of range.
            if (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentOutOfRangeException)
                throw new IOException($"Cannot save {path}: {e.Message} The file as it was before, if any, is unchanged.", e);
            throw;
        }
    }

    /// <summary>The file that a save is to replace or create.</summary>
    private static string Target(string path)
    {
        string target = Path.GetFullPath(path);

        // Standard output is a link there; what that leads to, be it a file, is in use.
        CheckNoDevice(target);
        if (new FileInfo(target).LinkTarget is not null)
            target = Follow(target);
        CheckTarget(target);
        return target;
    }

    /// <summary>
    /// What a path leads to, as the operating system finds it: component by component, since a relative link starts from, and ".." leads out of,
    /// the folder that is really there, which the path's text does not show where a link led to it.
    /// </summary>
    private static string Follow(string path)
    {
        string done = Path.GetPathRoot(path)!;
        string left = path[done.Length..];
        int links = 0;
        while (left.Length > 0)
        {
            int end = left.AsSpan().IndexOfAny(Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar);
            string part = end < 0 ? left : left[..end];
            left = end < 0 ? "" : left[(end + 1)..];
            string next = Path.Combine(done, part);
            if (part == "..")
            {
                done = Path.GetDirectoryName(done) ?? done;
            }
            else if (part is not ("" or ".") && new FileInfo(next).LinkTarget is { } target)
            {
                if (++links > MostLinks)
                    throw new IOException("Its symbolic links lead to each other without end.");
                string root = Path.GetPathRoot(target)!;
                done = root.Length > 0 ? root : done;
                left = target[root.Length..] + Path.DirectorySeparatorChar + left;
            }
            else if (part != ".")
            {
                done = next;
            }
        }

        return done;
    }

    private static string PrefixFor(string target) => $".{Path.GetFileName(target)}.";

    private static string TemporaryFor(string target) =>
        Path.Combine(Path.GetDirectoryName(target)!, PrefixFor(target) + Path.GetRandomFileName() + Suffix);

    /// <summary>From its first moment the file is open to nobody whom the one that it replaces is closed to.</summary>
    private static FileStream CreateTemporary(string path, UnixFileMode? mode)
    {
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 1 << 16 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = mode;
        return new FileStream(path, options);
    }

    /// <summary>
    /// Removes what killed processes left behind. A temporary file that is being written is locked, and stays. (Its age would tell too that it is not one that
    /// another process has closed and not yet renamed; but asking for the time of a file costs a native program 115 KB.)
    /// </summary>
    private static void RemoveStale(string folder, string prefix)
    {
        foreach (string path in Directory.EnumerateFiles(folder, $".*{Suffix}"))
        {
            if (!IsTemporary(Path.GetFileName(path.AsSpan()), prefix))
                continue;
            try
            {
                using FileStream stale = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 0, FileOptions.DeleteOnClose);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // In use, or not ours.
            }
        }
    }

    /// <summary>Whether a name is one that <see cref="Write(string, Action{Stream})"/> gives; other programs' files may be much like it.</summary>
    private static bool IsTemporary(ReadOnlySpan<char> name, string prefix)
    {
        if (name.Length != prefix.Length + RandomLength + Suffix.Length || !name.StartsWith(prefix, StringComparison.Ordinal))
            return false;
        ReadOnlySpan<char> random = name.Slice(prefix.Length, RandomLength);
        for (int i = 0; i < RandomLength; i++)
        {
            if (i == 8 ? random[i] != '.' : random[i] is not ((>= 'a' and <= 'z') or (>= '0' and <= '5')))
                return false;
        }

        return true;
    }

    /// <summary>
    /// Renaming would silently replace what must not be replaced: a device, a pipe, a file that is write-protected. The latter two show when
    /// the target is opened for reading and writing; a device may look like a file, so the folder of devices is out of bounds.
    /// </summary>
    private static void CheckTarget(string target)
    {
        if (Directory.Exists(target))
            throw new IOException("It is a folder.");
        CheckNoDevice(target);
        string folder = Path.GetDirectoryName(target) ?? throw new IOException("It is a folder.");
        if (!Directory.Exists(folder))
            throw new IOException($"There is no folder {folder}.");
        if (!File.Exists(target))
            return;
        using FileStream existing = new(target, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        if (!existing.CanSeek)
            throw new IOException("It is not a regular file.");
    }

    private static void CheckNoDevice(string path)
    {
        if (path.StartsWith("/dev/", StringComparison.Ordinal) && !path.StartsWith("/dev/shm/", StringComparison.Ordinal))
            throw new IOException("It is a device, not a regular file.");
    }

    private static void Remove(string? temporary)
    {
        try
        {
            if (temporary is not null)
                File.Delete(temporary);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The failure that matters is on its way to the caller; a temporary file left behind is the lesser trouble.
        }
    }
}
