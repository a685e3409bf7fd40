using System.Text.RegularExpressions;

namespace ProxProp.Mutation;

/// <summary>
/// A copy of the engine's sources and of the built tests in a temporary folder: patches a file, builds the engine alone, puts the assembly
/// beside the tests and runs some of them. The repository itself is never touched.
/// </summary>
internal sealed partial class Workbench : IDisposable
{
    // Once a test is red, the others get this long to say so too.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan BuildLimit = TimeSpan.FromMinutes(10);

    private readonly string _folder = Directory.CreateTempSubdirectory("proxprop-mutation-").FullName;
    private readonly TimeSpan _limit;

    /// <summary>Copies what is needed.</summary>
    /// <param name="root">The repository.</param>
    /// <param name="limit">How long the tests of one fault may take.</param>
    public Workbench(string root, TimeSpan limit)
    {
        _limit = limit;
        foreach (string file in Repository.BuildFiles)
            File.Copy(Path.Combine(root, file), Path.Combine(_folder, file));
        Repository.Copy(Path.Combine(root, Repository.Engine), EngineFolder, skipBuildFolders: true);
        Repository.Copy(Repository.TestOutput(root), TestFolder, skipBuildFolders: false);
        Build(restore: true);
    }

    private string EngineFolder => Path.Combine(_folder, Repository.Engine);

    private string TestFolder => Path.Combine(_folder, "tests");

    /// <summary>Runs test classes on the engine as it is.</summary>
    /// <exception cref="InvalidOperationException">A test fails, or none is found: nothing can be said about faults then.</exception>
    public void CheckUnchanged(IEnumerable<string> classes)
    {
        (IReadOnlyList<string> failed, int? exitCode, string last) = RunTests(classes, TimeSpan.FromHours(1));
        if (exitCode != 0 || failed.Count > 0)
            throw new InvalidOperationException($"The tests fail without any fault: {string.Join(", ", failed)} {last}");
        if (last.Contains("Total: 0,", StringComparison.Ordinal))
            throw new InvalidOperationException("No test was found.");
    }

    /// <summary>Makes the fault, runs its tests, and takes the fault back.</summary>
    public Verdict Try(Fault fault)
    {
        string path = Path.Combine(EngineFolder, fault.File);
        string original = Repository.ReadSource(_folder, fault.File);
        try
        {
            File.WriteAllText(path, fault.ApplyTo(original));
            Build(restore: false);
        }
        catch (InvalidOperationException e)
        {
            return new Verdict(fault, [], e.Message, false);
        }
        finally
        {
            File.WriteAllText(path, original);
        }

        (IReadOnlyList<string> failed, int? exitCode, string last) = RunTests(fault.Classes, _limit);
        if (failed.Count > 0)
            return new Verdict(fault, failed, null, true);
        if (exitCode is null)
            return new Verdict(fault, failed, $"no test was red within {_limit.TotalSeconds:F0} s", false);
        return exitCode == 0
            ? new Verdict(fault, failed, "all tests passed", false)
            : new Verdict(fault, failed, $"the test program died, exit code {exitCode}: {last}", true);
    }

    /// <summary>Removes the copies.</summary>
    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Build(bool restore)
    {
        if (restore)
            Dotnet(["restore", Repository.Engine, "-v", "q", "-p:NuGetAudit=false"]);
        Dotnet([
            "build", Repository.Engine, "-c", "Release", "--no-restore", "-v", "q", "-nologo", "-nodeReuse:false", "-p:RunAnalyzers=false",
            "-p:GenerateDocumentationFile=false", "-p:TreatWarningsAsErrors=false", "-p:UseSharedCompilation=true"]);
        string assembly = $"{Repository.Engine}.dll";
        File.Copy(Path.Combine(EngineFolder, "bin", "Release", "net10.0", assembly), Path.Combine(TestFolder, assembly), overwrite: true);
    }

    private void Dotnet(string[] arguments)
    {
        (IReadOnlyList<string> lines, int? exitCode) = Command.Run(_folder, arguments, (_, elapsed) => elapsed > BuildLimit);
        if (exitCode != 0)
            throw new InvalidOperationException($"dotnet {arguments[0]} failed: {string.Join("\n", lines)}");
    }

    private (IReadOnlyList<string> Failed, int? ExitCode, string Last) RunTests(IEnumerable<string> classes, TimeSpan limit)
    {
        TimeSpan? red = null;
        (IReadOnlyList<string> lines, int? exitCode) = Command.Run(
            TestFolder,
            [$"{Repository.Tests}.dll", "-noLogo", "-noColor", .. classes.Order().SelectMany(c => new[] { "-class", $"*.{c}" })],
            (soFar, elapsed) =>
            {
                red ??= soFar.Any(l => FailedLine().IsMatch(l)) ? elapsed : null;
                return elapsed > limit || elapsed - red > Grace;
            });
        string[] failed = [.. lines.Select(l => FailedLine().Match(l)).Where(m => m.Success).Select(m => m.Groups[1].Value).Distinct()];
        return (failed, exitCode, lines.LastOrDefault(l => l.Length > 0) ?? "");
    }

    // Class and method of "    ProxProp.Engine.Tests.Kernels.CholeskyTests.Name(arguments) [FAIL]".
    [GeneratedRegex(@"^\s+ProxProp\.Engine\.Tests\.(?:[A-Za-z]+\.)*?([A-Za-z0-9]+\.[A-Za-z0-9_]+)(?:<[^>]*>)?(?:\(.*)? \[FAIL\]")]
    private static partial Regex FailedLine();
}
