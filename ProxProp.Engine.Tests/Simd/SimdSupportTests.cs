using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Tests.Simd;

/// <summary>The width that is in force is the one that the run asked for: a suite that silently ran at another width would prove nothing.</summary>
public sealed class SimdSupportTests
{
    [Fact]
    public void Switches_of_the_runtime_are_in_force()
    {
        SimdWidth widest = SimdSupport.Widest;
        TestContext.Current.SendDiagnosticMessage($"vector width: {widest}");
        if (Environment.GetEnvironmentVariable("DOTNET_EnableAVX512") == "0")
        {
            Assert.False(Avx512F.IsSupported);
            Assert.True(widest <= SimdWidth.Bits256);
        }

        if (Environment.GetEnvironmentVariable("DOTNET_EnableAVX2") == "0")
        {
            Assert.False(Avx2.IsSupported);
            Assert.True(widest <= SimdWidth.Bits128);
        }
    }

    [Fact]
    public void A_context_runs_at_the_widest_accelerated_width_unless_told_otherwise()
    {
        using var own = new ComputeContext(1);
        Assert.Equal(SimdSupport.Widest, own.Width);
        Assert.Equal(Vector512.IsHardwareAccelerated, own.Width == SimdWidth.Bits512);
        using var told = new ComputeContext(1, SimdWidth.Bits128);
        Assert.Equal(SimdWidth.Bits128, told.Width);
    }
}
