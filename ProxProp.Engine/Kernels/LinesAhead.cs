using System.Runtime.CompilerServices;

namespace ProxProp.Engine.Kernels;

/// <summary>The cache lines of a few rows, fetched into the second-level cache a few at a time while something else is computed.</summary>
internal unsafe struct LinesAhead<T>
    where T : unmanaged
{
    private const int Line = 64;
    private readonly nint _rowStep, _rowBytes;
    private byte* _row;
    private nint _at;
    private int _rows;

    /// <summary>The lines of so many rows of so many elements.</summary>
    public LinesAhead(T* source, nint rowStep, int rows, int length)
    {
        _row = (byte*)source;
        _rowStep = rowStep * sizeof(T);
        _rows = rows;
        _rowBytes = (nint)length * sizeof(T);
        // The last byte of each line's worth: a line that is cut by the row's beginning was fetched with its left neighbour.
        _at = (_rowBytes - 1) % Line;
        Count = rows * (int)((_rowBytes + Line - 1) / Line);
    }

    /// <summary>Number of lines.</summary>
    public int Count { get; }

    /// <summary>Fetches the next few.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Fetch(int lines)
    {
        for (; lines > 0 && _rows > 0; lines--)
        {
            Prefetch.ToSecondLevel(_row + _at);
            _at += Line;
            if (_at < _rowBytes)
                continue;
            _at = (_rowBytes - 1) % Line;
            _row += _rowStep;
            _rows--;
        }
    }
}
