using System.Runtime.InteropServices;
using ProxProp.Engine.Parallel;

namespace ProxProp.Engine.Kernels;

/// <summary>A strand of work: its share of the items of a block, and what it has made ready. Each has cache lines of its own.</summary>
[StructLayout(LayoutKind.Sequential, Size = 128)]
internal struct Strand
{
    /// <summary>The items.</summary>
    public WorkShare Share;

    /// <summary>In which half of its memory the panels of its next item are.</summary>
    public int Half;

    /// <summary>Whose panels those are: the number of the block, from 1 on, and of the item.</summary>
    public int ReadyBlock, ReadyItem;
}
