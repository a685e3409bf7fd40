using System.Runtime.InteropServices;

namespace ProxProp.Engine.Parallel;

/// <summary>
/// Items that follow each other: whoever they belong to takes them from the first on, others from the last. Each share has cache lines of its own.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 128)]
internal struct WorkShare
{
    // First item and end together, so that they change together.
    [FieldOffset(64)]
    private long _range;

    /// <summary>Shares out so many items among all.</summary>
    public static void Divide(int items, Span<WorkShare> shares)
    {
        for (int i = 0; i < shares.Length; i++)
            shares[i].Set(Begin(items, i, shares.Length), Begin(items, i + 1, shares.Length));
    }

    /// <summary>Takes the next item of one share or, when it has none left, the last of another that has more than are spared; −1 if none has.</summary>
    public static int Take(Span<WorkShare> shares, int own, int spared = 0)
    {
        int item = shares[own].TakeFirst();
        for (int other = 1; item < 0 && other < shares.Length; other++)
            item = shares[(own + other) % shares.Length].TakeLast(spared);
        return item;
    }

    /// <summary>Where the share of one worker begins, if all get the same number of items, or nearly.</summary>
    public static int Begin(int items, int worker, int workers) => (int)((long)items * worker / workers);

    /// <summary>Makes it the items from one up to another.</summary>
    public void Set(int first, int end) => Volatile.Write(ref _range, Range(first, end));

    /// <summary>Takes the first; −1 if there is none.</summary>
    public int TakeFirst() => Take(fromEnd: false, spared: 0);

    /// <summary>Takes the last; −1 if there are no more than are spared.</summary>
    public int TakeLast(int spared = 0) => Take(fromEnd: true, spared);

    private int Take(bool fromEnd, int spared)
    {
        for (long seen = Volatile.Read(ref _range); ;)
        {
            int first = (int)(seen >> 32), end = (int)seen;
            if (end - first <= spared)
                return -1;
            long before = Interlocked.CompareExchange(ref _range, fromEnd ? Range(first, end - 1) : Range(first + 1, end), seen);
            if (before == seen)
                return fromEnd ? end - 1 : first;
            seen = before;
        }
    }

    private static long Range(int first, int end) => ((long)first << 32) | (uint)end;
}
