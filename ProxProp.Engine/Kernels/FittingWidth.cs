using System.Numerics;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>Work written for any vector width.</summary>
internal interface IWidthAction<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    void Run<V>()
        where V : unmanaged, ISimd<V, T>;
}

/// <summary>The width for rows too short for the widest.</summary>
internal static class FittingWidth
{
    /// <summary>Runs the action at the widest width that is allowed and has at most <paramref name="lanes"/> lanes.</summary>
    public static void Run<TAction, T>(SimdWidth width, int lanes, ref TAction action)
        where TAction : struct, IWidthAction<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (SimdSupport.IsFallback(SimdWidth.Bits512) && width >= SimdWidth.Bits512 && Simd512<T>.Count <= lanes)
            action.Run<Simd512<T>>();
        else if (SimdSupport.IsFallback(SimdWidth.Bits256) && width >= SimdWidth.Bits256 && Simd256<T>.Count <= lanes)
            action.Run<Simd256<T>>();
        else if (SimdSupport.IsFallback(SimdWidth.Bits128) && width >= SimdWidth.Bits128 && Simd128<T>.Count <= lanes)
            action.Run<Simd128<T>>();
        else
            action.Run<Scalar<T>>();
    }
}
