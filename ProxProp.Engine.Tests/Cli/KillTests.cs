using ProxProp.Engine.Data;
using ProxProp.Engine.Randomness;
using ProxProp.Engine.Tests.Data;

namespace ProxProp.Engine.Tests.Cli;

/// <summary>The program, killed again and again while it trains and saves, ends with the weights of a run that nobody disturbed.</summary>
public sealed class KillTests : IDisposable
{
    private static readonly string[] Training =
    [
        "train", "--model", "mlp:9,7", "--step", "pcg2", "--optimizer", "adam", "--batch", "60", "--epochs", "400", "--threads", "1", "--seed", "6",
    ];

    private static readonly bool Long = Environment.GetEnvironmentVariable("PROXPROP_LONG") == "1";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_killed_run_goes_on_to_the_bit()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "SIGKILL is sent by kill.");
        var generator = new Generator(20_261_123);
        int kills = Long ? 50 : 10, inTraining = 0;
        string checkpoint = _folder.File("c"), weights = _folder.File("w");
        for (int kill = 0; kill < kills; kill++)
        {
            DateTime before = File.Exists(checkpoint) ? File.GetLastWriteTimeUtc(checkpoint) : default;
            using CliProcess process = Start(File.Exists(checkpoint));

            // One in eight dies at any moment from the start; the others some steps after they have come to train.
            bool early = generator.NextInt(8) == 0;
            long patience = Environment.TickCount64 + (early ? generator.NextInt(250) : 60_000);
            while (Environment.TickCount64 < patience && !process.HasExited && (early || LastWrite(checkpoint) == before))
                Thread.Sleep(1);
            Thread.Sleep(early ? 0 : generator.NextInt(40));
            Assert.False(process.HasExited, "The run was over before it could be killed so often; give it more epochs.");
            inTraining += LastWrite(checkpoint) != before ? 1 : 0;
            process.Signal("KILL");
            Assert.Equal(137, process.Finish().ExitCode);
        }

        Assert.True(inTraining > kills / 2, $"Only {inTraining} of {kills} kills hit a run that was training.");
        using CliProcess last = Start(resume: true);
        CliRun run = last.Finish();
        Assert.Equal((0, string.Empty), (run.ExitCode, run.Error));

        CliRun.Done([.. Training, "--save", _folder.File("reference")]);
        Assert.Equal(Tensors(_folder.File("reference")), Tensors(weights));
        Assert.Equal(
            ["c", "reference", "w"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    private CliProcess Start(bool resume) => CliProcess.Start(
        _folder.Path, [.. Training, "--save", "w", "--checkpoint", "c", "--checkpoint-every", "1", .. resume ? (string[])["--resume", "c"] : []]);

    private static DateTime LastWrite(string path) => File.Exists(path) ? File.GetLastWriteTimeUtc(path) : default;

    private static List<string> Tensors(string path)
    {
        using SafetensorsReader reader = SafetensorsReader.Open(path);
        var all = new List<string>();
        foreach (SafetensorsEntry entry in reader.Entries)
        {
            var values = new float[entry.Count];
            reader.Read(entry.Name, values.AsSpan());
            all.Add($"{entry.Name}: {Convert.ToHexString(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()))}");
        }

        return all;
    }
}
