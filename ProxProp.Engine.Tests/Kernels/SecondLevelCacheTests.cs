using ProxProp.Engine.Kernels;

namespace ProxProp.Engine.Tests.Kernels;

/// <summary>What the processor says of its second-level cache is read as its manual says.</summary>
public sealed class SecondLevelCacheTests
{
    private const int Unified = 3, Data = 1, Instructions = 2;

    [Theory]
    [InlineData(16, 1, 64, 2048, 2L << 20)]
    [InlineData(16, 1, 64, 1024, 1L << 20)]
    [InlineData(8, 1, 64, 1024, 512L << 10)]
    [InlineData(20, 1, 64, 1024, 1280L << 10)]
    [InlineData(1, 2, 32, 4, 256L)]
    [InlineData(1024, 1024, 4096, 1, 1L << 32)]
    public void A_size_is_ways_by_partitions_by_line_by_sets(int ways, int partitions, int line, int sets, long bytes)
    {
        int shape = unchecked((int)(((uint)(ways - 1) << 22) | ((uint)(partitions - 1) << 12) | (uint)(line - 1)));
        Assert.Equal(bytes, SecondLevelCache.SizeOf(Unified | (2 << 5) | (1 << 14), shape, sets - 1));
        Assert.Equal(bytes, SecondLevelCache.SizeOf(Data | (2 << 5), shape, sets - 1));
        Assert.Equal(0, SecondLevelCache.SizeOf(Instructions | (2 << 5), shape, sets - 1));
        Assert.Equal(0, SecondLevelCache.SizeOf(Unified | (3 << 5), shape, sets - 1));
        Assert.Equal(0, SecondLevelCache.SizeOf(Data | (1 << 5), shape, sets - 1));
    }

    [Fact]
    public void The_system_says_the_same()
    {
        const string processors = "/sys/devices/system/cpu";
        string[] sizes = !Directory.Exists(processors) ? [] : [.. Directory.GetDirectories(processors, "cpu*")
            .Select(processor => Path.Combine(processor, "cache/index2"))
            .Where(cache => File.Exists(cache + "/size") && File.ReadAllText(cache + "/level").Trim() == "2")
            .Select(cache => File.ReadAllText(cache + "/size").Trim())];
        Assert.SkipUnless(System.Runtime.Intrinsics.X86.X86Base.IsSupported && sizes.Length > 0, "The system does not tell.");
        Assert.Contains($"{SecondLevelCache.Bytes >> 10}K", sizes);
    }
}
