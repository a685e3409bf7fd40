using System.Numerics;

namespace ProxProp.Engine.Kernels;

/// <summary>Cache blocking of the matrix product.</summary>
internal static class GemmBlocking
{
    /// <summary>Rows of A packed at a time, shared by all workers.</summary>
    public const int SharedRows = 1020;

    /// <summary>Columns of B packed at a time, shared by all workers.</summary>
    public const int SharedColumns = 2048;

    /// <summary>Rows of one item: its part of A stays in the second-level cache.</summary>
    public const int ItemRows = 120;

    /// <summary>Columns of one item.</summary>
    public const int ItemColumns = 256;

    /// <summary>
    /// KC: how many values of k one block sums. Part of the contract on bits (see <see cref="Gemm"/>), so it depends on nothing but the type.
    /// </summary>
    public static int DepthOf<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => typeof(T) == typeof(float) ? 512 : 256;
}
