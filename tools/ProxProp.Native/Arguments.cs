using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;

namespace ProxProp.Native;

/// <summary>Checks of what comes from outside.</summary>
internal static unsafe class Arguments
{
    /// <summary>A buffer as a span.</summary>
    /// <exception cref="ArgumentException">It is null, or longer than a span can be.</exception>
    public static Span<T> Buffer<T>(T* start, nuint length, string argument)
        where T : unmanaged
    {
        if (start == null && length != 0)
            throw new ArgumentException($"'{argument}' is null; expected {length} elements.");
        if (length > int.MaxValue)
            throw new ArgumentException($"'{argument}' has {length} elements; expected at most {int.MaxValue}.");
        return new Span<T>(start, (int)length);
    }

    /// <summary>A text that ends in 0.</summary>
    /// <exception cref="ArgumentException">It is null, empty or not UTF-8.</exception>
    public static string Text(byte* text, string argument)
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text);
        if (bytes.IsEmpty)
            throw new ArgumentException($"'{argument}' is null or empty; expected a text in UTF-8 that ends in 0.");
        if (!Utf8.IsValid(bytes))
            throw new ArgumentException($"'{argument}' has bytes that are not UTF-8; expected a text in UTF-8 that ends in 0.");
        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>Where a result goes.</summary>
    /// <exception cref="ArgumentException">It is null.</exception>
    public static void Output(void* output, string argument)
    {
        if (output == null)
            throw new ArgumentException($"'{argument}' is null; expected a place for the result.");
    }

    /// <summary>A structure whose first member is its size.</summary>
    /// <exception cref="ArgumentException">It is null, or smaller than this version's.</exception>
    public static ref T Structure<T>(T* structure, string argument)
        where T : unmanaged
    {
        Output(structure, argument);
        uint size = *(uint*)structure;
        if (size < sizeof(T))
            throw new ArgumentException($"'{argument}' has the size {size}; expected at least {sizeof(T)}, set before the call.");
        return ref Unsafe.AsRef<T>(structure);
    }
}
