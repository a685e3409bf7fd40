using System.Buffers.Binary;
using ProxProp.Engine.Randomness;

namespace ProxProp.Engine.Tests.Generators;

/// <summary>
/// Damages files: bytes flipped, cut, doubled, inserted, whole words replaced by numbers that parsers stumble over, and pieces replaced by
/// tokens of the format's own language. A function of the generator's state, so a failure can be repeated.
/// </summary>
internal sealed class Mutator(params byte[][] tokens)
{
    private static readonly long[] s_numbers =
    [
        0, 1, -1, 2, 7, 8, 255, 256, 32767, 65535, int.MaxValue, int.MinValue, uint.MaxValue, long.MaxValue, long.MinValue, 100_000_000, 100_000_001,
        0x7FFFFFC7, 0x7FFFFFC8, 1L << 40, 1L << 62,
    ];

    /// <summary>The bytes with one to four injuries.</summary>
    public byte[] Mutate(Generator generator, byte[] bytes)
    {
        int injuries = 1 + generator.NextInt(4);
        for (int i = 0; i < injuries; i++)
            bytes = Injure(generator, bytes);
        return bytes;
    }

    private byte[] Injure(Generator generator, byte[] bytes)
    {
        int at = generator.NextInt(bytes.Length + 1);
        int length = Math.Min(bytes.Length - at, 1 + generator.NextInt(generator.NextInt(8) == 0 ? 1 + bytes.Length : 8));
        switch (generator.NextInt(8))
        {
            case 0:
                return [.. bytes.AsSpan(0, at)];
            case 1:
                return Replace(bytes, at, length, []);
            case 2:
                return Replace(bytes, at, 0, bytes.AsSpan(at, length));
            case 3 when tokens.Length > 0:
                return Replace(bytes, at, generator.NextInt(2) * length, tokens[generator.NextInt(tokens.Length)]);
            case 4:
                return Replace(bytes, generator.NextInt(2) == 0 ? 0 : at, Math.Min(bytes.Length - at, 8), Word(generator));
            case 5:
                byte[] more = new byte[1 + generator.NextInt(64)];
                for (int i = 0; i < more.Length; i++)
                    more[i] = (byte)generator.NextInt(256);
                return Replace(bytes, at, 0, more);
            default:
                if (at == bytes.Length)
                    return bytes;
                byte value = (byte)(generator.NextInt(2) == 0 ? bytes[at] ^ (1 << generator.NextInt(8)) : generator.NextInt(256));
                return Replace(bytes, at, 1, [value]);
        }
    }

    private static byte[] Word(Generator generator)
    {
        long number = s_numbers[generator.NextInt(s_numbers.Length)];
        byte[] word = new byte[generator.NextInt(2) == 0 ? 4 : 8];
        if (word.Length == 4 && generator.NextInt(2) == 0)
            BinaryPrimitives.WriteInt32BigEndian(word, unchecked((int)number));
        else if (word.Length == 4)
            BinaryPrimitives.WriteInt32LittleEndian(word, unchecked((int)number));
        else
            BinaryPrimitives.WriteInt64LittleEndian(word, number);
        return word;
    }

    private static byte[] Replace(ReadOnlySpan<byte> bytes, int at, int length, ReadOnlySpan<byte> by)
    {
        length = Math.Min(length, bytes.Length - at);
        return [.. bytes[..at], .. by, .. bytes[(at + length)..]];
    }
}
