// Castagnoli's polynomial 0x1EDC6F41, reflected, as in iSCSI (RFC 3720): the one that processors have an instruction for. Finds all
// bursts of up to 32 bits and all errors of up to 3 bits in files of up to 256 MiB.
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace ProxProp.Engine.Data;

/// <summary>A 32-bit checksum of a sequence of bytes.</summary>
internal struct Crc32C
{
    private uint _value;

    /// <summary>The checksum of all bytes so far.</summary>
    public readonly uint Value => _value;

    /// <summary>Appends bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Append(ReadOnlySpan<byte> bytes)
    {
        // The register starts as all ones, and the checksum is its complement.
        uint register = ~_value;
        while (bytes.Length >= sizeof(ulong))
        {
            register = BitOperations.Crc32C(register, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (byte b in bytes)
            register = BitOperations.Crc32C(register, b);
        _value = ~register;
    }

    /// <summary>Appends a number.</summary>
    public void Append(long value) => Append(MemoryMarshal.AsBytes(new ReadOnlySpan<long>(in value)));

    /// <summary>Appends a text with its length in front, so that texts cannot run into each other.</summary>
    public void Append(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Append(bytes.LongLength);
        Append(bytes);
    }
}
