namespace ProxProp.Engine.Kernels;

// Which pixels a product of two taps sums, along one axis and for stride 1. Under tap t an output pixel o reads input pixel u = o + t·D − P,
// so over all outputs u runs through the window [t·D − P, t·D − P + Outputs). The product of taps t and t + d is, pixel by pixel,
// I(u)·I(u + d·D): it depends on t only through the window. Cutting the axis where windows begin and end makes every window a run of
// consecutive segments, so sums over the segments, each taken once, add up to the sums over all windows, and nothing is ever subtracted.
// A window's end needs no cut where it lies outside the pixels whose partner u + d·D exists: what is added there is zero.
// For the usual "same" padding that leaves 5, 3, 1, 1, 1 segments for |d| = 0 … 4 and a kernel of 5.

/// <summary>One axis of a convolution with stride 1, cut into segments.</summary>
internal readonly record struct ConvolutionAxis(int Size, int Outputs, int Kernel, int Padding, int Dilation)
{
    /// <summary>Room that a list of cuts needs.</summary>
    public int MostCuts => (2 * Kernel) + 2;

    /// <summary>
    /// Fills <paramref name="cuts"/> with the ends of the segments for all tap differences from <paramref name="low"/> to
    /// <paramref name="high"/>: segment i is [cuts[i], cuts[i + 1]).
    /// </summary>
    /// <returns>The number of segments, 0 where no product is ever summed.</returns>
    public int Cut(int low, int high, Span<int> cuts)
    {
        (int first, int end) = (Size, 0);
        for (int d = low; d <= high; d++)
        {
            for (int t = 0; t < Kernel; t++)
            {
                (int from, int to) = Window(t, d);
                if (from < to)
                    (first, end) = (Math.Min(first, from), Math.Max(end, to));
            }
        }

        if (first >= end)
            return 0;
        int count = 0;
        Insert(cuts, ref count, first);
        Insert(cuts, ref count, end);
        for (int d = low; d <= high; d++)
        {
            for (int t = 0; t < Kernel; t++)
            {
                (int from, int to) = Window(t, d);
                if (from >= to)
                    continue;
                if (NeedsFirst(t, d))
                    Insert(cuts, ref count, from);
                if (NeedsEnd(t, d))
                    Insert(cuts, ref count, to);
            }
        }

        return count - 1;
    }

    /// <summary>The segments that make up the window of the taps t and t + d.</summary>
    public (int First, int End) Segments(ReadOnlySpan<int> cuts, int count, int t, int d)
    {
        (int from, int to) = Window(t, d);
        if (from >= to)
            return (0, 0);
        int first = NeedsFirst(t, d) ? cuts.IndexOf(from) : 0;
        return (first, NeedsEnd(t, d) ? cuts.IndexOf(to) : count);
    }

    // Pixels u of the window whose partner u + d·Dilation is a pixel too; empty where t + d is no tap.
    private (int From, int To) Window(int t, int d)
    {
        if (t + d < 0 || t + d >= Kernel)
            return (0, 0);
        int start = (t * Dilation) - Padding;
        return (Math.Max(start, Math.Max(0, -d * Dilation)), Math.Min(start + Outputs, Math.Min(Size, Size - (d * Dilation))));
    }

    private bool NeedsFirst(int t, int d) => (t * Dilation) - Padding > Math.Max(0, -d * Dilation);

    private bool NeedsEnd(int t, int d) => (t * Dilation) - Padding + Outputs < Math.Min(Size, Size - (d * Dilation));

    private static void Insert(Span<int> cuts, ref int count, int value)
    {
        int at = count;
        while (at > 0 && cuts[at - 1] >= value)
            at--;
        if (at < count && cuts[at] == value)
            return;
        cuts[at..count].CopyTo(cuts[(at + 1)..]);
        cuts[at] = value;
        count++;
    }
}
