using System.Runtime.InteropServices;

namespace ProxProp.Engine.Memory;

/// <summary>
/// Pages of 2 MiB for large memory, where the operating system gives them for the asking: a matrix product walks down columns, each row on a page of its
/// own, and has more of them under way than a processor remembers the places of.
/// </summary>
/// <remarks>
/// Linux's <c>madvise(2)</c> with <c>MADV_HUGEPAGE</c>, a hint: what fails changes nothing. Only pages that lie within the memory are asked for, so that no
/// more is taken from the machine than is touched, to less than a page. Where there is no such function, nothing is asked.
/// </remarks>
internal static unsafe partial class HugePages
{
    private const nuint PageBytes = 2 << 20;
    private const int MadvHugePage = 14;

    private static bool _isThere = OperatingSystem.IsLinux();

    /// <summary>Asks for them, before anything of the memory is touched.</summary>
    /// <param name="start">Where it begins.</param>
    /// <param name="bytes">How much it is.</param>
    public static void Ask(byte* start, long bytes)
    {
        nuint first = ((nuint)start + PageBytes - 1) / PageBytes * PageBytes, end = ((nuint)start + (nuint)bytes) / PageBytes * PageBytes;
        if (first >= end || !_isThere)
            return;
        try
        {
            _ = Advise((void*)first, end - first, MadvHugePage);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            _isThere = false;
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);
}
