using System.Runtime.Intrinsics.X86;

namespace ProxProp.Engine.Kernels;

/// <summary>The second-level cache of a core, as the processor describes it.</summary>
/// <remarks>
/// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, CPUID leaf 4; AMD64 Architecture Programmer's Manual, volume 3,
/// CPUID function 8000_001D, whose answers have the same form. It has no say in the bits of any result.
/// </remarks>
internal static class SecondLevelCache
{
    private const int CountLeaf = 0, IntelLeaf = 4, AmdLeaf = unchecked((int)0x8000001D), AmdCountLeaf = unchecked((int)0x80000000), MostCaches = 16;

    /// <summary>Its size in bytes; 0 where the processor does not tell.</summary>
    public static long Bytes { get; } = Measure();

    /// <summary>Size of the cache that a leaf describes, 0 if it is no cache of data on the second level.</summary>
    /// <param name="eax">Type in bits 4 to 0 (0 none, 1 data, 3 unified), level in bits 7 to 5.</param>
    /// <param name="ebx">Ways, partitions and bytes of a line, each less one, in bits 31 to 22, 21 to 12 and 11 to 0.</param>
    /// <param name="ecx">Sets less one.</param>
    internal static long SizeOf(int eax, int ebx, int ecx)
    {
        int type = eax & 31, level = (eax >> 5) & 7;
        if (level != 2 || (type != 1 && type != 3))
            return 0;
        uint shape = (uint)ebx;
        return (1L + (shape >> 22)) * (1 + ((shape >> 12) & 1023)) * (1 + (shape & 4095)) * (1L + (uint)ecx);
    }

    private static long Measure()
    {
        if (!X86Base.IsSupported)
            return 0;
        long bytes = X86Base.CpuId(CountLeaf, 0).Eax >= IntelLeaf ? Find(IntelLeaf) : 0;
        return bytes == 0 && (uint)X86Base.CpuId(AmdCountLeaf, 0).Eax >= unchecked((uint)AmdLeaf) ? Find(AmdLeaf) : bytes;
    }

    private static long Find(int leaf)
    {
        for (int cache = 0; cache < MostCaches; cache++)
        {
            (int eax, int ebx, int ecx, _) = X86Base.CpuId(leaf, cache);
            if ((eax & 31) == 0)
                return 0;
            if (SizeOf(eax, ebx, ecx) is long bytes and > 0)
                return bytes;
        }

        return 0;
    }
}
