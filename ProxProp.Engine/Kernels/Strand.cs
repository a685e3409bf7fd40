namespace ProxProp.Engine.Kernels;

/// <summary>A worker's share of the items of a block, from which others may take when they have done theirs, and what it has made ready.</summary>
internal struct Strand
{
    /// <summary>In which half of its memory the panels of its next item are.</summary>
    public int Half;

    /// <summary>Whose panels those are: the number of the block, from 1 on, and of the item.</summary>
    public (int Block, int Item) Ready;

    // First item and end, together, so that they change together.
    private long _share;

    /// <summary>Gives it the items from one up to another.</summary>
    public void Share(int first, int end) => Volatile.Write(ref _share, Pair(first, end));

    /// <summary>Takes one of them; −1 if there is none left.</summary>
    /// <param name="fromEnd">Whether it is the last, or the first.</param>
    public int Take(bool fromEnd)
    {
        for (long seen = Volatile.Read(ref _share); ;)
        {
            int first = (int)(seen >> 32), end = (int)seen;
            if (first >= end)
                return -1;
            long before = Interlocked.CompareExchange(ref _share, fromEnd ? Pair(first, end - 1) : Pair(first + 1, end), seen);
            if (before == seen)
                return fromEnd ? end - 1 : first;
            seen = before;
        }
    }

    private static long Pair(int first, int end) => ((long)first << 32) | (uint)end;
}
