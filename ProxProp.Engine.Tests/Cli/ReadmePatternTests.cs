using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using ProxProp.Engine.Data;
using ProxProp.Engine.Tests.Data;

namespace ProxProp.Engine.Tests.Cli;

/// <summary>The README's section on devices shows code that compiles and does what it says.</summary>
public sealed partial class ReadmePatternTests
{
    private static readonly string Folder = Path.GetDirectoryName(ThisFile())!;

    [Fact]
    public void The_patterns_are_those_that_are_compiled()
    {
        string readme = File.ReadAllText(Path.Combine(Folder, "..", "..", "README.md")).ReplaceLineEndings("\n");
        string source = File.ReadAllText(Path.Combine(Folder, "ReadmePatterns.cs")).ReplaceLineEndings("\n");
        string[] patterns = [.. Pattern().Matches(source).Select(m => string.Join('\n', m.Groups[1].Value.TrimEnd().Split('\n').Select(Unindent)))];
        Assert.Equal(3, patterns.Length);
        Assert.All(patterns, p => Assert.Contains($"```csharp\n{p}\n```", readme, StringComparison.Ordinal));
    }

    [Fact]
    public void The_patterns_work()
    {
        using var folder = new TemporaryFolder();
        DatasetSplit<float> digits = Digits.Load<float>().Split(validation: 0, test: 360, seed: 1);
        (double frozen, double online, double snapshot) = ReadmePatterns.Run(digits, folder.File("w"));
        Assert.True(frozen > 0.9 && online > 0.9, $"accuracies {frozen} and {online}");
        Assert.Equal(1, snapshot);
    }

    private static string Unindent(string line) => line.Length >= 8 ? line[8..] : line.TrimStart();

    private static string ThisFile([CallerFilePath] string path = "") => path;

    [GeneratedRegex(@"// pattern\n(.*?)\n *// end", RegexOptions.Singleline)]
    private static partial Regex Pattern();
}
