using System.Runtime.Intrinsics;
using System.Text.RegularExpressions;
using ProxProp.Engine.Tests.Cli;
using ProxProp.Engine.Tests.Data;

namespace ProxProp.Engine.Tests.Kernels;

/// <summary>
/// What the compiler makes of the micro-kernel: its sums stay in registers. One call in it, of a method that was not inlined, and they live on the
/// stack: every product takes three times as long, and gives the same bits. And of 512-bit tiles, multiply-adds read numbers of A by themselves.
/// </summary>
public sealed partial class TileCodeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Tiles_keep_their_sums_in_registers()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Vector256.IsHardwareAccelerated, "The stack is told by x64's names of registers, without those that Windows saves there.");
        string listing = _folder.File("listing");
        using CliProcess process = CliProcess.StartWith(
            _folder.Path, [("DOTNET_JitStdOutFile", listing), ("DOTNET_JitDisasm", "Multiply*")], "train", "--model", "mlp:100", "--max-steps", "2", "--save", "w");
        CliRun run = process.Finish();
        Assert.True(run.ExitCode == 0, run.Error);
        string[] methods = [.. File.ReadAllText(listing).Split("; Assembly listing for method ").Where(m => Kernel().IsMatch(m) && m.Contains("(FullOpts)", StringComparison.Ordinal))];
        foreach (string loop in (string[])["MultiplyPanels", "MultiplyRows", "MultiplyColumns"])
        {
            string[] tiles = [.. methods.Where(m => m.StartsWith("ProxProp.Engine.Kernels.Tile`", StringComparison.Ordinal) && m.Contains($":{loop}(", StringComparison.Ordinal))];
            Assert.True(tiles.Any(m => Vectors().IsMatch(m)), $"No {loop} of multiply-adds among {methods.Length} methods.");
            if (Vector512.IsHardwareAccelerated && loop != "MultiplyColumns")
                Assert.All(tiles, m => Assert.True(Twice().IsMatch(m), $"No number in {loop} that two multiply-adds read by themselves: {m}"));
        }

        Assert.All(methods, m => Assert.DoesNotMatch(OnStack(), m));
    }

    [GeneratedRegex(@"^ProxProp\.Engine\.Kernels\.(Tile|NarrowTile)`")]
    private static partial Regex Kernel();

    [GeneratedRegex(@"vfmadd\d+p[sd]\s+[yz]mm")]
    private static partial Regex Vectors();

    [GeneratedRegex(@"vfmadd231p[sd] zmm\d+, zmm\d+, ([dq]word ptr \[\w+(?:\+0x\w+)?\] \{1to\d+\})\s+vfmadd231p[sd] zmm\d+, zmm\d+, \1")]
    private static partial Regex Twice();

    [GeneratedRegex(@"[xyz]mmword ptr \[r(sp|bp)")]
    private static partial Regex OnStack();
}
