using System.Runtime.CompilerServices;

namespace ProxProp.Engine.Kernels;

/// <summary>The cache lines of a few rows, fetched into the second-level cache a few at a time while something else is computed.</summary>
internal unsafe struct LinesAhead<T>
    where T : unmanaged
{
    private const int Line = Prefetch.LineBytes;
    private readonly nint _step, _wrap;
    private readonly int _group;
    private byte* _at;
    private int _left, _rest;

    /// <summary>The lines of so many rows of so many elements, row after row.</summary>
    public LinesAhead(T* source, nint rowStep, int rows, int length)
    {
        nint bytes = (nint)length * sizeof(T);
        _group = _left = (int)((bytes + Line - 1) / Line);
        _step = Line;
        _wrap = (rowStep * sizeof(T)) - ((_group - 1) * Line);
        // The last byte of each line's worth: a line that is cut by the row's beginning was fetched with its left neighbour.
        _at = (byte*)source + ((bytes - 1) % Line);
        Count = _rest = rows * _group;
    }

    private LinesAhead(T* source, nint rowStep, int rows, nint lines)
    {
        _group = _left = rows;
        _step = rowStep * sizeof(T);
        _wrap = Line - ((rows - 1) * _step);
        _at = (byte*)source + Line - 1;
        Count = _rest = (int)(rows * lines);
    }

    /// <summary>Number of lines.</summary>
    public int Count { get; }

    /// <summary>The lines of so many rows of so many elements: the first line of each row, then the second of each, and so on.</summary>
    public static LinesAhead<T> AcrossRows(T* source, nint rowStep, int rows, int length) =>
        new(source, rowStep, rows, ((nint)length * sizeof(T) + Line - 1) / Line);

    /// <summary>Fetches the next few.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Fetch(int lines)
    {
        lines = Math.Min(lines, _rest);
        _rest -= lines;
        for (; lines > 0; lines--)
        {
            Prefetch.ToSecondLevel(_at);
            if (--_left > 0)
            {
                _at += _step;
                continue;
            }

            _at += _wrap;
            _left = _group;
        }
    }
}
