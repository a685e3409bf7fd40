using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ProxProp.Engine.Kernels;

/// <summary>Transposition of blocks that fit in cache.</summary>
internal static unsafe class SmallTranspose
{
    /// <summary>destination[j·destinationStride + i] = source[i·sourceStride + j] for i &lt; rows, j &lt; columns; strides may be negative.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<T>(T* source, nint sourceStride, int rows, int columns, T* destination, nint destinationStride)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int block = Vector128<T>.Count;
        int i = 0;
        for (; i <= rows - block; i += block)
        {
            T* from = source + (i * sourceStride);
            T* to = destination + i;
            int j = 0;
            for (; j <= columns - block; j += block)
                PanelPacking.TransposeBlock(from + j, sourceStride, to + (j * destinationStride), destinationStride);
            Elements(from + j, sourceStride, block, columns - j, to + (j * destinationStride), destinationStride);
        }

        Elements(source + (i * sourceStride), sourceStride, rows - i, columns, destination + i, destinationStride);
    }

    private static void Elements<T>(T* source, nint sourceStride, int rows, int columns, T* destination, nint destinationStride)
        where T : unmanaged
    {
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
                destination[(j * destinationStride) + i] = source[(i * sourceStride) + j];
        }
    }
}
