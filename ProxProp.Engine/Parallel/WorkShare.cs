namespace ProxProp.Engine.Parallel;

/// <summary>Items that follow each other: whoever they belong to takes them from the first on, others from the last.</summary>
internal struct WorkShare
{
    // First item and end together, so that they change together.
    private long _range;

    /// <summary>Where the share of one worker begins, if all get the same number of items, or nearly.</summary>
    public static int Begin(int items, int worker, int workers) => (int)((long)items * worker / workers);

    /// <summary>Makes it the items from one up to another.</summary>
    public void Set(int first, int end) => Volatile.Write(ref _range, Range(first, end));

    /// <summary>Takes the first; −1 if there is none.</summary>
    public int TakeFirst() => Take(fromEnd: false);

    /// <summary>Takes the last; −1 if there is none.</summary>
    public int TakeLast() => Take(fromEnd: true);

    private int Take(bool fromEnd)
    {
        for (long seen = Volatile.Read(ref _range); ;)
        {
            int first = (int)(seen >> 32), end = (int)seen;
            if (first >= end)
                return -1;
            long before = Interlocked.CompareExchange(ref _range, fromEnd ? Range(first, end - 1) : Range(first + 1, end), seen);
            if (before == seen)
                return fromEnd ? end - 1 : first;
            seen = before;
        }
    }

    private static long Range(int first, int end) => ((long)first << 32) | (uint)end;
}
