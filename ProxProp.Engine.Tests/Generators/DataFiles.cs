using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using ProxProp.Engine.Data;
using ProxProp.Engine.Randomness;

namespace ProxProp.Engine.Tests.Generators;

/// <summary>Builds small files in the formats the engine reads.</summary>
internal static class DataFiles
{
    /// <summary>An IDX file with the given sizes and random bytes below <paramref name="bound"/>.</summary>
    public static byte[] Idx(Generator generator, int bound, params int[] sizes)
    {
        int count = sizes.Aggregate(1, (product, size) => product * size);
        byte[] bytes = new byte[4 + (4 * sizes.Length) + count];
        bytes[2] = 8;
        bytes[3] = (byte)sizes.Length;
        for (int i = 0; i < sizes.Length; i++)
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(4 + (4 * i)), sizes[i]);
        for (int i = bytes.Length - count; i < bytes.Length; i++)
            bytes[i] = (byte)generator.NextInt(bound);
        return bytes;
    }

    /// <summary>CIFAR-10 records: a label below 10, then 3,072 random bytes.</summary>
    public static byte[] Cifar(Generator generator, int records)
    {
        byte[] bytes = new byte[records * 3073];
        for (int i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)generator.NextInt(i % 3073 == 0 ? 10 : 256);
        return bytes;
    }

    /// <summary>A CSV file of numbers in several notations, with or without a header, labels whole numbers or text.</summary>
    public static byte[] Csv(Generator generator, int rows, int features)
    {
        StringBuilder text = new();
        string lineEnd = generator.NextInt(4) == 0 ? "\r\n" : "\n";
        bool words = generator.NextInt(2) == 0;
        if (generator.NextInt(2) == 0)
            text.AppendJoin(',', Enumerable.Range(0, features).Select(i => $"x{i}")).Append(",label").Append(lineEnd);
        for (int row = 0; row < rows; row++)
        {
            for (int i = 0; i < features; i++)
                text.Append(Number(generator)).Append(',');
            int label = generator.NextInt(3);
            text.Append(words ? new[] { "cat", "dog", "\"a, \"\"b\"\"\"" }[label] : label.ToString()).Append(lineEnd);
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>A safetensors file with a few tensors of several types.</summary>
    public static byte[] Safetensors(Generator generator)
    {
        SafetensorsWriter writer = new();
        if (generator.NextInt(2) == 0)
            writer.SetMetadata("about", "a test");
        int tensors = generator.NextInt(4);
        for (int i = 0; i < tensors; i++)
        {
            int rows = generator.NextInt(4);
            long[] shape = [rows, 3];
            switch (generator.NextInt(4))
            {
                case 0:
                    writer.Add<float>($"{i}.weight", shape, (ReadOnlySpan<float>)new float[rows * 3]);
                    break;
                case 1:
                    writer.Add<double>($"{i}.bias", shape, (ReadOnlySpan<double>)new double[rows * 3]);
                    break;
                case 2:
                    writer.Add<long>($"{i}.step", [rows * 3], (ReadOnlySpan<long>)new long[rows * 3]);
                    break;
                default:
                    writer.Add<byte>($"{i}.bytes", [1, rows, 3], (ReadOnlySpan<byte>)new byte[rows * 3]);
                    break;
            }
        }

        using MemoryStream stream = new();
        writer.Write(stream);
        return stream.ToArray();
    }

    /// <summary>A safetensors file with a header of one's own.</summary>
    public static byte[] Safetensors(string header, int dataLength)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        byte[] bytes = new byte[8 + json.Length + dataLength];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, json.Length);
        json.CopyTo(bytes, 8);
        return bytes;
    }

    /// <summary>
    /// A safetensors file whose header is well-formed and whose tensors nearly fit: now and then one is moved, stretched, doubled or of another
    /// type than its size says, or the data are a little too long or short.
    /// </summary>
    public static byte[] SafetensorsPuzzle(Generator generator)
    {
        string[] types = ["F64", "F32", "F16", "I64", "I32", "U8", "BOOL", "F8_E4M3"];
        int[] sizes = [8, 4, 2, 8, 4, 1, 1, 1];
        List<string> tensors = [];
        long offset = 0;
        int count = generator.NextInt(5);
        for (int i = 0; i < count; i++)
        {
            int type = generator.NextInt(types.Length);
            int rows = generator.NextInt(3);
            int columns = 1 + generator.NextInt(3);
            offset = Math.Max(0, offset + Slip(generator));
            long start = offset + Slip(generator);
            long end = offset + (rows * columns * sizes[type]) + Slip(generator);
            string name = generator.NextInt(20) == 0 ? "twice" : $"t{i}";
            tensors.Add($"\"{name}\":{{\"dtype\":\"{types[type]}\",\"shape\":[{rows},{columns}],\"data_offsets\":[{start},{end}]}}");
            offset += rows * columns * sizes[type];
        }

        string[] order = [.. tensors];
        generator.Shuffle<string>(order);
        return Safetensors("{" + string.Join(',', order) + "}", (int)Math.Max(0, offset + Slip(generator)));

        static int Slip(Generator generator) => generator.NextInt(12) == 0 ? generator.NextInt(17) - 8 : 0;
    }

    /// <summary>The bytes as a gzip file.</summary>
    public static byte[] Gzip(byte[] bytes)
    {
        using MemoryStream stream = new();
        using (GZipStream gzip = new(stream, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(bytes);
        return stream.ToArray();
    }

    private static string Number(Generator generator) => generator.NextInt(6) switch
    {
        0 => generator.NextInt(17).ToString(),
        1 => (generator.NextInt(2000) - 1000).ToString(),
        2 => generator.NextDouble().ToString("R"),
        3 => generator.NextNormal().ToString("E3"),
        4 => $" {generator.NextInt(100)}.5 ",
        _ => $"\"{generator.NextInt(100)}\"",
    };
}
