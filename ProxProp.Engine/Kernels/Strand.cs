using System.Runtime.InteropServices;

namespace ProxProp.Engine.Kernels;

/// <summary>What a strand of work has made ready. Each has cache lines of its own.</summary>
[StructLayout(LayoutKind.Sequential, Size = 128)]
internal struct Strand
{
    /// <summary>In which half of its memory the panels of its next item are.</summary>
    public int Half;

    /// <summary>Whose panels those are: the number of the block, from 1 on, and of the item.</summary>
    public int ReadyBlock, ReadyItem;
}
