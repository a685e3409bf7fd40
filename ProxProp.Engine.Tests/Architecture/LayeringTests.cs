using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace ProxProp.Engine.Tests.Architecture;

/// <summary>There is one way down through the engine: each folder uses only those above it.</summary>
public sealed partial class LayeringTests
{
    private static readonly string[] Order =
    [
        "Memory", "Simd", "Parallel", "Randomness", "Kernels", "Solvers", "Layers", "Proximal", "Optimizers", "Data", "Training", "Theory",
    ];

    [Fact]
    public void Every_folder_has_its_place_in_the_order()
    {
        IEnumerable<string> folders = Directory.GetDirectories(EngineFolder())
            .Select(d => Path.GetFileName(d)!)
            .Where(d => d is not "bin" and not "obj");
        Assert.Equal(Order.Order(StringComparer.Ordinal), folders.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void No_file_uses_a_folder_below_its_own()
    {
        var upward = new List<string>();
        int seen = 0;
        foreach (string file in SourceFiles())
        {
            int own = Array.IndexOf(Order, FolderOf(file));
            foreach (Match match in EngineName().Matches(File.ReadAllText(file)))
            {
                seen++;
                if (Array.IndexOf(Order, match.Groups[1].Value) > own)
                    upward.Add($"{Path.GetFileName(file)}: {match.Value}");
            }
        }

        Assert.True(seen > 50, "The pattern finds the engine's own using lines.");
        Assert.Empty(upward);
    }

    [Fact]
    public void Namespaces_are_folders()
    {
        foreach (string file in SourceFiles())
            Assert.Contains($"namespace ProxProp.Engine.{FolderOf(file)};", File.ReadAllText(file), StringComparison.Ordinal);
    }

    [Fact]
    public void No_file_is_longer_than_350_lines() =>
        Assert.Empty(SourceFiles().Where(f => File.ReadLines(f).Count() > 350).Select(Path.GetFileName));

    private static IEnumerable<string> SourceFiles() => Order.SelectMany(
        folder => Directory.GetFiles(Path.Combine(EngineFolder(), folder), "*.cs", SearchOption.AllDirectories));

    private static string FolderOf(string file) => Path.GetRelativePath(EngineFolder(), file).Split(Path.DirectorySeparatorChar)[0];

    private static string EngineFolder([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "ProxProp.Engine"));

    [GeneratedRegex(@"ProxProp\.Engine\.([A-Z][A-Za-z]+)")]
    private static partial Regex EngineName();
}
