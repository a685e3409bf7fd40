using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using ProxProp.Cli.Options;
using ProxProp.Cli.Output;
using ProxProp.Cli.Parsing;
using ProxProp.Cli.SelfTest;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Simd;

namespace ProxProp.Cli.Commands;

/// <summary><c>proxprop selftest</c>: whether this program computes rightly on this processor, by what is part of it.</summary>
internal sealed class SelfTestCommand : Command
{
    public SelfTestCommand(Terminal terminal)
        : base("selftest", "Checks kernels and training on this processor, and prints the checksum that must be the same on all.")
    {
        Option<string?> traces = Parsed.Text("--traces", "FILE", "Also trains along the reference traces of this safetensors file, with all their losses.");
        Option<int?> threads = Parsed.Count("--threads", "Threads; 0 for one per processor.", 0);
        Add(traces);
        Add(threads);
        SetAction(parsed => Run(parsed.GetValue(traces), parsed.GetValue(threads) ?? 0, terminal));
    }

    private static int Run(string? traces, int threads, Terminal terminal)
    {
        var report = new SelfTestReport(terminal);
        report.Say($"proxprop {CommandLine.Version}, {RuntimeInformation.ProcessArchitecture}: {string.Join(", ", Instructions())}");
        using (var compute = new ComputeContext(threads))
        {
            new KernelChecks<float>(compute, report).Run();
            new KernelChecks<double>(compute, report).Run();
        }

        ReferenceLosses.Run(threads, report);
        if (traces is not null)
            ReferenceTraces.Run(traces, threads, report);
        TrainingChecks.Learn(threads, report);
        ulong checksum = TrainingChecks.Checksum(report);
        report.Say($"checksum {checksum:x16}");
        report.Say($"{report.Passed} passed, {report.Failed} failed");
        return report.Failed == 0 ? ExitCode.Done : ExitCode.Failed;
    }

    private static IEnumerable<string> Instructions()
    {
        if (Avx512F.IsSupported && SimdSupport.Widest == SimdWidth.Bits512)
            yield return "AVX-512";
        if (Avx2.IsSupported)
            yield return "AVX2";
        if (Fma.IsSupported)
            yield return "FMA";
        if (AdvSimd.Arm64.IsSupported)
            yield return "NEON";
        yield return SimdSupport.Widest == SimdWidth.Scalar ? "no vectors" : $"vectors of {(int)SimdSupport.Widest} bits";
    }
}
