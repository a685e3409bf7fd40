using System.Diagnostics;
using System.Text;

namespace ProxProp.Engine.Tests.Cli;

/// <summary>The program as a process of its own, for what happens to processes: signals, limits, the current folder.</summary>
internal sealed class CliProcess : IDisposable
{
    private readonly StringBuilder _error = new();
    private readonly Process _process;

    private CliProcess(ProcessStartInfo start)
    {
        _process = Process.Start(start)!;
        _process.ErrorDataReceived += (_, e) =>
        {
            if (e.Data is not null)
                _error.AppendLine(e.Data);
        };
        _process.BeginErrorReadLine();
    }

    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "proxprop.dll");

    public static CliProcess Start(string folder, params string[] args) => Launch(folder, "dotnet", [Program, .. args]);

    /// <summary>Starts the program with some variables of its environment set.</summary>
    public static CliProcess StartWith(string folder, ReadOnlySpan<(string Name, string Value)> environment, params string[] args) =>
        Launch(folder, "dotnet", [Program, .. args], environment);

    /// <summary>Starts the program under a limit on the size of the files it writes: a disk that is full after so many blocks of 512 bytes.</summary>
    public static CliProcess StartOnSmallDisk(string folder, int blocks, params string[] args) =>
        Launch(folder, "sh", ["-c", $"trap '' XFSZ; ulimit -f {blocks}; exec dotnet \"$@\"", "sh", Program, .. args]);

    /// <summary>Starts the program so that an interrupt reaches it, even where a shell started these tests in its background and had interrupts ignored.</summary>
    public static CliProcess StartInterruptible(string folder, params string[] args) => OperatingSystem.IsLinux()
        ? Launch(folder, "env", ["--default-signal=INT", "dotnet", Program, .. args])
        : Start(folder, args);

    public string ReadLine() => _process.StandardOutput.ReadLine() ?? throw new EndOfStreamException(_error.ToString());

    public bool HasExited => _process.HasExited;

    /// <summary>Whether it has a file open now, as Linux tells.</summary>
    public bool HasOpen(string path) => Directory.EnumerateFileSystemEntries($"/proc/{_process.Id}/fd").Any(f => new FileInfo(f).LinkTarget == path);

    public void Signal(string name)
    {
        using Process kill = Process.Start("kill", [$"-{name}", _process.Id.ToString()]);
        kill.WaitForExit();
    }

    /// <summary>Waits for its end; one that does not come within two minutes is a failure.</summary>
    public CliRun Finish()
    {
        using var limit = new Timer(_ => _process.Kill(), null, TimeSpan.FromMinutes(2), Timeout.InfiniteTimeSpan);
        string output = _process.StandardOutput.ReadToEnd();
        _process.WaitForExit();
        return new CliRun(_process.ExitCode, output, _error.ToString());
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    private static CliProcess Launch(string folder, string program, IEnumerable<string> args, params ReadOnlySpan<(string Name, string Value)> environment)
    {
        var start = new ProcessStartInfo(program, args)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Executable memory mapped twice counts as a file of its own to the limit.
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        return new CliProcess(start);
    }
}
