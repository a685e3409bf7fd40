using System.Numerics;
using ProxProp.Engine.Parallel;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

// AᵀA of a convolution of any stride: a few rows of A at a time are written out, [row][(c,ky,kx), then 1 for the bias], and the register tile
// sums their outer products over the upper triangle.
//
// The panel is a few hundred rows of A, small enough for the second-level cache; the whole of A is never in memory. The batch falls into groups,
// their number set by the batch and the shape alone; each group sums into a triangle of its own and the groups are added in order.
// Remainder rule: the last vector of a row sums columns of the panel that are zero and is dropped past the end.

/// <summary>Geometry, operands and working memory of one Gram matrix by panels of im2col rows.</summary>
internal unsafe struct ConvolutionPanelGram<T> : IWidthAction<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Lanes = 16;
    private const int Slack = 4 * Lanes;
    private const int MostGroups = 16;
    private const int FewestGroups = 2;
    private const double PartialElements = 1 << 21;
    private const int PanelElements = 1 << 16;
    private const int LeastPanelRows = 16;
    private const int MostPanelRows = 512;

    private ConvolutionShape _shape;
    private WorkerTeam _team;
    private T* _input, _panels, _partials, _target;
    private int* _offsets;
    private int _batch, _groups, _imagesPerGroup, _panelRows, _columns, _padded, _targetStride;
    private long _panelLength;

    public static ConvolutionPanelGram<T> Plan(
        ComputeContext context, in ConvolutionShape s, int batch, bool withBias, ref ScratchCursor<T> cursor)
    {
        ConvolutionPanelGram<T> plan = default;
        (plan._shape, plan._batch, plan._team) = (s, batch, context.Team);
        plan._columns = s.WeightsPerFilter + (withBias ? 1 : 0);
        plan._padded = (plan._columns + Lanes - 1) / Lanes * Lanes;
        int groups = (int)Math.Clamp(PartialElements / ((double)plan._columns * plan._padded), FewestGroups, MostGroups);
        plan._imagesPerGroup = Math.Max(1, (batch + groups - 1) / groups);
        plan._groups = Math.Max(1, (batch + plan._imagesPerGroup - 1) / plan._imagesPerGroup);
        plan._panelRows = Math.Clamp(PanelElements / plan._padded, LeastPanelRows, MostPanelRows);
        plan._panelLength = ((long)plan._panelRows * plan._padded) + Slack;
        plan._offsets = cursor.TakeIntegers(plan._panelRows);
        plan._panels = cursor.Take(context.Team.Workers * plan._panelLength);
        // Room for as many groups as any smaller batch may have: a batch of 64 can make 16 groups where one of 100 makes 15.
        int roomFor = Math.Clamp(batch, 1, groups);
        plan._partials = cursor.Take((long)roomFor * plan._columns * plan._padded);
        return plan;
    }

    public void Run(SimdWidth width, T* input, T* target, int targetStride)
    {
        _input = input;
        _target = target;
        _targetStride = targetStride;
        for (int row = 0; row < _panelRows; row++)
            _offsets[row] = row * _padded;
        new Span<T>(_panels, checked((int)(_team.Workers * _panelLength))).Clear();
        FittingWidth.Run<ConvolutionPanelGram<T>, T>(width, Math.Max(1, (2 * _columns) - 1), ref this);
    }

    public void Run<V>()
        where V : unmanaged, ISimd<V, T>
    {
        var sum = new SumJob<V> { Plan = this };
        _team.Run(_groups, ref sum);
        var add = new AddJob { Plan = this };
        _team.Run(_columns, ref add);
    }

    private readonly T* Partial(int group) => _partials + ((long)group * _columns * _padded);

    private struct SumJob<V> : IParallelJob
        where V : unmanaged, ISimd<V, T>
    {
        public ConvolutionPanelGram<T> Plan;

        public readonly void Execute(int item, int worker)
        {
            int pixels = Plan._shape.OutputPixels;
            long first = (long)item * Plan._imagesPerGroup * pixels;
            long end = Math.Min(Plan._batch, (item + 1L) * Plan._imagesPerGroup) * pixels;
            T* panel = Plan._panels + (worker * Plan._panelLength);
            if (first >= end)
                new Span<T>(Plan.Partial(item), Plan._columns * Plan._padded).Clear();
            for (long row = first; row < end; row += Plan._panelRows)
            {
                int rows = (int)Math.Min(Plan._panelRows, end - row);
                for (int i = 0; i < rows; i++)
                    Plan.WriteRow(row + i, panel + ((long)i * Plan._padded));
                Plan.Accumulate<V>(panel, rows, Plan.Partial(item), row != first);
            }
        }
    }

    private readonly void WriteRow(long row, T* to)
    {
        (long n, long p) = Math.DivRem(row, _shape.OutputPixels);
        int y = ((int)p / _shape.OutputWidth * _shape.StrideY) - _shape.PaddingY;
        int x = ((int)p % _shape.OutputWidth * _shape.StrideX) - _shape.PaddingX;
        T* image = _input + (n * _shape.InputLength);
        for (int c = 0; c < _shape.Channels; c++, image += _shape.InputPixels)
        {
            for (int ky = 0; ky < _shape.KernelHeight; ky++)
            {
                int tapY = y + (ky * _shape.DilationY);
                for (int kx = 0; kx < _shape.KernelWidth; kx++)
                {
                    int tapX = x + (kx * _shape.DilationX);
                    bool inside = (uint)tapY < (uint)_shape.Height && (uint)tapX < (uint)_shape.Width;
                    *to++ = inside ? image[(tapY * _shape.Width) + tapX] : T.Zero;
                }
            }
        }

        if (_columns > _shape.WeightsPerFilter)
            *to = T.One;
    }

    private readonly void Accumulate<V>(T* panel, int rows, T* sums, bool accumulate)
        where V : unmanaged, ISimd<V, T>
    {
        int vectors = (_columns + V.Count - 1) / V.Count;
        ConvolutionTile<T> tile = default;
        tile.Offsets = _offsets;
        tile.Steps = rows;
        tile.Images = 1;
        tile.RowStep = _padded;
        tile.ARowStep = 1;
        for (int v = 0, width; v < vectors; v += width)
        {
            width = ConvolutionKernel.TileWidth(vectors - v);
            int column = v * V.Count;
            int endRow = Math.Min(_columns, column + (width * V.Count));
            tile.B0 = panel + column;
            tile.B1 = tile.B0 + V.Count;
            tile.B2 = tile.B1 + V.Count;
            for (int row = 0; row < endRow; row += tile.Rows)
            {
                tile.Rows = ConvolutionKernel.RowsOf<V, T>(_columns - row);
                tile.A = panel + row;
                tile.C0 = sums + ((long)row * _padded) + column;
                tile.C1 = tile.C0 + V.Count;
                tile.C2 = tile.C1 + V.Count;
                ConvolutionKernel.Run<LeftByOffset, V, T>(width, tile, accumulate, bias: null, relu: false);
            }
        }
    }

    // One row of the upper triangle, groups ascending, and its mirror image.
    private struct AddJob : IParallelJob
    {
        public ConvolutionPanelGram<T> Plan;

        public readonly void Execute(int item, int worker)
        {
            for (int column = item; column < Plan._columns; column++)
            {
                T sum = Plan.Partial(0)[((long)item * Plan._padded) + column];
                for (int group = 1; group < Plan._groups; group++)
                    sum += Plan.Partial(group)[((long)item * Plan._padded) + column];
                Plan._target[((long)item * Plan._targetStride) + column] = sum;
                Plan._target[((long)column * Plan._targetStride) + item] = sum;
            }
        }
    }
}
