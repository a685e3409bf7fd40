using ProxProp.Engine.Kernels;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Tests.Generators;

/// <summary>The widths and element types that every kernel is tested at.</summary>
public static class Contexts
{
    public static readonly SimdWidth[] Widths = [SimdWidth.Scalar, SimdWidth.Bits128, SimdWidth.Bits256, SimdWidth.Bits512];

    /// <summary>Every width with float and double.</summary>
    public static TheoryData<SimdWidth, bool> WidthsAndTypes()
    {
        TheoryData<SimdWidth, bool> data = [];
        foreach (SimdWidth width in Widths)
        {
            data.Add(width, false);
            data.Add(width, true);
        }

        return data;
    }

    /// <summary>All widths at one thread, and the widest at 2, 3 and 8.</summary>
    public static IEnumerable<ComputeContext> All()
    {
        foreach (SimdWidth width in Widths)
            yield return new ComputeContext(1, width);
        foreach (int threads in (int[])[2, 3, 8])
            yield return new ComputeContext(threads);
    }
}
