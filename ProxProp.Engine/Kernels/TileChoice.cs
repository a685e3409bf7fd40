using System.Numerics;
using System.Runtime.Intrinsics.Arm;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>Work that is written for any tile.</summary>
internal interface ITileWork<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Does it with this tile.</summary>
    void Run<TTile>()
        where TTile : struct, ITile<T>;
}

/// <summary>Which tile belongs to a vector width: the one that fills the registers.</summary>
internal static class TileChoice
{
    /// <summary>Runs work with the tile of a width.</summary>
    public static void Run<TWork, T>(SimdWidth width, ref TWork work)
        where TWork : struct, ITileWork<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        switch (width)
        {
            case SimdWidth.Bits512 when SimdSupport.IsCompiled(SimdWidth.Bits512):
                work.Run<Tile<Simd512<T>, T, TwelveRows>>();
                break;
            case SimdWidth.Bits256 when SimdSupport.IsCompiled(SimdWidth.Bits256):
                work.Run<Tile<Simd256<T>, T, SixRows>>();
                break;
            case SimdWidth.Bits128 when SimdSupport.IsCompiled(SimdWidth.Bits128) && AdvSimd.Arm64.IsSupported:
                work.Run<Tile<Simd128<T>, T, TwelveRows>>();
                break;
            case SimdWidth.Bits128 when SimdSupport.IsCompiled(SimdWidth.Bits128):
                work.Run<Tile<Simd128<T>, T, SixRows>>();
                break;
            case SimdWidth.Scalar when SimdSupport.IsCompiled(SimdWidth.Scalar):
                work.Run<Tile<Scalar<T>, T, SixRows>>();
                break;
            default:
                throw SimdSupport.NotCompiled(width);
        }
    }
}
