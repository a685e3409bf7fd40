using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ProxProp.Engine.Kernels;

/// <summary>
/// Transposition of blocks that fit in cache: by whole lines of the result where there are registers for it, else by squares, and element by element
/// at the edges.
/// </summary>
internal static unsafe class SmallTranspose
{
    /// <summary>destination[j·destinationStride + i] = source[i·sourceStride + j] for i &lt; rows, j &lt; columns; strides may be negative.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<T>(T* source, nint sourceStride, int rows, int columns, T* destination, nint destinationStride)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int block = Vector128<T>.Count, line = Prefetch.LineBytes / sizeof(T), whole = columns / block * block, i = 0;
        for (; LineTranspose.IsSupported && i <= rows - line; i += line)
        {
            LineTranspose.Run(source + (i * sourceStride), sourceStride, whole, destination + i, destinationStride, stream: false);
            Elements(source + (i * sourceStride) + whole, sourceStride, line, columns - whole, destination + i + (whole * destinationStride), destinationStride);
        }

        for (; i <= rows - block; i += block)
        {
            T* from = source + (i * sourceStride);
            T* to = destination + i;
            for (int j = 0; j < whole; j += block)
                PanelPacking.TransposeBlock(from + j, sourceStride, to + (j * destinationStride), destinationStride);
            Elements(from + whole, sourceStride, block, columns - whole, to + (whole * destinationStride), destinationStride);
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
