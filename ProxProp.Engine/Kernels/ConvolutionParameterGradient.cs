using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Parallel;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

// Parameter gradient as outer products: each output pixel adds dOutput[f] · tap to every weight. Images are brought to channels-innermost
// order, where the taps of a kernel row are one contiguous span (kx, channel).
//
// The batch falls into groups of images, their number set by the batch and the shape alone. Each group sums into its own partial
// gradient [filter][ky][kx and channel, rounded up to whole vectors], images and pixels ascending; then the groups are added in order.
// dBias: 16 lanes per filter, lane l summing the pixels p ≡ l (mod 16), groups in order, then a tree over the lanes.
// Remainder rule: the vector that ends a span also sums what follows the span; those lanes are dropped.

/// <summary>Geometry, operands and working memory of one parameter gradient.</summary>
internal unsafe struct ConvolutionParameterGradient<T> : IWidthAction<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Lanes = 16;
    private const int MostGroups = 32;
    private const int FewestGroups = 4;
    private const double PartialElements = 1 << 20;
    private const int LeastSteps = 128;

    private ConvolutionShape _shape;
    private ConvolutionPixels<T> _pixels;
    private WorkerTeam _team;
    private T* _input, _dOutput, _dWeight, _dBias;
    private T* _images, _partials, _biasPartials;
    private int* _offsets, _vectorPlace;
    private int _batch, _groups, _imagesPerGroup, _imagesAtOnce, _rowBlocks, _rowsPerBlock;
    private int _spanLength, _paddedLength, _rowLength, _lanes;
    private long _partialLength;

    public static ConvolutionParameterGradient<T> Plan(ComputeContext context, in ConvolutionShape s, int batch, ref ScratchCursor<T> cursor)
    {
        ConvolutionParameterGradient<T> plan = default;
        plan._shape = s;
        plan._team = context.Team;
        plan._batch = batch;
        plan._pixels = new ConvolutionPixels<T>(s.Channels, s.Height, s.Width, s.PaddingY, s.PaddingX, s.DilationX);
        plan._spanLength = s.KernelWidth * s.Channels;
        plan._partialLength = (long)s.Filters * s.KernelHeight * ((plan._spanLength + Lanes - 1) / Lanes * Lanes);

        int groups = (int)Math.Clamp(PartialElements / plan._partialLength, FewestGroups, MostGroups);
        plan._imagesPerGroup = Math.Max(1, Blocks(batch, groups));
        plan._groups = Math.Max(1, Blocks(batch, plan._imagesPerGroup));
        plan._rowsPerBlock = Blocks(Blocks(s.Filters, ConvolutionKernel.ShortRows), Math.Max(1, MostGroups / 2 / plan._groups)) * ConvolutionKernel.ShortRows;
        plan._rowBlocks = Blocks(s.Filters, plan._rowsPerBlock);
        plan._imagesAtOnce = Math.Clamp(LeastSteps / s.OutputPixels, 1, plan._imagesPerGroup);

        plan._offsets = cursor.TakeIntegers(s.OutputPixels);
        plan._vectorPlace = cursor.TakeIntegers(2L * s.KernelHeight * plan._spanLength);
        plan._images = cursor.Take((long)context.Team.Workers * plan._imagesAtOnce * plan._pixels.ImageStep);
        // Room for as many groups as any smaller batch may have: a batch of 64 can make 16 groups where one of 100 makes 15.
        int roomFor = Math.Clamp(batch, 1, groups);
        plan._partials = cursor.Take(roomFor * plan._partialLength);
        plan._biasPartials = cursor.Take((long)roomFor * s.Filters * Lanes);
        return plan;
    }

    public void Run(SimdWidth width, T* input, T* dOutput, T* dWeight, T* dBias)
    {
        _input = input;
        _dOutput = dOutput;
        _dWeight = dWeight;
        _dBias = dBias;
        // Half-empty vectors cost as much as full ones: short spans take the width that just covers them.
        FittingWidth.Run<ConvolutionParameterGradient<T>, T>(width, Math.Max(1, (2 * _spanLength) - 1), ref this);
    }

    public void Run<V>()
        where V : unmanaged, ISimd<V, T>
    {
        _lanes = V.Count;
        _paddedLength = Blocks(_spanLength, _lanes) * _lanes;
        _rowLength = _shape.KernelHeight * _paddedLength;
        for (int y = 0, p = 0; y < _shape.OutputHeight; y++)
        {
            for (int x = 0; x < _shape.OutputWidth; x++, p++)
                _offsets[p] = _pixels.Place(y * _shape.StrideY, x * _shape.StrideX);
        }

        for (int ky = 0, v = 0; ky < _shape.KernelHeight; ky++)
        {
            for (int i = 0; i < _spanLength; i += _lanes)
                _vectorPlace[v++] = (ky * _shape.DilationY * _pixels.RowStep) + i;
        }

        new Span<T>(_images, _team.Workers * _imagesAtOnce * _pixels.ImageStep).Clear();
        var sum = new SumJob<V> { Plan = this };
        _team.Run(_groups * _rowBlocks, ref sum);
        var gather = new GatherJob<V> { Plan = this };
        _team.Run(_shape.Filters, ref gather);
    }

    private static int Blocks(int count, int size) => (count + size - 1) / size;

    private struct SumJob<V> : IParallelJob
        where V : unmanaged, ISimd<V, T>
    {
        public ConvolutionParameterGradient<T> Plan;

        public readonly void Execute(int item, int worker)
        {
            (int group, int block) = Math.DivRem(item, Plan._rowBlocks);
            int firstRow = block * Plan._rowsPerBlock;
            int endRow = Math.Min(Plan._shape.Filters, firstRow + Plan._rowsPerBlock);
            int first = group * Plan._imagesPerGroup;
            int end = Math.Min(Plan._batch, first + Plan._imagesPerGroup);
            T* lanes = Plan._biasPartials + ((long)group * Plan._shape.Filters * Lanes);
            new Span<T>(lanes + (firstRow * Lanes), (endRow - firstRow) * Lanes).Clear();
            if (first >= end)
                Plan.ClearPartial(group, firstRow, endRow);
            for (int n = first; n < end; n += Plan._imagesAtOnce)
            {
                int count = Math.Min(Plan._imagesAtOnce, end - n);
                if (Plan._dBias is not null)
                    Plan.SumLanes<V>(n, count, firstRow, endRow, lanes);
                Plan.Accumulate(&ConvolutionKernel.RunInParts<LeftByStep, V, T>, &ConvolutionKernel.RowsOf<V, T>, group, firstRow, endRow, n, count, n != first, worker);
            }
        }
    }

    private readonly T* Partial(int group, int row) => _partials + (group * _partialLength) + ((long)row * _rowLength);

    private readonly void ClearPartial(int group, int firstRow, int endRow) =>
        new Span<T>(Partial(group, firstRow), (endRow - firstRow) * _rowLength).Clear();

    // Compiled once: the kernel alone knows the vectors.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Accumulate(
        delegate*<int, in ConvolutionTile<T>, bool, void> kernel, delegate*<int, int> rowsOf, int group, int firstRow, int endRow, int n, int count,
        bool accumulate, int worker)
    {
        T* images = _images + ((long)worker * _imagesAtOnce * _pixels.ImageStep);
        for (int i = 0; i < count; i++)
            _pixels.Pack(_input + ((long)(n + i) * _shape.InputLength), images + ((long)i * _pixels.ImageStep));

        int pixels = _shape.OutputPixels;
        int vectors = _rowLength / _lanes;
        ConvolutionTile<T> tile = default;
        tile.Offsets = _offsets;
        tile.Steps = pixels;
        tile.Images = count;
        tile.AStep = _shape.OutputLength;
        tile.BStep = _pixels.ImageStep;
        tile.RowStep = _rowLength;
        tile.ARowStep = pixels;
        for (int row = firstRow; row < endRow; row += tile.Rows)
        {
            tile.Rows = rowsOf(endRow - row);
            tile.A = _dOutput + ((long)n * _shape.OutputLength) + ((long)row * pixels);
            for (int v = 0, width; v < vectors; v += width)
            {
                width = ConvolutionKernel.TileWidth(vectors - v);
                tile.C0 = Partial(group, row) + (v * _lanes);
                tile.C1 = tile.C0 + _lanes;
                tile.C2 = tile.C1 + _lanes;
                tile.B0 = images + _vectorPlace[v];
                if (width > 1)
                    tile.B1 = images + _vectorPlace[v + 1];
                if (width > 2)
                    tile.B2 = images + _vectorPlace[v + 2];
                kernel(width, tile, accumulate);
            }
        }
    }

    // Before the outer products, which then find the gradient in the cache.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void SumLanes<V>(int n, int count, int firstRow, int endRow, T* lanes)
        where V : unmanaged, ISimd<V, T>
    {
        int pixels = _shape.OutputPixels;
        int whole = pixels / Lanes * Lanes;
        for (int i = n; i < n + count; i++)
        {
            for (int f = firstRow; f < endRow; f++)
            {
                T* values = _dOutput + ((((long)i * _shape.Filters) + f) * pixels);
                for (int lane = 0; lane < Lanes; lane += V.Count)
                {
                    T* to = lanes + (f * Lanes) + lane;
                    V sum = V.Load(to);
                    for (int p = lane; p < whole; p += Lanes)
                        sum += V.Load(values + p);
                    V.Store(sum, to);
                }

                for (int p = whole; p < pixels; p++)
                    lanes[(f * Lanes) + p - whole] += values[p];
            }
        }
    }

    private struct GatherJob<V> : IParallelJob
        where V : unmanaged, ISimd<V, T>
    {
        public ConvolutionParameterGradient<T> Plan;

        public readonly void Execute(int item, int worker)
        {
            Plan.AddGroups<V>(item);
            Plan.Reorder(item);
            if (Plan._dBias is not null)
                Plan.AddLanes(item);
        }
    }

    // Into the first group's partial, groups ascending.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void AddGroups<V>(int row)
        where V : unmanaged, ISimd<V, T>
    {
        T* total = Partial(0, row);
        for (int i = 0; i < _rowLength; i += V.Count)
        {
            V sum = V.Load(total + i);
            for (int group = 1; group < _groups; group++)
                sum += V.Load(total + (group * _partialLength) + i);
            V.Store(sum, total + i);
        }
    }

    // From (ky, kx, channel) to (channel, ky, kx).
    private readonly void Reorder(int row)
    {
        T* total = Partial(0, row);
        T* to = _dWeight + ((long)row * _shape.WeightsPerFilter);
        for (int ky = 0; ky < _shape.KernelHeight; ky++)
        {
            for (int kx = 0; kx < _shape.KernelWidth; kx++)
            {
                T* from = total + (ky * _paddedLength) + (kx * _shape.Channels);
                for (int c = 0; c < _shape.Channels; c++)
                    to[(c * _shape.Taps) + (ky * _shape.KernelWidth) + kx] = from[c];
            }
        }
    }

    private readonly void AddLanes(int row)
    {
        T* total = _biasPartials + (row * Lanes);
        for (int group = 1; group < _groups; group++)
        {
            for (int lane = 0; lane < Lanes; lane++)
                total[lane] += total[((long)group * _shape.Filters * Lanes) + lane];
        }

        for (int half = Lanes / 2; half > 0; half /= 2)
        {
            for (int lane = 0; lane < half; lane++)
                total[lane] += total[lane + half];
        }

        _dBias[row] = total[0];
    }
}
