namespace ProxProp.Mutation;

/// <summary>Where things are in the repository.</summary>
internal static class Repository
{
    /// <summary>The engine's folder, and the name of its project.</summary>
    public const string Engine = "ProxProp.Engine";

    /// <summary>The test project.</summary>
    public const string Tests = "ProxProp.Engine.Tests";

    /// <summary>What the engine's project needs from the root.</summary>
    public static IReadOnlyList<string> BuildFiles { get; } = ["Directory.Build.props", "Directory.Packages.props", "global.json"];

    /// <summary>The root, found upwards from this program.</summary>
    public static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "ProxProp.sln")))
                return folder.FullName;
        }

        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} holds ProxProp.sln.");
    }

    /// <summary>The built tests.</summary>
    public static string TestOutput(string root)
    {
        string folder = Path.Combine(root, Tests, "bin", "Release", "net10.0");
        return File.Exists(Path.Combine(folder, $"{Tests}.dll"))
            ? folder
            : throw new InvalidOperationException($"The tests are not built: {folder} has no {Tests}.dll. Run: dotnet build -c Release");
    }

    /// <summary>The text of an engine file, with plain line ends.</summary>
    public static string ReadSource(string root, string file) =>
        File.ReadAllText(Path.Combine(root, Engine, file)).ReplaceLineEndings("\n");

    /// <summary>Copies a folder, without what builds leave in it.</summary>
    public static void Copy(string from, string to, bool skipBuildFolders)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.GetFiles(from))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)), overwrite: true);
        foreach (string folder in Directory.GetDirectories(from))
        {
            string name = Path.GetFileName(folder);
            if (!skipBuildFolders || name is not ("bin" or "obj"))
                Copy(folder, Path.Combine(to, name), skipBuildFolders);
        }
    }
}
