using System.Runtime.Intrinsics;

namespace ProxProp.Engine.Simd;

/// <summary>The vector width that kernels run at, in bits.</summary>
public enum SimdWidth
{
    /// <summary>One element at a time.</summary>
    Scalar = 0,

    /// <summary>128 bits: NEON, SSE.</summary>
    Bits128 = 128,

    /// <summary>256 bits: AVX2 with FMA.</summary>
    Bits256 = 256,

    /// <summary>512 bits: AVX-512.</summary>
    Bits512 = 512,
}

/// <summary>What this process can run.</summary>
public static class SimdSupport
{
    /// <summary>
    /// The widest accelerated width. Native AOT folds this at compile time from <c>IlcInstructionSet</c>; the JIT reads the CPU and the
    /// <c>DOTNET_EnableAVX512</c>, <c>DOTNET_EnableAVX2</c> switches. Every width runs everywhere (the wider ones in pieces) with the same bits.
    /// </summary>
    public static SimdWidth Widest =>
        Vector512.IsHardwareAccelerated ? SimdWidth.Bits512
        : Vector256.IsHardwareAccelerated ? SimdWidth.Bits256
        : Vector128.IsHardwareAccelerated ? SimdWidth.Bits128
        : SimdWidth.Scalar;
}
