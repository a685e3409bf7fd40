using System.Runtime.CompilerServices;

namespace ProxProp.Engine.Kernels;

/// <summary>The rows of a panel of B that lie as the panel wants them, copied into it a few at a time while something else is computed.</summary>
internal unsafe struct RowsAhead<T>
    where T : unmanaged
{
    private readonly nint _step;
    private T* _from, _to;
    private int _left;

    /// <summary>So many rows.</summary>
    public RowsAhead(T* from, nint rowStep, int rows, T* to)
    {
        _from = from;
        _step = rowStep;
        _left = rows;
        _to = to;
    }

    /// <summary>Rows that have not been copied.</summary>
    public readonly int Left => _left;

    /// <summary>Copies the next few.</summary>
    /// <param name="rows">How many.</param>
    /// <param name="columns">Elements of a row; a constant at each call site, so that a copy is a few vector moves.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Copy(int rows, int columns)
    {
        rows = Math.Min(rows, _left);
        _left -= rows;
        for (; rows > 0; rows--)
        {
            Unsafe.CopyBlockUnaligned(_to, _from, (uint)(columns * sizeof(T)));
            _from += _step;
            _to += columns;
        }
    }
}
