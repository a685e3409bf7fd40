using System.Globalization;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Tests.Memory;

/// <summary>Whether the operating system was asked for huge pages, as it says itself.</summary>
public sealed unsafe class HugePagesTests
{
    private const long Page = 2 << 20;

    /// <summary>Linux marks what it was asked for with <c>hg</c>, whatever it is set up to do about it; a kernel without huge pages has no such file.</summary>
    public static bool IsKnown => File.Exists("/sys/kernel/mm/transparent_hugepage/enabled") && File.Exists("/proc/self/smaps");

    [Fact(SkipUnless = nameof(IsKnown), Skip = "needs Linux with transparent huge pages")]
    public void LargeMemoryIsAskedFor()
    {
        using var large = new AlignedBuffer<float>(3 * Page / sizeof(float));
        var within = (nint)(((nuint)large.Pointer + (nuint)Page - 1) / (nuint)Page * (nuint)Page);
        Assert.Contains("hg", FlagsAt(within));
        Assert.Contains("hg", FlagsAt(within + (nint)Page - 1));
    }

    [Fact(SkipUnless = nameof(IsKnown), Skip = "needs Linux with transparent huge pages")]
    public void NoPageIsAskedForThatIsNotAllOurs()
    {
        byte* memory = stackalloc byte[64];
        nint page = (nint)memory / (nint)Page * (nint)Page;
        string[] before = FlagsAt((nint)memory);
        HugePages.Ask((byte*)page + 1, (2 * Page) - 2);
        HugePages.Ask((byte*)page + 1, 0);
        HugePages.Ask((byte*)page, Page - 1);
        Assert.DoesNotContain("hg", before);
        Assert.Equal(before, FlagsAt((nint)memory));
    }

    [Fact]
    public void WhatStandsByIsNotAskedFor()
    {
        using var arena = new Arena();
        arena.Label("a", BufferPurpose.Solver);
        arena.Reserve<byte>("first", 100);
        arena.Label("a", BufferPurpose.Standby);
        arena.Reserve<byte>("never", 8 * Page);
        using (arena.Scratch())
        {
            arena.Reserve<byte>("never in scratch", 8 * Page);
            arena.Label("a", BufferPurpose.Solver);
            arena.Reserve<byte>("second", 200);
        }

        Assert.Equal([(0, 100, false), (8 * Page, 200, true)], arena.Touched.Select(e => (e.Offset, e.Bytes, e.Scratch)));
    }

    private static string[] FlagsAt(nint address)
    {
        bool isHere = false;
        foreach (string line in File.ReadLines("/proc/self/smaps"))
        {
            int dash = line.IndexOf('-', StringComparison.Ordinal), space = line.IndexOf(' ', StringComparison.Ordinal);
            if (dash > 0 && dash < space && ulong.TryParse(line.AsSpan(0, dash), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong first))
                isHere = (ulong)address >= first && (ulong)address < ulong.Parse(line.AsSpan(dash + 1, space - dash - 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            else if (isHere && line.StartsWith("VmFlags:", StringComparison.Ordinal))
                return line["VmFlags:".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        }

        throw new InvalidOperationException($"No mapping holds {address:x}.");
    }
}
