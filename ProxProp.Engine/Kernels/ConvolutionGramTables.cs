namespace ProxProp.Engine.Kernels;

// S has for each dy ≥ 0 the columns (dx, c'), in blocks of 48 with column cuts of their own: only differences near 0 need all of them. 48 is whole in
// vectors of every width, so the segments, and with them the sums, are the same for all widths.
// The sums of a group lie block by block, in a block segment by segment, in a segment channel by channel; last those of the column of ones.

/// <summary>The segments of one block of columns, and where their pixels and sums begin.</summary>
internal readonly unsafe struct ConvolutionSegments(int* table, int mostRowCuts)
{
    /// <summary>Integers before the cuts.</summary>
    public const int Fields = 4;

    /// <summary>Row segments.</summary>
    public int Rows => table[0];

    /// <summary>Column segments.</summary>
    public int Columns => table[1];

    /// <summary>Where the list of pixels has those of the first segment; the others follow, rows outer, columns inner.</summary>
    public int FirstPixel => table[2];

    /// <summary>Where a group has the sums of the first segment.</summary>
    public int FirstSum => table[3];

    /// <summary>Row segment i is [cuts[i], cuts[i + 1]).</summary>
    public Span<int> RowCuts => new(table + Fields, Rows + 1);

    /// <summary>The same of the columns.</summary>
    public Span<int> ColumnCuts => new(table + Fields + mostRowCuts, Columns + 1);

    /// <summary>Pixels of a segment.</summary>
    public int Pixels(int row, int column)
    {
        int* rows = table + Fields + row, columns = table + Fields + mostRowCuts + column;
        return (rows[1] - rows[0]) * (columns[1] - columns[0]);
    }
}

/// <summary>Which segments each block of columns has, for the sums of a Gram matrix of a convolution.</summary>
internal unsafe struct ConvolutionGramTables
{
    /// <summary>Columns that share their cuts.</summary>
    public const int BlockColumns = 48;

    private const int Lanes = 16;
    private readonly ConvolutionShape _shape;
    private readonly ConvolutionAxis _axisY, _axisX;
    private int* _tables;

    /// <summary>Measures them; they are there once they have been filled.</summary>
    public ConvolutionGramTables(in ConvolutionShape s)
    {
        _shape = s;
        _axisY = new ConvolutionAxis(s.Height, s.OutputHeight, s.KernelHeight, s.PaddingY, s.DilationY);
        _axisX = new ConvolutionAxis(s.Width, s.OutputWidth, s.KernelWidth, s.PaddingX, s.DilationX);
        Span<int> rows = stackalloc int[_axisY.MostCuts];
        Span<int> columns = stackalloc int[_axisX.MostCuts];
        for (int dy = 0; dy < s.KernelHeight; dy++)
        {
            int rowCount = _axisY.Cut(dy, dy, rows);
            for (int block = 0; block < Blocks(dy); block++)
            {
                int columnCount = CutColumns(dy, block, columns);
                ChannelSumLength = dy + block == 0 ? (long)rowCount * columnCount * Padded(s.Channels) : ChannelSumLength;
                SumLength += (long)rowCount * columnCount * s.Channels * RowStep(dy, block);
                if (rowCount > 0 && columnCount > 0)
                    Pixels += (long)(rows[rowCount] - rows[0]) * (columns[columnCount] - columns[0]);
            }
        }
    }

    /// <summary>Elements of a group's sums, without those of the column of ones.</summary>
    public readonly long SumLength { get; }

    /// <summary>Elements of a group's sums for the column of ones, which are those over the segments of dy = 0, block 0.</summary>
    public readonly long ChannelSumLength { get; }

    /// <summary>Pixels of all segments.</summary>
    public readonly long Pixels { get; }

    /// <summary>Integers that the tables take.</summary>
    public readonly int Length => _shape.KernelHeight * Blocks(_shape.KernelHeight - 1) * Step;

    private readonly int Step => ConvolutionSegments.Fields + _axisY.MostCuts + _axisX.MostCuts;

    /// <summary>Writes the tables.</summary>
    /// <param name="memory">Room for as many integers as they take.</param>
    public void Fill(int* memory)
    {
        _tables = memory;
        (int pixel, int sum) = (0, 0);
        for (int dy = 0; dy < _shape.KernelHeight; dy++)
        {
            for (int block = 0; block < Blocks(dy); block++)
            {
                int* table = Table(dy, block);
                int* cuts = table + ConvolutionSegments.Fields;
                int rows = _axisY.Cut(dy, dy, new Span<int>(cuts, _axisY.MostCuts));
                int columns = CutColumns(dy, block, new Span<int>(cuts + _axisY.MostCuts, _axisX.MostCuts));
                (table[0], table[1], table[2], table[3]) = (rows, columns, pixel, sum);
                sum += rows * columns * _shape.Channels * RowStep(dy, block);
                for (int row = 0; row < rows; row++)
                {
                    for (int column = 0; column < columns; column++)
                        pixel += Segments(dy, block).Pixels(row, column);
                }
            }
        }
    }

    /// <summary>The segments of a block.</summary>
    public readonly ConvolutionSegments Segments(int dy, int block) => new(Table(dy, block), _axisY.MostCuts);

    /// <summary>The least dx of the columns at this dy: half the plane of differences is enough.</summary>
    public readonly int LeastDx(int dy) => dy == 0 ? 0 : 1 - _shape.KernelWidth;

    /// <summary>Columns at this dy.</summary>
    public readonly int Columns(int dy) => (_shape.KernelWidth - LeastDx(dy)) * _shape.Channels;

    /// <summary>Blocks of them.</summary>
    public readonly int Blocks(int dy) => (Columns(dy) + BlockColumns - 1) / BlockColumns;

    /// <summary>Columns of a block.</summary>
    public readonly int Width(int dy, int block) => Math.Min(BlockColumns, Columns(dy) - (block * BlockColumns));

    /// <summary>From a channel's sums in a segment to the next one's.</summary>
    public readonly int RowStep(int dy, int block) => Padded(Width(dy, block));

    /// <summary>Where a group has a channel's sums of a segment.</summary>
    public readonly long SumAt(int dy, int block, int row, int column, int channel)
    {
        ConvolutionSegments segments = Segments(dy, block);
        long segment = (row * segments.Columns) + column;
        return segments.FirstSum + (((segment * _shape.Channels) + channel) * RowStep(dy, block));
    }

    /// <summary>Where a group has the sums of the channels over a segment of dy = 0, block 0.</summary>
    public readonly long ChannelSumAt(int row, int column) =>
        SumLength + (((row * Segments(0, 0).Columns) + column) * Padded(_shape.Channels));

    /// <summary>The row segments of a window.</summary>
    public readonly (int First, int End) RowSegments(int dy, int ty)
    {
        ConvolutionSegments segments = Segments(dy, 0);
        return _axisY.Segments(segments.RowCuts, segments.Rows, ty, dy);
    }

    /// <summary>The column segments of a window, as seen by a block of columns.</summary>
    public readonly (int First, int End) ColumnSegments(int dy, int block, int tx, int dx)
    {
        ConvolutionSegments segments = Segments(dy, block);
        return _axisX.Segments(segments.ColumnCuts, segments.Columns, tx, dx);
    }

    private static int Padded(int columns) => (columns + Lanes - 1) / Lanes * Lanes;

    private readonly int* Table(int dy, int block) => _tables + (((dy * Blocks(_shape.KernelHeight - 1)) + block) * Step);

    private readonly int CutColumns(int dy, int block, Span<int> cuts)
    {
        int first = block * BlockColumns / _shape.Channels;
        int last = ((block * BlockColumns) + Width(dy, block) - 1) / _shape.Channels;
        return _axisX.Cut(LeastDx(dy) + first, LeastDx(dy) + last, cuts);
    }
}
