using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Parallel;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

// AᵀA of a convolution with stride 1, from correlations of the image with itself. With tap t = (ty, tx), channel c and image n,
//
//     G[(c,t), (c',t')] = Σ_n Σ_p I_c(p + t) · I_c'(p + t') = Σ_n Σ_{u ∈ window(t)} I_c(u) · I_c'(u + d),      d = t' − t,
//
// so the summand depends on d alone, (2·kh−1)·(2·kw−1) differences, and on t only through the window. ConvolutionAxis cuts the image into
// segments of which every window is a union. For each dy ≥ 0 (the rest is the transpose), each row segment and each column segment,
//
//     S[c][(dx, c')] = Σ_n Σ_{u ∈ segment} I_c(u) · I_c'(u + (dy, dx))
//
// is one run of the register tile over a list of pixels, both factors read from the image with its channels innermost. G is then put
// together by adding the S of a window: nothing is subtracted, so nothing cancels that does not cancel in AᵀA itself. Cost: about
// ((2kh−1)·(2kw−1) + 1) / 2 · C² multiplications a pixel, where im2col takes (kh·kw·C)² / 2: 7 times fewer for 5x5.
//
// The column of ones: the sums of I_c over the same segments as d = 0. ConvolutionGramTables has the segments and says where their sums lie.
//
// The batch falls into groups, their number set by the batch and the shape alone; the groups' sums are added in order.
// Source: the structure is that of autocovariance matrices (block Toeplitz but for the border); the cuts are worked out in ConvolutionAxis.

/// <summary>Geometry, operands and working memory of one Gram matrix.</summary>
internal unsafe struct ConvolutionGram<T> : IWidthAction<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int MostGroups = 16;
    private const int FewestGroups = 2;
    private const double PartialElements = 1 << 21;
    private const int CachedElements = 12288;

    public ConvolutionShape Shape;
    public ConvolutionGramTables Tables;
    public bool WithBias;
    public int Batch;
    public T* Target;
    public int TargetStride;
    private ConvolutionPixels<T> _pixels;
    private WorkerTeam _team;
    private T* _input, _images, _sums;
    private int* _offsets, _tables;
    private int _groups, _imagesPerGroup, _imagesAtOnce;

    private readonly long GroupLength => Tables.SumLength + Tables.ChannelSumLength;

    public static ConvolutionGram<T> Plan(ComputeContext context, in ConvolutionShape s, int batch, bool withBias, ref ScratchCursor<T> cursor)
    {
        ConvolutionGram<T> plan = default;
        (plan.Shape, plan.Batch, plan.WithBias, plan._team) = (s, batch, withBias, context.Team);
        plan.Tables = new ConvolutionGramTables(s);
        plan._pixels = new ConvolutionPixels<T>(s.Channels, s.Height, s.Width, 0, (s.KernelWidth - 1) * s.DilationX, s.DilationX);
        int groups = (int)Math.Clamp(PartialElements / plan.GroupLength, FewestGroups, MostGroups);
        plan._imagesPerGroup = Math.Max(1, (batch + groups - 1) / groups);
        plan._groups = Math.Max(1, (batch + plan._imagesPerGroup - 1) / plan._imagesPerGroup);
        plan._imagesAtOnce = Math.Clamp(CachedElements / plan._pixels.ImageStep, 1, plan._imagesPerGroup);
        plan._offsets = cursor.TakeIntegers(plan.Tables.Pixels);
        plan._tables = cursor.TakeIntegers(plan.Tables.Length);
        plan._images = cursor.Take((long)context.Team.Workers * plan._imagesAtOnce * plan._pixels.ImageStep);
        // Room for as many groups as any smaller batch may have: a batch of 64 can make 16 groups where one of 100 makes 15.
        int roomFor = Math.Clamp(batch, 1, groups);
        plan._sums = cursor.Take(roomFor * plan.GroupLength);
        return plan;
    }

    /// <summary>A channel's row of S of a segment, after the groups have been added.</summary>
    public readonly T* Sums(int dy, int block, int row, int column, int channel) => _sums + Tables.SumAt(dy, block, row, column, channel);

    /// <summary>Sums of the channels over a segment of dy = 0, block 0.</summary>
    public readonly T* ChannelSums(int row, int column) => _sums + Tables.ChannelSumAt(row, column);

    public void Run(SimdWidth width, T* input, T* target, int targetStride)
    {
        _input = input;
        Target = target;
        TargetStride = targetStride;
        Tables.Fill(_tables);
        ListPixels();
        new Span<T>(_images, _team.Workers * _imagesAtOnce * _pixels.ImageStep).Clear();
        FittingWidth.Run<ConvolutionGram<T>, T>(width, Math.Max(1, (2 * Tables.Columns(0)) - 1), ref this);
    }

    public void Run<V>()
        where V : unmanaged, ISimd<V, T>
    {
        var sum = new SumJob<V> { Plan = this };
        _team.Run(_groups, ref sum);
        var add = new AddJob<V> { Plan = this };
        _team.Run((int)((GroupLength + AddJob<V>.Chunk - 1) / AddJob<V>.Chunk), ref add);
        var assembly = new ConvolutionGramAssembly<T> { Plan = this };
        _team.Run(assembly.Items, ref assembly);
        var mirror = new ConvolutionGramAssembly<T>.MirrorJob { Plan = this };
        _team.Run(Shape.Channels, ref mirror);
    }

    private readonly void ListPixels()
    {
        int at = 0;
        for (int dy = 0; dy < Shape.KernelHeight; dy++)
        {
            for (int block = 0; block < Tables.Blocks(dy); block++)
            {
                ConvolutionSegments segments = Tables.Segments(dy, block);
                Span<int> rows = segments.RowCuts, columns = segments.ColumnCuts;
                for (int row = 0; row < segments.Rows; row++)
                {
                    for (int column = 0; column < segments.Columns; column++)
                        at = ListPixels(rows[row], rows[row + 1], columns[column], columns[column + 1], at);
                }
            }
        }
    }

    private readonly int ListPixels(int firstY, int endY, int firstX, int endX, int at)
    {
        int border = (Shape.KernelWidth - 1) * Shape.DilationX;
        for (int y = firstY; y < endY; y++)
        {
            for (int x = firstX; x < endX; x++)
                _offsets[at++] = _pixels.Place(y, x + border);
        }

        return at;
    }

    private struct SumJob<V> : IParallelJob
        where V : unmanaged, ISimd<V, T>
    {
        public ConvolutionGram<T> Plan;

        public readonly void Execute(int item, int worker)
        {
            int first = item * Plan._imagesPerGroup;
            int end = Math.Min(Plan.Batch, first + Plan._imagesPerGroup);
            if (first >= end)
                new Span<T>(Plan._sums + (item * Plan.GroupLength), (int)Plan.GroupLength).Clear();
            for (int n = first; n < end; n += Plan._imagesAtOnce)
                Plan.Accumulate<V>(item, n, Math.Min(Plan._imagesAtOnce, end - n), n != first, worker);
        }
    }

    private readonly void Accumulate<V>(int group, int n, int count, bool accumulate, int worker)
        where V : unmanaged, ISimd<V, T>
    {
        T* images = _images + ((long)worker * _imagesAtOnce * _pixels.ImageStep);
        for (int i = 0; i < count; i++)
            _pixels.Pack(_input + ((long)(n + i) * Shape.InputLength), images + ((long)i * _pixels.ImageStep));
        for (int dy = 0; dy < Shape.KernelHeight; dy++)
        {
            for (int block = 0; block < Tables.Blocks(dy); block++)
            {
                for (int row = 0, rows; row < Shape.Channels; row += rows)
                    rows = RunBlock<V>(group, dy, block, row, images, count, accumulate);
            }
        }

        if (WithBias)
            SumChannels<V>(group, images, count, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly int RunBlock<V>(int group, int dy, int block, int row, T* images, int count, bool accumulate)
        where V : unmanaged, ISimd<V, T>
    {
        ConvolutionSegments segments = Tables.Segments(dy, block);
        int vectors = (Tables.Width(dy, block) + V.Count - 1) / V.Count;
        int rowStep = Tables.RowStep(dy, block);
        ConvolutionTile<T> tile = default;
        tile.Images = count;
        tile.AStep = _pixels.ImageStep;
        tile.BStep = _pixels.ImageStep;
        tile.RowStep = rowStep;
        tile.Rows = ConvolutionKernel.RowsOf<V, T>(Shape.Channels - row);
        tile.A = images + row;
        tile.ARowStep = 1;
        T* right = images + (dy * Shape.DilationY * _pixels.RowStep) + (Tables.LeastDx(dy) * Shape.Channels)
            + (block * ConvolutionGramTables.BlockColumns);
        for (int v = 0, width; v < vectors; v += width)
        {
            width = ConvolutionKernel.TileWidth(vectors - v);
            tile.B0 = right + (v * V.Count);
            tile.B1 = tile.B0 + V.Count;
            tile.B2 = tile.B1 + V.Count;
            tile.Offsets = _offsets + segments.FirstPixel;
            T* sums = _sums + (group * GroupLength) + segments.FirstSum + (row * rowStep) + (v * V.Count);
            for (int y = 0; y < segments.Rows; y++)
            {
                for (int x = 0; x < segments.Columns; x++)
                {
                    tile.Steps = segments.Pixels(y, x);
                    tile.C0 = sums;
                    tile.C1 = sums + V.Count;
                    tile.C2 = tile.C1 + V.Count;
                    ConvolutionKernel.RunInParts<LeftByOffset, V, T>(width, tile, accumulate);
                    tile.Offsets += tile.Steps;
                    sums += (long)Shape.Channels * rowStep;
                }
            }
        }

        return tile.Rows;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void SumChannels<V>(int group, T* images, int count, bool accumulate)
        where V : unmanaged, ISimd<V, T>
    {
        ConvolutionSegments segments = Tables.Segments(0, 0);
        int* offsets = _offsets + segments.FirstPixel;
        for (int y = 0; y < segments.Rows; y++)
        {
            for (int x = 0; x < segments.Columns; x++)
            {
                int pixels = segments.Pixels(y, x);
                T* sums = ChannelSums(y, x) + (group * GroupLength);
                for (int c = 0; c < Shape.Channels; c += V.Count)
                {
                    V sum = V.Zero;
                    for (int i = 0; i < count; i++)
                    {
                        T* image = images + ((long)i * _pixels.ImageStep) + c;
                        for (int p = 0; p < pixels; p++)
                            sum += V.Load(image + offsets[p]);
                    }

                    V.Store(accumulate ? V.Load(sums + c) + sum : sum, sums + c);
                }

                offsets += pixels;
            }
        }
    }

    // Into the first group's sums, groups ascending.
    private struct AddJob<V> : IParallelJob
        where V : unmanaged, ISimd<V, T>
    {
        public const int Chunk = 4096;

        public ConvolutionGram<T> Plan;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute(int item, int worker)
        {
            long length = Plan.GroupLength, end = Math.Min(length, (item + 1L) * Chunk);
            for (long i = (long)item * Chunk; i < end; i += V.Count)
            {
                V sum = V.Load(Plan._sums + i);
                for (int group = 1; group < Plan._groups; group++)
                    sum += V.Load(Plan._sums + (group * length) + i);
                V.Store(sum, Plan._sums + i);
            }
        }
    }
}
