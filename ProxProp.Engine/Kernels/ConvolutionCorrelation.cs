using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Parallel;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

// What the forward pass and the input gradient share: a correlation of source planes with separable tap positions,
//
//     out[r][oy][ox] = Σ_{s, ty, tx} left[r][(s,ty,tx)] · source[s][oy·strideY + dy[ty]][ox·strideX + dx[tx]],   0 outside the source.
//
// Layout: each worker copies one image at a time, with its border of zeros, to [s][segment][row phase][row][SegmentLength]. Row y is row
// (y − lowY) / strideY of phase (y − lowY) mod strideY, so that output rows are neighbours for every tap. Columns come in two forms:
//   wide     one segment per phase of strideX, as long as the padded image is wide; a vector of outputs lies in one row
//   narrow   one segment per tx, as long as the output is wide: rows follow one another without a gap, so a vector may span several
// Either way the vector of outputs p for tap k is contiguous at place[p] + offset[k], which is all that the register tile asks for.
// Wide costs one copy of the image and idle lanes where the width is no multiple of the vector; narrow costs one copy per tx.
// Remainder rule: the last vector of a row (wide) or of the plane (narrow) overlaps the one before it; a plane smaller than one vector
// runs at a narrower width.

/// <summary>Geometry, operands and working memory of one correlation.</summary>
internal unsafe struct Correlation<T> : IWidthAction<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const double FlopsPerItem = 2e6;
    private const double LeastWideUse = 0.85;

    public int Batch, Sources, SourceHeight, SourceWidth;
    public int Rows, OutHeight, OutWidth, StrideY, StrideX, TapsY, TapsX;
    public T* Source, Left, Bias, Output;
    public bool Relu;

    /// <summary>The plane that the output pixels are written to, with the place of the first and the distance of the next.</summary>
    public int PlaneHeight, PlaneWidth, FirstY, FirstX, StepY, StepX;

    public WorkerTeam Team;

    public int* Dy, Dx;
    private int* _segmentX, _tapSegment, _tapShift, _offsets, _places, _targets;
    private T* _images, _results;
    private int _lowY, _rows, _segments, _segmentLength, _phaseLength, _vectors, _imagesPerItem;
    private long _imageLength, _resultLength;

    public readonly int OutPixels => OutHeight * OutWidth;

    public readonly int Steps => Sources * TapsY * TapsX;

    private readonly bool IsScattered => StepY != 1 || StepX != 1;

    /// <summary>Takes the tables; <see cref="Dy"/> and <see cref="Dx"/> are to be filled next.</summary>
    public void TakeTaps(ref ScratchCursor<T> cursor)
    {
        Dy = cursor.TakeIntegers(TapsY);
        Dx = cursor.TakeIntegers(TapsX);
    }

    /// <summary>Takes the rest. <paramref name="reachY"/> and <paramref name="reachX"/> are the largest differences of two Dy and two Dx.</summary>
    public void TakeRest(ref ScratchCursor<T> cursor, int reachY, int reachX)
    {
        int rows = Blocks(((OutHeight - 1) * StrideY) + reachY + 1, StrideY) * StrideY;
        int columns = Blocks(((OutWidth - 1) * StrideX) + reachX + 1, StrideX) * StrideX;
        _imageLength = (long)Sources * rows * Math.Max(columns, (long)TapsX * OutWidth);
        _resultLength = IsScattered ? (long)Rows * OutPixels : 0;
        _segmentX = cursor.TakeIntegers(Math.Max(StrideX, TapsX));
        _tapSegment = cursor.TakeIntegers(TapsX);
        _tapShift = cursor.TakeIntegers(TapsX);
        _offsets = cursor.TakeIntegers(Steps);
        _places = cursor.TakeIntegers(OutPixels);
        _targets = cursor.TakeIntegers(OutPixels);
        _imageLength = (_imageLength + 15) / 16 * 16;
        _images = cursor.Take(Team.Workers * _imageLength);
        _results = cursor.Take(Team.Workers * _resultLength);
    }

    /// <summary>Runs the whole batch.</summary>
    public void Run(SimdWidth width) => FittingWidth.Run<Correlation<T>, T>(width, OutPixels, ref this);

    public void Run<V>()
        where V : unmanaged, ISimd<V, T>
    {
        PlanImage(V.Count);
        PlanVectors(V.Count);
        new Span<T>(_images, checked((int)(Team.Workers * _imageLength))).Clear();
        _imagesPerItem = (int)Math.Clamp(FlopsPerItem / (2.0 * Rows * Math.Max(1, Steps) * OutPixels), 1, Math.Max(1, Batch));
        var job = new Job<V> { Plan = this };
        Team.Run(Blocks(Batch, _imagesPerItem), ref job);
    }

    private static int Blocks(int count, int size) => (count + size - 1) / size;

    private readonly bool IsWide(int lanes) =>
        OutWidth >= lanes && (double)OutWidth / (Blocks(OutWidth, lanes) * lanes) >= LeastWideUse;

    private void PlanImage(int lanes)
    {
        (_lowY, int highY) = Range(Dy, TapsY);
        (int lowX, int highX) = Range(Dx, TapsX);
        _rows = TapsY == 0 || TapsX == 0 ? 0 : ((OutHeight - 1) * StrideY) + highY - _lowY + 1;
        if (IsWide(lanes))
        {
            _segments = StrideX;
            _segmentLength = Blocks(((OutWidth - 1) * StrideX) + highX - lowX + 1, StrideX);
            for (int i = 0; i < _segments; i++)
                _segmentX[i] = lowX + i;
            for (int t = 0; t < TapsX; t++)
                (_tapShift[t], _tapSegment[t]) = Math.DivRem(Dx[t] - lowX, StrideX);
        }
        else
        {
            _segments = TapsX;
            _segmentLength = OutWidth;
            for (int t = 0; t < TapsX; t++)
                (_segmentX[t], _tapShift[t], _tapSegment[t]) = (Dx[t], 0, t);
        }

        _phaseLength = Blocks(_rows, StrideY) * _segmentLength;
        int k = 0;
        for (int s = 0; s < Sources; s++)
        {
            for (int ty = 0; ty < TapsY; ty++)
            {
                (int row, int phase) = Math.DivRem(Dy[ty] - _lowY, StrideY);
                for (int tx = 0; tx < TapsX; tx++)
                    _offsets[k++] = (Plane(s, _tapSegment[tx], phase) * _phaseLength) + (row * _segmentLength) + _tapShift[tx];
            }
        }
    }

    private void PlanVectors(int lanes)
    {
        _vectors = 0;
        if (IsWide(lanes))
        {
            for (int y = 0; y < OutHeight; y++)
            {
                for (int x = 0; x < OutWidth; x += lanes)
                {
                    int first = Math.Min(x, OutWidth - lanes);
                    (_places[_vectors], _targets[_vectors++]) = ((y * _segmentLength) + first, (y * OutWidth) + first);
                }
            }
        }
        else
        {
            for (int p = 0; p < OutPixels; p += lanes)
            {
                int first = Math.Min(p, OutPixels - lanes);
                (_places[_vectors], _targets[_vectors++]) = (first, first);
            }
        }
    }

    private readonly int Plane(int source, int segment, int phase) => (((source * _segments) + segment) * StrideY) + phase;

    private static (int Low, int High) Range(int* values, int count)
    {
        (int low, int high) = count == 0 ? (0, 0) : (int.MaxValue, int.MinValue);
        for (int i = 0; i < count; i++)
            (low, high) = (Math.Min(low, values[i]), Math.Max(high, values[i]));
        return (low, high);
    }

    private struct Job<V> : IParallelJob
        where V : unmanaged, ISimd<V, T>
    {
        public Correlation<T> Plan;

        public readonly void Execute(int item, int worker)
        {
            int first = item * Plan._imagesPerItem;
            int end = Math.Min(Plan.Batch, first + Plan._imagesPerItem);
            for (int n = first; n < end; n++)
                Plan.RunImage<V>(n, worker);
        }
    }

    private readonly void RunImage<V>(int n, int worker)
        where V : unmanaged, ISimd<V, T>
    {
        T* image = _images + (worker * _imageLength);
        T* output = Output + ((long)n * Rows * PlaneHeight * PlaneWidth);
        T* result = IsScattered ? _results + (worker * _resultLength) : output;
        Pack<V>(Source + ((long)n * Sources * SourceHeight * SourceWidth), image);
        for (int row = 0, rows; row < Rows; row += rows)
            rows = RunRows<V>(row, image, result);
        if (IsScattered)
            Scatter(result, output);
    }

    // The border was zeroed before the first image and is never written.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Pack<V>(T* source, T* image)
        where V : unmanaged, ISimd<V, T>
    {
        int firstRow = Math.Max(0, -_lowY);
        int endRow = Math.Min(_rows, SourceHeight - _lowY);
        for (int segment = 0; segment < _segments; segment++)
        {
            int x = _segmentX[segment];
            int first = x >= 0 ? 0 : Blocks(-x, StrideX);
            int end = x >= SourceWidth ? 0 : Math.Min(_segmentLength, Blocks(SourceWidth - x, StrideX));
            for (int s = 0; s < Sources && first < end; s++)
            {
                for (int row = firstRow; row < endRow; row++)
                {
                    (int line, int phase) = StrideY == 1 ? (row, 0) : Math.DivRem(row, StrideY);
                    T* to = image + (Plane(s, segment, phase) * _phaseLength) + (line * _segmentLength) + first;
                    T* from = source + ((((long)s * SourceHeight) + row + _lowY) * SourceWidth) + x + (first * StrideX);
                    Copy<V>(from, StrideX, to, end - first);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy<V>(T* from, int stride, T* to, int count)
        where V : unmanaged, ISimd<V, T>
    {
        if (stride == 1 && count >= V.Count)
        {
            VectorCopy.Run<V, T>(from, to, count);
        }
        else if (stride == 1 && count >= Simd128<T>.Count)
        {
            VectorCopy.Run<Simd128<T>, T>(from, to, count);
        }
        else
        {
            for (int i = 0; i < count; i++)
                to[i] = from[i * stride];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly int RunRows<V>(int row, T* image, T* result)
        where V : unmanaged, ISimd<V, T>
    {
        int planeStep = OutPixels;
        ConvolutionTile<T> tile = default;
        tile.Rows = ConvolutionKernel.RowsOf<V, T>(Rows - row);
        tile.A = Left + ((long)row * Steps);
        tile.ARowStep = Steps;
        tile.RowStep = planeStep;
        tile.Offsets = _offsets;
        tile.Steps = Steps;
        tile.Images = 1;
        T* bias = Bias is null ? null : Bias + row;
        result += (long)row * planeStep;
        for (int v = 0, width; v < _vectors; v += width)
        {
            width = ConvolutionKernel.TileWidth(_vectors - v);
            tile.B0 = image + _places[v];
            tile.C0 = result + _targets[v];
            if (width > 1)
            {
                tile.B1 = image + _places[v + 1];
                tile.C1 = result + _targets[v + 1];
            }

            if (width > 2)
            {
                tile.B2 = image + _places[v + 2];
                tile.C2 = result + _targets[v + 2];
            }

            ConvolutionKernel.Run<LeftByStep, V, T>(width, tile, accumulate: false, bias, Relu);
        }

        return tile.Rows;
    }

    private readonly void Scatter(T* result, T* output)
    {
        for (int r = 0; r < Rows; r++)
        {
            for (int y = 0; y < OutHeight; y++)
            {
                T* from = result + (((r * OutHeight) + y) * OutWidth);
                T* to = output + (((((long)r * PlaneHeight) + FirstY + (y * StepY)) * PlaneWidth) + FirstX);
                for (int x = 0; x < OutWidth; x++)
                    to[x * StepX] = from[x];
            }
        }
    }
}
