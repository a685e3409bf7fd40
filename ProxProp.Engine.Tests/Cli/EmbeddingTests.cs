using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace ProxProp.Engine.Tests.Cli;

/// <summary>What the README says about embedding is what the files say.</summary>
public sealed partial class EmbeddingTests
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", ".."));
    private static readonly string Native = Path.Combine(Root, "tools", "ProxProp.Native");

    [Fact]
    public void The_example_in_Python_is_the_one_that_is_run() =>
        Assert.Equal(Read(Path.Combine(Native, "example.py")), PythonBlock().Match(Read(Path.Combine(Root, "README.md"))).Groups[1].Value);

    [Fact]
    public void The_header_declares_the_functions_that_the_library_exports()
    {
        string[] declared = [.. Declaration().Matches(Read(Path.Combine(Native, "proxprop.h"))).Select(m => m.Groups[1].Value)];
        string[] exported = [.. Directory.GetFiles(Native, "*.cs").SelectMany(f => EntryPoint().Matches(Read(f))).Select(m => m.Groups[1].Value)];
        Assert.True(declared.Length > 15);
        Assert.Equal(declared.Order(StringComparer.Ordinal), exported.Order(StringComparer.Ordinal));
    }

    private static string Read(string path) => File.ReadAllText(path).ReplaceLineEndings("\n");

    private static string ThisFile([CallerFilePath] string path = "") => path;

    [GeneratedRegex("```python\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex PythonBlock();

    [GeneratedRegex(@"^(?:int32_t |size_t |const char \*|proxprop_status )(proxprop_\w+)\(", RegexOptions.Multiline)]
    private static partial Regex Declaration();

    [GeneratedRegex("EntryPoint = \"(\\w+)\"")]
    private static partial Regex EntryPoint();
}
