using System.Numerics;
using ProxProp.Engine.Parallel;

namespace ProxProp.Engine.Kernels;

// One item per tap t writes the rows (c, t) of AᵀA where the other tap is t or a later one; then one item per channel copies the mirror images
// into its rows. Rows are of one item in each job, so no two threads write to one cache line.

/// <summary>Puts AᵀA together: each element is the sum over the segments of its window, rows outer, columns inner, ascending.</summary>
internal unsafe struct ConvolutionGramAssembly<T> : IParallelJob
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public ConvolutionGram<T> Plan;

    public readonly int Items => Plan.Shape.Taps + (Plan.WithBias ? 1 : 0);

    public readonly void Execute(int item, int worker)
    {
        if (item == Plan.Shape.Taps)
            FillOnes();
        else
            FillTap(item);
    }

    private readonly void FillTap(int tap)
    {
        ConvolutionShape s = Plan.Shape;
        (int ty, int tx) = Math.DivRem(tap, s.KernelWidth);
        for (int dy = 0; ty + dy < s.KernelHeight; dy++)
        {
            (int firstRow, int endRow) = Plan.Tables.RowSegments(dy, ty);
            for (int dx = Math.Max(-tx, Plan.Tables.LeastDx(dy)); tx + dx < s.KernelWidth; dx++)
                FillPair(dy, dx, firstRow, endRow, tap, tap + (dy * s.KernelWidth) + dx);
        }
    }

    // All pairs of channels of two taps. A run of columns stays in one block of sums.
    private readonly void FillPair(int dy, int dx, int firstRow, int endRow, int tap, int otherTap)
    {
        int channels = Plan.Shape.Channels;
        int taps = Plan.Shape.Taps;
        int firstColumn = (dx - Plan.Tables.LeastDx(dy)) * channels;
        T* sums = stackalloc T[ConvolutionGramTables.BlockColumns];
        for (int other = 0, count; other < channels; other += count)
        {
            (int block, int within) = Math.DivRem(firstColumn + other, ConvolutionGramTables.BlockColumns);
            count = Math.Min(channels - other, ConvolutionGramTables.BlockColumns - within);
            (int first, int end) = Plan.Tables.ColumnSegments(dy, block, tap % Plan.Shape.KernelWidth, dx);
            for (int c = 0; c < channels; c++)
            {
                new Span<T>(sums, count).Clear();
                for (int y = firstRow; y < endRow; y++)
                {
                    for (int x = first; x < end; x++)
                        Add(Plan.Sums(dy, block, y, x, c) + within, sums, count);
                }

                T* to = Plan.Target + ((long)((c * taps) + tap) * Plan.TargetStride) + (other * taps) + otherTap;
                for (int i = 0; i < count; i++)
                    to[i * taps] = sums[i];
            }
        }
    }

    private static void Add(T* from, T* to, int count)
    {
        for (int i = 0; i < count; i++)
            to[i] += from[i];
    }

    private readonly void FillOnes()
    {
        ConvolutionShape s = Plan.Shape;
        T* ones = Plan.Target + ((long)s.WeightsPerFilter * Plan.TargetStride);
        for (int ty = 0; ty < s.KernelHeight; ty++)
        {
            (int firstRow, int endRow) = Plan.Tables.RowSegments(0, ty);
            for (int tx = 0; tx < s.KernelWidth; tx++)
            {
                (int first, int end) = Plan.Tables.ColumnSegments(0, 0, tx, 0);
                for (int c = 0; c < s.Channels; c++)
                {
                    T sum = T.Zero;
                    for (int y = firstRow; y < endRow; y++)
                    {
                        for (int x = first; x < end; x++)
                            sum += Plan.ChannelSums(y, x)[c];
                    }

                    ones[(c * s.Taps) + (ty * s.KernelWidth) + tx] = sum;
                }
            }
        }

        ones[s.WeightsPerFilter] = T.CreateChecked((long)Plan.Batch * s.OutputPixels);
    }

    /// <summary>The second job: copies what the first has written to the other side of the diagonal.</summary>
    internal struct MirrorJob : IParallelJob
    {
        public ConvolutionGram<T> Plan;

        public readonly void Execute(int item, int worker)
        {
            int taps = Plan.Shape.Taps;
            int stride = Plan.TargetStride;
            for (int tap = 0; tap < taps; tap++)
            {
                int row = (item * taps) + tap;
                T* to = Plan.Target + ((long)row * stride);
                for (int other = 0; other < Plan.Shape.WeightsPerFilter; other += taps)
                {
                    T* from = Plan.Target + ((long)other * stride) + row;
                    for (int t = 0; t < tap; t++)
                        to[other + t] = from[(long)t * stride];
                }

                if (Plan.WithBias)
                    to[Plan.Shape.WeightsPerFilter] = Plan.Target[((long)Plan.Shape.WeightsPerFilter * stride) + row];
            }
        }
    }
}
