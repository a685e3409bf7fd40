using System.Buffers.Binary;

namespace ProxProp.Engine.Data;

/// <summary>The contents of an IDX file of bytes.</summary>
/// <param name="Dimensions">Sizes, outermost first.</param>
/// <param name="Data">The bytes, row-major; as many as the product of the sizes.</param>
public readonly record struct IdxArray(IReadOnlyList<int> Dimensions, byte[] Data);

/// <summary>
/// Reads IDX files, the format of MNIST: two zero bytes, the element type (8, unsigned byte, is the one that is read), the number of
/// dimensions, their sizes as big-endian 32-bit integers, then the data. Plain, or compressed by gzip.
/// </summary>
public static class IdxReader
{
    private const byte UnsignedByte = 8;

    /// <summary>Reads a file.</summary>
    /// <param name="path">Path of the file; recognised as gzip by its contents.</param>
    /// <param name="dimensions">The number of dimensions it must have, 1 to 4.</param>
    /// <exception cref="DataFormatException">The file is missing or damaged, or not such a file.</exception>
    public static IdxArray Read(string path, int dimensions)
    {
        using ByteSource source = ByteSource.Open(path);
        return Read(source, dimensions);
    }

    internal static IdxArray Read(ByteSource source, int dimensions)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dimensions, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(dimensions, 4);
        Span<byte> magic = stackalloc byte[4];
        source.ReadExactly(magic, "IDX magic");
        if (magic[0] != 0 || magic[1] != 0 || magic[2] != UnsignedByte || magic[3] != dimensions)
        {
            string expected = $"the IDX magic 0x0000080{dimensions} (unsigned bytes, {dimensions} dimensions)";
            throw new DataFormatException(source.Name, "byte 0", $"0x{Convert.ToHexString(magic)}", expected);
        }

        int[] sizes = new int[dimensions];
        Span<byte> word = stackalloc byte[4];
        long count = 1;
        for (int i = 0; i < dimensions; i++)
        {
            string place = $"byte {source.Position}";
            source.ReadExactly(word, "IDX size");
            sizes[i] = BinaryPrimitives.ReadInt32BigEndian(word);
            if (sizes[i] <= 0)
                throw new DataFormatException(source.Name, place, $"the size {sizes[i]}", "1 or more");
            count *= sizes[i];
            if (count > Array.MaxLength)
                throw new DataFormatException(source.Name, place, $"sizes whose product is at least {count}", $"at most {Array.MaxLength}");
        }

        byte[] data = source.ReadArray(count, "data");
        source.ExpectEnd($"{count} bytes of data");
        return new IdxArray(sizes, data);
    }
}
