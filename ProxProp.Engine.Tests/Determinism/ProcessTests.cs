using System.Diagnostics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Tests.Determinism;

/// <summary>The contract across processes in which the runtime has been told to leave instruction sets alone.</summary>
public sealed class ProcessTests
{
    private static readonly Lazy<string[]> Own = new(Checksums);

    private const string ReportVariable = "PROXPROP_TEST_CHECKSUM_FILE";

    /// <summary>A switch of the runtime, and the width that must be in force under it.</summary>
    public static TheoryData<string, SimdWidth> Switches => new()
    {
        { "DOTNET_EnableAVX512", SimdSupport.Widest < SimdWidth.Bits256 ? SimdSupport.Widest : SimdWidth.Bits256 },
        { "DOTNET_EnableAVX2", SimdSupport.Widest < SimdWidth.Bits128 ? SimdSupport.Widest : SimdWidth.Bits128 },
        { "DOTNET_EnableHWIntrinsic", SimdWidth.Scalar },
    };

    [Theory]
    [MemberData(nameof(Switches))]
    public async Task Instruction_sets_change_no_bit(string name, SimdWidth expectedWidth)
    {
        string file = Path.Combine(Path.GetTempPath(), $"proxprop-checksum-{Guid.NewGuid():N}");
        try
        {
            var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "ProxProp.Engine.Tests" + (OperatingSystem.IsWindows() ? ".exe" : string.Empty)))
            {
                ArgumentList = { "-method", $"{typeof(ProcessTests).FullName}.{nameof(Reports_its_checksums)}" },
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            start.Environment[name] = "0";
            start.Environment[ReportVariable] = file;
            using Process process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.True(process.ExitCode == 0, output + await errors);

            string[] report = await File.ReadAllLinesAsync(file);
            Assert.Equal($"{expectedWidth}", report[0]);
            Assert.Equal(Own.Value, report[1..]);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>In a child process: writes the width in force and the checksums.</summary>
    [Fact]
    public void Reports_its_checksums()
    {
        Assert.Equal(4, Own.Value.Distinct().Count());
        if (Environment.GetEnvironmentVariable(ReportVariable) is { } file)
            File.WriteAllLines(file, [$"{SimdSupport.Widest}", .. Own.Value]);
    }

    private static string[] Checksums()
    {
        using var compute = new ComputeContext(2);
        Assert.Equal(SimdSupport.Widest, compute.Width);
        return
        [
            .. ((string[])["mlp exact nesterov", "conv pcg3 nesterov", "conv exact adam"]).Select(n => Workload.Checksum<float>(n, compute)),
            Workload.Checksum<double>("mlp cg3 adam", compute),
        ];
    }
}
