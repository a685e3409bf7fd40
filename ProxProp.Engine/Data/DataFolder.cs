namespace ProxProp.Engine.Data;

/// <summary>Finds a data set's files under the names they go by.</summary>
internal static class DataFolder
{
    /// <summary>The folder itself, or the one of that name inside it that the official archive unpacks to.</summary>
    /// <exception cref="DataFormatException">There is no such folder.</exception>
    public static string Find(string folder, string archiveFolder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (!Directory.Exists(folder))
        {
            string found = File.Exists(folder) ? "a file" : "no such folder";
            throw new DataFormatException(folder, "", found, "a folder with the data set's files");
        }

        string inner = Path.Combine(folder, archiveFolder);
        return Directory.Exists(inner) ? inner : folder;
    }

    /// <summary>The first of the names, plain or with ".gz", that exists.</summary>
    /// <exception cref="DataFormatException">None does; the message lists them.</exception>
    public static string FindFile(string folder, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            string plain = Path.Combine(folder, name);
            if (File.Exists(plain))
                return plain;
            if (File.Exists(plain + ".gz"))
                return plain + ".gz";
        }

        throw new DataFormatException(folder, "", "none of the names looked for", $"{string.Join(" or ", names)} (plain or with .gz)");
    }
}
