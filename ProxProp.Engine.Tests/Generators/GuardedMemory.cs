using System.Runtime.InteropServices;

namespace ProxProp.Engine.Tests.Generators;

/// <summary>Memory that ends where the next page may not be touched: whoever reads or writes behind it ends the process, so use it where that is looked for.</summary>
public sealed unsafe partial class GuardedMemory : IDisposable
{
    private const int None = 0, ReadWrite = 3, PrivateAnonymous = 0x22;

    private readonly byte* _start;
    private readonly nuint _length;

    public GuardedMemory(int bytes)
    {
        nuint page = (nuint)Environment.SystemPageSize;
        nuint body = ((nuint)bytes + page - 1) / page * page;
        _length = body + (2 * page);
        _start = (byte*)Map(null, _length, ReadWrite, PrivateAnonymous, -1, 0);
        if ((nint)_start == -1 || Protect(_start, page, None) != 0 || Protect(_start + page + body, page, None) != 0)
            throw new InvalidOperationException("No memory with guards.");
        Last = _start + page + body;
        First = _start + page;
    }

    /// <summary>The first byte, behind a guard.</summary>
    public byte* First { get; }

    /// <summary>Behind the last byte, where the other guard begins.</summary>
    public byte* Last { get; }

    public static bool IsSupported => OperatingSystem.IsLinux();

    public void Dispose() => _ = Unmap(_start, _length);

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial void* Map(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(void* address, nuint length);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(void* address, nuint length, int protection);
}
