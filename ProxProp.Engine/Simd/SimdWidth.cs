using System.Runtime.CompilerServices;
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
    public static SimdWidth Widest
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector512.IsHardwareAccelerated ? SimdWidth.Bits512
            : Vector256.IsHardwareAccelerated ? SimdWidth.Bits256
            : Vector128.IsHardwareAccelerated ? SimdWidth.Bits128
            : SimdWidth.Scalar;
    }

    /// <summary>
    /// Whether kernels can run at this width. The JIT compiles whatever is asked for; a program compiled ahead of time holds the widest one
    /// alone, since the others could do nothing but give the same bits more slowly.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsCompiled(SimdWidth width) => RuntimeFeature.IsDynamicCodeSupported || width == Widest;

    /// <summary>Whether a kernel at the widest width can fall back to this one, where rows are too short for more.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsFallback(SimdWidth width) => RuntimeFeature.IsDynamicCodeSupported || width <= Widest;

    /// <summary>The error of asking for a width that is not compiled.</summary>
    internal static ArgumentException NotCompiled(SimdWidth width, string? argument = null) => new(
        $"The vector width {width} is not compiled into this program; expected {Widest}, or null for the widest.", argument);
}
