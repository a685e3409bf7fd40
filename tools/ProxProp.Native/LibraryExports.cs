using System.Runtime.InteropServices;
using System.Text;
using ProxProp.Engine.Simd;

namespace ProxProp.Native;

/// <summary>Version and errors. Contracts of all exported functions: proxprop.h.</summary>
internal static unsafe class LibraryExports
{
    private const int AbiVersion = 1;

    private static readonly nint VersionText = Marshal.StringToCoTaskMemUTF8(
        $"{ProductVersion.Text} ({(SimdSupport.Widest == SimdWidth.Scalar ? "scalar" : $"{(int)SimdSupport.Widest}-bit")})");

    [UnmanagedCallersOnly(EntryPoint = "proxprop_abi_version")]
    public static int GetAbiVersion() => AbiVersion;

    [UnmanagedCallersOnly(EntryPoint = "proxprop_version")]
    public static nint GetVersion() => VersionText;

    [UnmanagedCallersOnly(EntryPoint = "proxprop_last_error")]
    public static nuint GetLastError(byte* buffer, nuint size)
    {
        byte[] text = Encoding.UTF8.GetBytes(LastError.Text);
        if (buffer != null && size > 0)
        {
            int copied = (int)Math.Min((nuint)text.Length, size - 1);
            text.AsSpan(0, copied).CopyTo(new Span<byte>(buffer, copied));
            buffer[copied] = 0;
        }

        return (nuint)text.Length;
    }
}
