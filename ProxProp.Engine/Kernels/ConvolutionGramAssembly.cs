using System.Numerics;
using ProxProp.Engine.Parallel;

namespace ProxProp.Engine.Kernels;

/// <summary>
/// Puts AᵀA together from the segment sums: one item per row tap ty and row difference dy, and one for the column of ones. Each element
/// is the sum over the segments of its window, rows outer, columns inner, ascending; its mirror image is a copy.
/// </summary>
internal unsafe struct ConvolutionGramAssembly<T> : IParallelJob
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public ConvolutionGram<T> Plan;

    public readonly int Items => (Plan.Shape.KernelHeight * Plan.Shape.KernelHeight) + (Plan.WithBias ? 1 : 0);

    public readonly void Execute(int item, int worker)
    {
        (int dy, int ty) = Math.DivRem(item, Plan.Shape.KernelHeight);
        if (dy == Plan.Shape.KernelHeight)
            FillOnes();
        else if (ty + dy < Plan.Shape.KernelHeight)
            FillRows(dy, ty);
    }

    private readonly void FillRows(int dy, int ty)
    {
        int kernelWidth = Plan.Shape.KernelWidth;
        (int firstRow, int endRow) = Plan.RowSegments(dy, ty);
        for (int dx = Plan.LeastDx(dy); dx < kernelWidth; dx++)
        {
            for (int tx = Math.Max(0, -dx); tx < Math.Min(kernelWidth, kernelWidth - dx); tx++)
                FillTap(dy, dx, firstRow, endRow, tx, (ty * kernelWidth) + tx, ((ty + dy) * kernelWidth) + tx + dx);
        }
    }

    private readonly void FillTap(int dy, int dx, int firstRow, int endRow, int tx, int tap, int otherTap)
    {
        int channels = Plan.Shape.Channels;
        int taps = Plan.Shape.Taps;
        int firstColumn = (dx - Plan.LeastDx(dy)) * channels;
        for (int other = 0; other < channels;)
        {
            (int block, int within) = Math.DivRem(firstColumn + other, ConvolutionGram<T>.BlockColumns);
            int count = Math.Min(channels - other, ConvolutionGram<T>.BlockColumns - within);
            int width = ConvolutionGram<T>.PaddedColumns(Math.Min(ConvolutionGram<T>.BlockColumns, Plan.Columns(dy) - (firstColumn + other - within)));
            (int first, int end) = Plan.ColumnSegments(dy, block, tx, dx);
            for (int c = 0; c < channels; c++)
            {
                for (int i = 0; i < count; i++)
                {
                    T sum = T.Zero;
                    for (int y = firstRow; y < endRow; y++)
                    {
                        for (int x = first; x < end; x++)
                            sum += Plan.Sums(dy, block, y, x)[(c * width) + within + i];
                    }

                    Set((c * taps) + tap, ((other + i) * taps) + otherTap, sum);
                }
            }

            other += count;
        }
    }

    private readonly void FillOnes()
    {
        ConvolutionShape s = Plan.Shape;
        for (int ty = 0; ty < s.KernelHeight; ty++)
        {
            (int firstRow, int endRow) = Plan.RowSegments(0, ty);
            for (int tx = 0; tx < s.KernelWidth; tx++)
            {
                (int first, int end) = Plan.ColumnSegments(0, 0, tx, 0);
                for (int c = 0; c < s.Channels; c++)
                {
                    T sum = T.Zero;
                    for (int y = firstRow; y < endRow; y++)
                    {
                        for (int x = first; x < end; x++)
                            sum += Plan.ChannelSums(y, x)[c];
                    }

                    Set((c * s.Taps) + (ty * s.KernelWidth) + tx, s.WeightsPerFilter, sum);
                }
            }
        }

        Set(s.WeightsPerFilter, s.WeightsPerFilter, T.CreateChecked((long)Plan.Batch * s.OutputPixels));
    }

    private readonly void Set(int row, int column, T value)
    {
        Plan.Target[((long)row * Plan.TargetStride) + column] = value;
        Plan.Target[((long)column * Plan.TargetStride) + row] = value;
    }
}
