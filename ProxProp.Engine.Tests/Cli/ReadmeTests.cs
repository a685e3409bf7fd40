using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using ProxProp.Cli;
using ProxProp.Cli.Options;
using ProxProp.Cli.Output;

namespace ProxProp.Engine.Tests.Cli;

/// <summary>The README says what is so: its example compiles and learns, its options exist, its folders are there.</summary>
public sealed partial class ReadmeTests
{
    private const int Indent = 8;

    private static readonly string Folder = Path.GetDirectoryName(ThisFile())!;
    private static readonly string Root = Path.GetFullPath(Path.Combine(Folder, "..", ".."));
    private static readonly string Readme = File.ReadAllText(Path.Combine(Root, "README.md")).ReplaceLineEndings("\n");

    [Fact]
    public void The_example_is_the_one_that_is_compiled()
    {
        string[] source = File.ReadAllText(Path.Combine(Folder, "ReadmeExample.cs")).ReplaceLineEndings("\n").Split('\n');
        int begin = Array.FindIndex(source, l => l.Trim() == "// example"), end = Array.FindIndex(source, l => l.Trim() == "// end");
        IEnumerable<string> body = source[(begin + 1)..end].Select(l => l.Length == 0 ? l : l[Indent..]);
        string expected = string.Join('\n', [.. source.TakeWhile(l => l.StartsWith("using ", StringComparison.Ordinal)), "", .. body]);
        Assert.Equal(expected, CodeBlock().Match(Readme).Groups[1].Value.TrimEnd('\n'));
    }

    [Fact]
    public void The_example_learns() => Assert.True(ReadmeExample.Run() > 0.9);

    [Fact]
    public void Every_option_of_train_is_described_and_every_described_one_exists()
    {
        string help = CliRun.Done("train", "--help");
        string[] existing = [.. OptionName().Matches(help).Select(m => m.Value).Distinct()];
        IEnumerable<Match> rows = OptionRow().Matches(Readme);
        string[] described = [.. rows.SelectMany(m => OptionName().Matches(m.Groups[1].Value)).Select(m => m.Value).Distinct()];
        Assert.True(described.Length > 15);
        Assert.Equal(existing.Where(o => o != "--help").Order(StringComparer.Ordinal), described.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Help_and_README_name_every_option_that_asks_for_one_run()
    {
        string help = CliRun.Done("train", "--help");
        string about = help[..help.IndexOf("Options:", StringComparison.Ordinal)];
        string section = OneRun().Match(Readme).Value;
        foreach (string option in new TrainOptions().OfOneRun.Select(o => o.Name))
        {
            Assert.Matches($"{option}[, \n)]", about);
            Assert.True(section.Contains($"`{option}`", StringComparison.Ordinal) || (option[2..] is "resume" or ['c', 'h', ..] && section.Contains("a checkpoint option")), option);
        }
    }

    [Fact]
    public void Every_folder_of_the_map_exists_and_every_folder_of_the_engine_is_on_it()
    {
        string map = MapBlock().Match(Readme).Groups[1].Value;
        foreach (string folder in Directory.GetDirectories(Path.Combine(Root, "ProxProp.Engine")).Select(d => Path.GetFileName(d)!))
        {
            if (folder is not "bin" and not "obj")
                Assert.Contains($"  {folder}/ ", map, StringComparison.Ordinal);
        }

        foreach (Match entry in MapEntry().Matches(map))
        {
            string parent = entry.Groups[1].Length > 0 ? "ProxProp.Engine" : string.Empty;
            Assert.True(Directory.Exists(Path.Combine(Root, parent, entry.Groups[2].Value)), entry.Value);
        }
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;

    [GeneratedRegex("\\*\\*One run or two.*?\n\n", RegexOptions.Singleline)]
    private static partial Regex OneRun();

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex("```text map\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex MapBlock();

    [GeneratedRegex("^( *)([A-Za-z.]+)/ ", RegexOptions.Multiline)]
    private static partial Regex MapEntry();

    [GeneratedRegex("^\\| (`--.*?`) \\|", RegexOptions.Multiline)]
    private static partial Regex OptionRow();

    [GeneratedRegex("--[a-z][a-z-]+")]
    private static partial Regex OptionName();
}
