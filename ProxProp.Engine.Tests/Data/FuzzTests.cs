using System.Text;
using ProxProp.Engine.Data;
using ProxProp.Engine.Randomness;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Data;

/// <summary>Generated inputs for every reader; see <see cref="FuzzLoop"/>.</summary>
public sealed class FuzzTests
{
    /// <summary>A reader's own fixed costs: exceptions with their traces, a stream, a table of pixel values.</summary>
    private const int Constant = 32 * 1024;

    /// <summary>On top of that, what a decompressor keeps.</summary>
    private const int GzipConstant = 256 * 1024;

    private static readonly Mutator s_plain = new();

    private static readonly Mutator s_json = new(
        [.. new[]
        {
            "{", "}", "[", "]", "\"", ",", ":", "null", "true", "-1", "0", "1e2", "1.5", "9223372036854775807", "9223372036854775808", "18446744073709551616",
            "\"dtype\":\"F32\",", "\"shape\":[2],", "\"data_offsets\":[0,8]", "\"__metadata__\":{\"a\":\"b\"},", "\"x\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]},",
            "\"x\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},", "[[[[[[[[", "{\"a\":{\"a\":{\"a\":{\"a\":", "\\ud800", "\\u0000", "F64", "BOOL", "Bf16", " ", "\t",
            "[4611686018427387904,4]", "[0,4611686018427387904,8]",
        }.Select(Encoding.UTF8.GetBytes)]);

    private static readonly Mutator s_csv = new(
        [.. new[]
        {
            ",", ",,", "\n", "\r\n", "\r", "\"", "\"\"", " ", "\t", ";", "NaN", "Infinity", "-Infinity", "1e999", "1e308", "-1e308", "1e-400", "0x10", "1_000", "1,5", "-", "+1", ".",
            "\uFEFF", "\0", "é", "99999999999999999999", "0.1e-5", "cat", "\n\n\n", "1,2,3,4\n",
        }.Select(Encoding.UTF8.GetBytes)]);

    [Fact]
    public void Safetensors_reader_accepts_exactly_what_an_independent_one_does() => FuzzLoop.Run(
        MakeSafetensors,
        input => ReadSafetensors(input),
        (input, accepted) =>
        {
            Dictionary<string, SafetensorsOracle.Tensor>? expected = SafetensorsOracle.Parse(input);
            Assert.Equal(expected is not null, accepted);
            if (expected is not null)
                Compare(expected, input);
        },
        bytesPerByte: 16,
        Constant);

    [Fact]
    public void Idx_reader_accepts_exactly_the_files_that_are_as_long_as_they_say() => FuzzLoop.Run(
        generator => Damage(generator, s_plain, DataFiles.Idx(generator, 256, 1 + generator.NextInt(4), 1 + generator.NextInt(5), 1 + generator.NextInt(5))),
        input =>
        {
            using ByteSource source = ByteSource.Of("fuzz", input);
            IdxArray array = IdxReader.Read(source, 3);
            Assert.Equal(array.Data.Length, array.Dimensions.Aggregate(1, (product, size) => product * size));
        },
        (input, accepted) =>
        {
            bool header = input.Length > 16 && input.AsSpan(0, 4).SequenceEqual((ReadOnlySpan<byte>)[0, 0, 8, 3]);
            bool fits = header && input.Chunk(4).Skip(1).Take(3).All(word => word[0] < 128)
                && input.Chunk(4).Skip(1).Take(3).Aggregate((Int128)1, (product, word) => product * BitConverter.ToInt32([.. word.Reverse()])) == input.Length - 16;
            Assert.Equal(fits, accepted);
        },
        bytesPerByte: 1,
        Constant);

    [Fact]
    public void Mnist_reader_survives() => FuzzLoop.Run(
        generator =>
        {
            int rows = 1 + generator.NextInt(5);
            byte[] images = DataFiles.Idx(generator, 256, rows, 3, 3);
            byte[] labels = DataFiles.Idx(generator, 10, rows);
            bool which = generator.NextInt(2) == 0;
            images = which ? Damage(generator, s_plain, images) : images;
            labels = which ? labels : Damage(generator, s_plain, labels);
            return [(byte)labels.Length, .. labels, .. images];
        },
        input =>
        {
            using ByteSource labels = ByteSource.Of("labels", input[1..(1 + input[0])]);
            using ByteSource images = ByteSource.Of("images", input[(1 + input[0])..]);
            Check(Mnist.Read<float>(images, labels, "fuzz"));
        },
        null,
        bytesPerByte: 16,
        Constant);

    [Fact]
    public void Compressed_idx_reader_survives() => FuzzLoop.Run(
        generator =>
        {
            byte[] idx = DataFiles.Idx(generator, 256, 1 + generator.NextInt(4), 4, 4);
            bool inside = generator.NextInt(2) == 0;
            return inside ? DataFiles.Gzip(Damage(generator, s_plain, idx)) : Damage(generator, s_plain, DataFiles.Gzip(idx));
        },
        input =>
        {
            using ByteSource source = ByteSource.Of("fuzz", input);
            IdxReader.Read(source, 3);
        },
        null,
        bytesPerByte: 1,
        GzipConstant);

    [Fact]
    public void Cifar_reader_accepts_exactly_whole_records_with_labels_below_ten() => FuzzLoop.Run(
        generator => Damage(generator, s_plain, DataFiles.Cifar(generator, 1 + generator.NextInt(2))),
        input =>
        {
            using ByteSource source = ByteSource.Of("fuzz", input);
            Check(Cifar10.Read<float>(source, Math.Max(1, input.Length / 3073), "fuzz"));
        },
        (input, accepted) =>
        {
            bool gzip = input is [0x1F, 0x8B, ..];
            bool whole = input.Length > 0 && input.Length % 3073 == 0 && input.Chunk(3073).All(record => record[0] < 10);
            Assert.Equal(whole && !gzip, accepted);
        },
        bytesPerByte: 1,
        3073 + Constant);

    [Fact]
    public void Csv_reader_survives() => FuzzLoop.Run(
        generator => Damage(generator, s_csv, DataFiles.Csv(generator, 1 + generator.NextInt(6), 1 + generator.NextInt(4))),
        input =>
        {
            using ByteSource source = ByteSource.Of("fuzz", input);
            Check(CsvDataset.Read<float>(source, "fuzz", new CsvOptions()));
        },
        null,
        bytesPerByte: 48,
        Constant);

    [Fact]
    public void Class_names_reader_survives() => FuzzLoop.Run(
        generator => Damage(generator, s_csv, Encoding.UTF8.GetBytes("a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n")),
        input =>
        {
            using ByteSource source = ByteSource.Of("fuzz", input);
            Assert.Equal(10, Cifar10.ReadNames(source).Length);
        },
        null,
        bytesPerByte: 64,
        Constant);

    /// <summary>One input in sixteen stays whole.</summary>
    private static byte[] Damage(Generator generator, Mutator mutator, byte[] bytes) =>
        generator.NextInt(16) == 0 ? bytes : mutator.Mutate(generator, bytes);

    /// <summary>
    /// In turn: tensors that do not quite fit; damage anywhere; damage to the header's text, with its length mended so that it is got to see.
    /// </summary>
    private static byte[] MakeSafetensors(Generator generator)
    {
        if (generator.NextInt(3) == 0)
            return DataFiles.SafetensorsPuzzle(generator);
        byte[] whole = DataFiles.Safetensors(generator);
        if (generator.NextInt(2) == 0)
            return Damage(generator, s_json, whole);
        int length = (int)BitConverter.ToInt64(whole);
        byte[] json = Damage(generator, s_json, whole[8..(8 + length)]);
        return [.. BitConverter.GetBytes((long)json.Length), .. json, .. whole[(8 + length)..]];
    }

    private static SafetensorsReader ReadSafetensors(byte[] input)
    {
        SafetensorsReader reader = SafetensorsReader.Open("fuzz", input);
        foreach (SafetensorsEntry entry in reader.Entries)
        {
            if (entry.Type is SafetensorsType.F32 or SafetensorsType.F64 or SafetensorsType.F16 or SafetensorsType.BF16)
                reader.Read<double>(entry.Name, new double[entry.Count]);
            else if (entry.Type is SafetensorsType.U8 or SafetensorsType.I32 or SafetensorsType.I64)
                reader.ReadIntegers(entry.Name, new long[entry.Count]);
        }

        return reader;
    }

    private static void Compare(Dictionary<string, SafetensorsOracle.Tensor> expected, byte[] input)
    {
        using SafetensorsReader reader = ReadSafetensors(input);
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), reader.Entries.Select(entry => entry.Name).Order(StringComparer.Ordinal));
        foreach ((string name, SafetensorsOracle.Tensor tensor) in expected)
        {
            SafetensorsEntry entry = reader.Find(name);
            Assert.Equal(tensor.Type, entry.TypeText);
            Assert.Equal(SafetensorsOracle.IsKnown(tensor.Type), entry.Type != SafetensorsType.Other);
            Assert.Equal(tensor.Shape, entry.Shape.ToArray());
            if (entry.Type != SafetensorsType.F64)
                continue;
            double[] values = new double[entry.Count];
            reader.Read<double>(name, values);
            Assert.Equal(tensor.Data, System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
        }
    }

    /// <summary>Whatever is accepted is whole: every row can be read, every number is finite and in the unit interval, every label a class.</summary>
    private static void Check(Dataset<float> dataset)
    {
        Assert.True(dataset.Count > 0);
        Span<float> row = stackalloc float[4096];
        for (int i = 0; i < dataset.Count; i++)
        {
            dataset.CopyRange(i, 1, row, []);
            if (row[..dataset.Features].ContainsAnyExceptInRange(0f, 1f) || (uint)dataset.Labels[i] >= (uint)dataset.Classes)
                Assert.Fail($"Row {i} is out of range.");
        }
    }
}
