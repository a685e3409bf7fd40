/// <summary>The most resident memory of a process of the program, as it says itself when it ends: who watches it from outside may miss the end.</summary>
/// <remarks>The runtime looks for a type of this name, in no namespace, in what <c>DOTNET_STARTUP_HOOKS</c> names.</remarks>
internal static class StartupHook
{
    private const string FileVariable = "PROXPROP_TEST_STATUS_FILE";

    /// <summary>What to set for a process so that it writes its last status, as Linux tells it, to a file.</summary>
    public static (string Name, string Value)[] WritesStatusTo(string file) =>
        [("DOTNET_STARTUP_HOOKS", typeof(StartupHook).Assembly.Location), (FileVariable, file)];

    /// <summary>Called by the runtime in that process, before the program.</summary>
    public static void Initialize()
    {
        string file = Environment.GetEnvironmentVariable(FileVariable)!;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => File.WriteAllText(file, File.ReadAllText("/proc/self/status"));
    }

    /// <summary>The most resident memory the process has had, in bytes.</summary>
    public static long PeakIn(string file)
    {
        string line = File.ReadLines(file).First(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
        return 1024 * long.Parse(line["VmHWM:".Length..^" kB".Length]);
    }
}
