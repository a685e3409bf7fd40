using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using ProxProp.Engine.Tests.Generators;

namespace ProxProp.Engine.Tests.Theory;

/// <summary>The README's table of claims: every row names a test that exists and runs, in the file that it names.</summary>
public sealed partial class ClaimTableTests
{
    private static readonly string Folder = Path.GetDirectoryName(ThisFile())!;

    [Fact]
    public void Every_row_names_a_test_in_its_file()
    {
        MatchCollection rows = Row().Matches(File.ReadAllText(Path.Combine(Folder, "..", "..", "README.md")));
        Assert.True(rows.Count >= 20, $"{rows.Count} rows");
        foreach (Match row in rows)
        {
            (string property, string file) = (row.Groups[1].Value, row.Groups[2].Value);
            Assert.True(File.Exists(Path.Combine(Folder, file)), $"{file} does not exist");
            Type type = typeof(ClaimTableTests).Assembly.GetType($"ProxProp.Engine.Tests.Theory.{Path.GetFileNameWithoutExtension(file)}")!;
            var method = type.GetMethod(property);
            Assert.True(method is not null, $"{file} has no {property}");
            Assert.Contains(method.GetCustomAttributes(true), a => a is EnginePropertyAttribute or FactAttribute);
        }
    }

    [Fact]
    public void Every_class_of_properties_is_in_the_table()
    {
        string table = string.Join('\n', Row().Matches(File.ReadAllText(Path.Combine(Folder, "..", "..", "README.md"))).Select(m => m.Value));
        IEnumerable<Type> classes = typeof(ClaimTableTests).Assembly.GetTypes().Where(
            t => t.Namespace == "ProxProp.Engine.Tests.Theory" && t.GetMethods().Any(m => m.GetCustomAttributes(typeof(EnginePropertyAttribute), true).Length > 0));
        foreach (Type type in classes.Where(t => t != typeof(LayerCheckTests)))
            Assert.Contains($"`{type.Name}.cs`", table, StringComparison.Ordinal);
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;

    [GeneratedRegex("^\\| [^|]+ \\| `(\\w+)` \\| `(\\w+\\.cs)` \\|$", RegexOptions.Multiline)]
    private static partial Regex Row();
}
