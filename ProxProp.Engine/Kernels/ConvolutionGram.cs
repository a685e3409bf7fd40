using System.Numerics;
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
// The columns (dx, c') of S are handled in blocks of 48 with column cuts of their own: only differences near 0 need all of them. 48 is whole in
// vectors of every width, so the segments, and with them the sums, are the same for all widths.
// The column of ones: the sums of I_c over the same segments as d = 0.
//
// The batch falls into groups, their number set by the batch and the shape alone; the groups' sums are added in order.
// Source: the structure is that of autocovariance matrices (block Toeplitz but for the border); the cuts are worked out in ConvolutionAxis.

/// <summary>Geometry, operands and working memory of one Gram matrix.</summary>
internal unsafe struct ConvolutionGram<T> : IWidthAction<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Columns that share their cuts.</summary>
    public const int BlockColumns = 48;

    private const int Lanes = 16;
    private const int MostGroups = 16;
    private const int FewestGroups = 2;
    private const double PartialElements = 1 << 21;
    private const int CachedElements = 12288;

    public ConvolutionShape Shape;
    public ConvolutionAxis AxisY, AxisX;
    public bool WithBias;
    public int Batch, Groups;
    public T* Partials, Target;
    public int TargetStride;
    private ConvolutionPixels<T> _pixels;
    private WorkerTeam _team;
    private T* _input, _images;
    private int* _offsets, _tables;
    private int _imagesPerGroup, _imagesAtOnce;
    private long _partialLength, _biasStart;

    // Per (dy, block): ints that describe its segments.
    private const int FieldRows = 0, FieldColumns = 1, FieldOffsets = 2, FieldPartial = 3, FieldRowCuts = 4;

    private readonly int TableStep => FieldRowCuts + AxisY.MostCuts + AxisX.MostCuts;

    public static ConvolutionGram<T> Plan(ComputeContext context, in ConvolutionShape s, int batch, bool withBias, ref ScratchCursor<T> cursor)
    {
        ConvolutionGram<T> plan = default;
        (plan.Shape, plan.Batch, plan.WithBias, plan._team) = (s, batch, withBias, context.Team);
        plan.AxisY = new ConvolutionAxis(s.Height, s.OutputHeight, s.KernelHeight, s.PaddingY, s.DilationY);
        plan.AxisX = new ConvolutionAxis(s.Width, s.OutputWidth, s.KernelWidth, s.PaddingX, s.DilationX);
        plan._pixels = new ConvolutionPixels<T>(s.Channels, s.Height, s.Width, 0, (s.KernelWidth - 1) * s.DilationX, s.DilationX);
        plan.Measure(out long offsets, out int tables);
        int groups = (int)Math.Clamp(PartialElements / plan._partialLength, FewestGroups, MostGroups);
        plan._imagesPerGroup = Math.Max(1, (batch + groups - 1) / groups);
        plan.Groups = Math.Max(1, (batch + plan._imagesPerGroup - 1) / plan._imagesPerGroup);
        plan._imagesAtOnce = Math.Clamp(CachedElements / plan._pixels.ImageStep, 1, plan._imagesPerGroup);
        plan._offsets = cursor.TakeIntegers(offsets);
        plan._tables = cursor.TakeIntegers(tables);
        plan._images = cursor.Take((long)context.Team.Workers * plan._imagesAtOnce * plan._pixels.ImageStep);
        // Room for as many groups as any smaller batch may have: a batch of 64 can make 16 groups where one of 100 makes 15.
        int roomFor = Math.Clamp(batch, 1, groups);
        plan.Partials = cursor.Take(roomFor * plan._partialLength);
        return plan;
    }

    /// <summary>The least dx of the columns at this dy: half the plane of differences is enough.</summary>
    public readonly int LeastDx(int dy) => dy == 0 ? 0 : 1 - Shape.KernelWidth;

    public readonly int Columns(int dy) => (Shape.KernelWidth - LeastDx(dy)) * Shape.Channels;

    /// <summary>The row segments of a window.</summary>
    public readonly (int First, int End) RowSegments(int dy, int ty)
    {
        int* table = Table(dy, 0);
        return AxisY.Segments(RowCuts(table), table[FieldRows], ty, dy);
    }

    /// <summary>The column segments of a window, as seen by a block of columns.</summary>
    public readonly (int First, int End) ColumnSegments(int dy, int block, int tx, int dx)
    {
        int* table = Table(dy, block);
        return AxisX.Segments(ColumnCuts(table), table[FieldColumns], tx, dx);
    }

    /// <summary>A channel's row of S of a segment, after the groups have been added.</summary>
    public readonly T* Sums(int dy, int block, int row, int column, int channel) =>
        SegmentSums(0, dy, block, row, column) + (channel * PaddedColumns(BlockWidth(dy, block)));

    /// <summary>Sums of the channels over a segment of dy = 0, block 0.</summary>
    public readonly T* ChannelSums(int row, int column) => ChannelSums(0, row, column);

    private static int PaddedColumns(int columns) => (columns + Lanes - 1) / Lanes * Lanes;

    public void Run(SimdWidth width, T* input, T* target, int targetStride)
    {
        _input = input;
        Target = target;
        TargetStride = targetStride;
        FillTables();
        new Span<T>(_images, _team.Workers * _imagesAtOnce * _pixels.ImageStep).Clear();
        ConvolutionWidth.Run<ConvolutionGram<T>, T>(width, Math.Max(1, (2 * Columns(0)) - 1), ref this);
    }

    public void Run<V>()
        where V : unmanaged, ISimd<V, T>
    {
        var sum = new SumJob<V> { Plan = this };
        _team.Run(Groups, ref sum);
        var add = new AddJob<V> { Plan = this };
        _team.Run((int)((_partialLength + AddJob<V>.Chunk - 1) / AddJob<V>.Chunk), ref add);
        var assembly = new ConvolutionGramAssembly<T> { Plan = this };
        _team.Run(assembly.Items, ref assembly);
        var mirror = new ConvolutionGramAssembly<T>.MirrorJob { Plan = this };
        _team.Run(Shape.Channels, ref mirror);
    }

    private readonly int Blocks(int dy) => (Columns(dy) + BlockColumns - 1) / BlockColumns;

    private readonly int* Table(int dy, int block) => _tables + (((dy * Blocks(Shape.KernelHeight - 1)) + block) * TableStep);

    private readonly Span<int> RowCuts(int* table) => new(table + FieldRowCuts, table[FieldRows] + 1);

    private readonly Span<int> ColumnCuts(int* table) => new(table + FieldRowCuts + AxisY.MostCuts, table[FieldColumns] + 1);

    private readonly int BlockWidth(int dy, int block) => Math.Min(BlockColumns, Columns(dy) - (block * BlockColumns));

    private readonly T* SegmentSums(int group, int dy, int block, int row, int column)
    {
        int* table = Table(dy, block);
        int segment = (row * table[FieldColumns]) + column;
        return Partials + (group * _partialLength) + table[FieldPartial] + ((long)segment * Shape.Channels * PaddedColumns(BlockWidth(dy, block)));
    }

    private readonly T* ChannelSums(int group, int row, int column) => Partials + (group * _partialLength) + _biasStart
        + (((row * Table(0, 0)[FieldColumns]) + column) * PaddedColumns(Shape.Channels));

    private readonly int CutRows(int dy, Span<int> cuts) => AxisY.Cut(dy, dy, cuts);

    private readonly int CutColumns(int dy, int block, Span<int> cuts)
    {
        int first = block * BlockColumns / Shape.Channels;
        int last = ((block * BlockColumns) + BlockWidth(dy, block) - 1) / Shape.Channels;
        return AxisX.Cut(LeastDx(dy) + first, LeastDx(dy) + last, cuts);
    }

    private void Measure(out long offsets, out int tables)
    {
        Span<int> rows = stackalloc int[AxisY.MostCuts];
        Span<int> columns = stackalloc int[AxisX.MostCuts];
        (offsets, _partialLength) = (0, 0);
        for (int dy = 0; dy < Shape.KernelHeight; dy++)
        {
            int rowCount = CutRows(dy, rows);
            for (int block = 0; block < Blocks(dy); block++)
            {
                int columnCount = CutColumns(dy, block, columns);
                if (dy == 0 && block == 0)
                    _biasStart = (long)rowCount * columnCount * PaddedColumns(Shape.Channels);
                _partialLength += (long)rowCount * columnCount * Shape.Channels * PaddedColumns(BlockWidth(dy, block));
                if (rowCount > 0 && columnCount > 0)
                    offsets += (long)(rows[rowCount] - rows[0]) * (columns[columnCount] - columns[0]);
            }
        }

        (_biasStart, _partialLength) = (_partialLength, _partialLength + _biasStart);
        tables = Shape.KernelHeight * Blocks(Shape.KernelHeight - 1) * TableStep;
    }

    private readonly void FillTables()
    {
        (int offset, int partial) = (0, 0);
        for (int dy = 0; dy < Shape.KernelHeight; dy++)
        {
            for (int block = 0; block < Blocks(dy); block++)
            {
                int* table = Table(dy, block);
                table[FieldRows] = CutRows(dy, new Span<int>(table + FieldRowCuts, AxisY.MostCuts));
                table[FieldColumns] = CutColumns(dy, block, new Span<int>(table + FieldRowCuts + AxisY.MostCuts, AxisX.MostCuts));
                table[FieldOffsets] = offset;
                table[FieldPartial] = partial;
                partial += table[FieldRows] * table[FieldColumns] * Shape.Channels * PaddedColumns(BlockWidth(dy, block));
                Span<int> rows = RowCuts(table);
                Span<int> columns = ColumnCuts(table);
                for (int row = 0; row < table[FieldRows]; row++)
                {
                    for (int column = 0; column < table[FieldColumns]; column++)
                        offset = ListPixels(rows[row], rows[row + 1], columns[column], columns[column + 1], offset);
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
                new Span<T>(Plan.Partials + (item * Plan._partialLength), (int)Plan._partialLength).Clear();
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
            for (int block = 0; block < Blocks(dy); block++)
            {
                for (int row = 0; row < Shape.Channels; row += ConvolutionKernel.Rows)
                    RunBlock<V>(group, dy, block, row, images, count, accumulate);
            }
        }

        if (WithBias)
            SumChannels<V>(group, images, count, accumulate);
    }

    private readonly void RunBlock<V>(int group, int dy, int block, int row, T* images, int count, bool accumulate)
        where V : unmanaged, ISimd<V, T>
    {
        int* table = Table(dy, block);
        int vectors = (BlockWidth(dy, block) + V.Count - 1) / V.Count;
        int padded = PaddedColumns(BlockWidth(dy, block));
        ConvolutionTile<T> tile = default;
        tile.Images = count;
        tile.AStep = _pixels.ImageStep;
        tile.BStep = _pixels.ImageStep;
        tile.RowStep = padded;
        tile.Rows = Math.Min(ConvolutionKernel.Rows, Shape.Channels - row);
        tile.A0 = images + row;
        tile.A1 = images + Math.Min(row + 1, Shape.Channels - 1);
        tile.A2 = images + Math.Min(row + 2, Shape.Channels - 1);
        tile.A3 = images + Math.Min(row + 3, Shape.Channels - 1);
        int* rowCuts = table + FieldRowCuts;
        int* columnCuts = rowCuts + AxisY.MostCuts;
        T* right = images + (dy * Shape.DilationY * _pixels.RowStep) + (LeastDx(dy) * Shape.Channels) + (block * BlockColumns);
        for (int v = 0, width; v < vectors; v += width)
        {
            width = ConvolutionKernel.TileWidth(vectors - v);
            tile.B0 = right + (v * V.Count);
            tile.B1 = tile.B0 + V.Count;
            tile.B2 = tile.B1 + V.Count;
            tile.Offsets = _offsets + table[FieldOffsets];
            T* sums = SegmentSums(group, dy, block, 0, 0) + (row * padded) + (v * V.Count);
            for (int y = 0; y < table[FieldRows]; y++)
            {
                for (int x = 0; x < table[FieldColumns]; x++)
                {
                    tile.Steps = (rowCuts[y + 1] - rowCuts[y]) * (columnCuts[x + 1] - columnCuts[x]);
                    tile.C0 = sums;
                    tile.C1 = sums + V.Count;
                    tile.C2 = tile.C1 + V.Count;
                    ConvolutionKernel.Run<LeftByOffset, V, T>(width, tile, accumulate, bias: null, relu: false);
                    tile.Offsets += tile.Steps;
                    sums += (long)Shape.Channels * padded;
                }
            }
        }
    }

    private readonly void SumChannels<V>(int group, T* images, int count, bool accumulate)
        where V : unmanaged, ISimd<V, T>
    {
        int* table = Table(0, 0);
        int* offsets = _offsets + table[FieldOffsets];
        for (int y = 0; y < table[FieldRows]; y++)
        {
            for (int x = 0; x < table[FieldColumns]; x++)
            {
                int pixels = (RowCuts(table)[y + 1] - RowCuts(table)[y]) * (ColumnCuts(table)[x + 1] - ColumnCuts(table)[x]);
                T* sums = ChannelSums(group, y, x);
                for (int c = 0; c < Shape.Channels; c += V.Count)
                {
                    V sum = accumulate ? V.Load(sums + c) : V.Zero;
                    for (int i = 0; i < count; i++)
                    {
                        T* image = images + ((long)i * _pixels.ImageStep) + c;
                        for (int p = 0; p < pixels; p++)
                            sum += V.Load(image + offsets[p]);
                    }

                    V.Store(sum, sums + c);
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

        public readonly void Execute(int item, int worker)
        {
            long end = Math.Min(Plan._partialLength, (item + 1L) * Chunk);
            for (long i = (long)item * Chunk; i < end; i += V.Count)
            {
                V sum = V.Load(Plan.Partials + i);
                for (int group = 1; group < Plan.Groups; group++)
                    sum += V.Load(Plan.Partials + (group * Plan._partialLength) + i);
                V.Store(sum, Plan.Partials + i);
            }
        }
    }
}
