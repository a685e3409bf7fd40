
namespace ProxProp.Engine.Data;

/// <summary>Element types of the safetensors format.</summary>
public enum SafetensorsType
{
    /// <summary>Truth value, one byte.</summary>
    Bool,

    /// <summary>Unsigned 8-bit integer.</summary>
    U8,

    /// <summary>Signed 8-bit integer.</summary>
    I8,

    /// <summary>Unsigned 16-bit integer.</summary>
    U16,

    /// <summary>Signed 16-bit integer.</summary>
    I16,

    /// <summary>IEEE 754 half precision.</summary>
    F16,

    /// <summary>The upper half of a single: 8 exponent and 7 fraction bits.</summary>
    BF16,

    /// <summary>Unsigned 32-bit integer.</summary>
    U32,

    /// <summary>Signed 32-bit integer.</summary>
    I32,

    /// <summary>IEEE 754 single precision.</summary>
    F32,

    /// <summary>Unsigned 64-bit integer.</summary>
    U64,

    /// <summary>Signed 64-bit integer.</summary>
    I64,

    /// <summary>IEEE 754 double precision.</summary>
    F64,

    /// <summary>Another, which <see cref="SafetensorsEntry.TypeText"/> names: the tensor is listed, but its values cannot be read.</summary>
    Other,
}

/// <summary>One tensor of a safetensors file, without its data.</summary>
public sealed class SafetensorsEntry
{
    // As a header writes them, in the order of the enumeration.
    private static readonly string[] s_types = ["BOOL", "U8", "I8", "U16", "I16", "F16", "BF16", "U32", "I32", "F32", "U64", "I64", "F64"];

    private readonly long[] _shape;

    internal SafetensorsEntry(string name, SafetensorsType type, string typeText, long[] shape, long start, long end)
    {
        (Name, Type, TypeText, _shape, Start, End) = (name, type, typeText, shape, start, end);
        Count = 1;
        foreach (long size in shape)
            Count *= size;
    }

    /// <summary>Its name, such as "0.weight".</summary>
    public string Name { get; }

    /// <summary>The type its elements are stored in.</summary>
    public SafetensorsType Type { get; }

    /// <summary>The type as the header writes it, such as "F32".</summary>
    public string TypeText { get; }

    /// <summary>Sizes, outermost first; empty for a single number.</summary>
    public ReadOnlySpan<long> Shape => _shape;

    /// <summary>Number of elements: the product of the sizes.</summary>
    public long Count { get; }

    /// <summary>First byte of the data, counted from the end of the header.</summary>
    internal long Start { get; }

    /// <summary>The byte after the data, counted from the end of the header.</summary>
    internal long End { get; }

    /// <summary>The shape as text, such as "[48, 64]".</summary>
    public string ShapeText => $"[{string.Join(", ", _shape)}]";

    /// <inheritdoc/>
    public override string ToString() => $"{Name}: {TypeText} {ShapeText}";

    /// <summary>The type as the header writes it.</summary>
    internal static string TypeName(SafetensorsType type) => s_types[(int)type];

    /// <summary>The type of that name in a header.</summary>
    internal static SafetensorsType TypeOf(string name)
    {
        int index = Array.IndexOf(s_types, name);
        return index < 0 ? SafetensorsType.Other : (SafetensorsType)index;
    }

    /// <summary>Bytes in an element.</summary>
    internal static int SizeOf(SafetensorsType type) => type switch
    {
        SafetensorsType.Bool or SafetensorsType.U8 or SafetensorsType.I8 => 1,
        SafetensorsType.U16 or SafetensorsType.I16 or SafetensorsType.F16 or SafetensorsType.BF16 => 2,
        SafetensorsType.U32 or SafetensorsType.I32 or SafetensorsType.F32 => 4,
        _ => 8,
    };
}
