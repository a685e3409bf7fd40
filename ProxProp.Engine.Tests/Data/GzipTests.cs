using System.IO.Compression;
using System.Text;
using ProxProp.Engine.Data;
using ProxProp.Engine.Randomness;
using ProxProp.Engine.Tests.Generators;

namespace ProxProp.Engine.Tests.Data;

/// <summary>A compressed file is read as a whole or refused, wherever it is cut and whatever follows it.</summary>
public sealed class GzipTests
{
    private const string Refusal = "expected a whole gzip stream";

    public static TheoryData<ZLibCompressionStrategy, int, bool> Kinds => new()
    {
        { ZLibCompressionStrategy.Default, 6, false },
        { ZLibCompressionStrategy.Default, 9, true },
        { ZLibCompressionStrategy.Default, 0, false },
        { ZLibCompressionStrategy.Default, 0, true },
        { ZLibCompressionStrategy.Fixed, 6, false },
        { ZLibCompressionStrategy.Fixed, 6, true },
        { ZLibCompressionStrategy.HuffmanOnly, 6, true },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_file_that_is_cut_anywhere_is_refused(ZLibCompressionStrategy strategy, int level, bool flush)
    {
        byte[] member = Compress(Text(0, 40), strategy, level, flush);
        Assert.Equal(40, Rows(member));
        for (int length = 2; length < member.Length; length++)
            Assert.Contains(Refusal, Refused(member[..length]), StringComparison.Ordinal);
    }

    /// <summary>But between its members, where nothing shows that there was another.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_file_of_two_members_that_is_cut_anywhere_is_refused(ZLibCompressionStrategy strategy, int level, bool flush)
    {
        byte[] first = Compress(Text(0, 25), strategy, level, flush);
        byte[] file = [.. first, .. Compress(Text(25, 40), strategy, level, flush)];
        Assert.Equal(40, Rows(file));
        Assert.Equal(25, Rows(file[..first.Length]));
        for (int length = 2; length < file.Length; length++)
        {
            if (length != first.Length)
                Assert.Contains(Refusal, Refused(file[..length]), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)]
    [InlineData(0x1F)]
    [InlineData(0x1F, 0x8B)]
    [InlineData(0x1F, 0x8B, 8)]
    [InlineData(0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3)]
    [InlineData(0x31, 0x2C, 0x32, 0x0A)]
    public void What_follows_the_stream_is_refused(params int[] garbage)
    {
        byte[] member = DataFiles.Gzip(Text(0, 40));
        byte[] end = [.. garbage.Select(value => (byte)value)];
        Assert.Contains(Refusal, Refused([.. member, .. end]), StringComparison.Ordinal);
        Assert.Contains(Refusal, Refused([.. member, .. member, .. end]), StringComparison.Ordinal);
    }

    [Fact]
    public void Idx_and_Cifar_files_that_are_cut_are_refused()
    {
        Generator generator = new(5);
        byte[] idx = DataFiles.Gzip(DataFiles.Idx(generator, 256, 3, 4, 4));
        byte[] cifar = DataFiles.Gzip(DataFiles.Cifar(generator, 2));
        ReadIdx(idx);
        ReadCifar(cifar);
        for (int cut = 1; cut <= 40; cut++)
        {
            Assert.Throws<DataFormatException>(() => ReadIdx(idx[..^cut]));
            Assert.Throws<DataFormatException>(() => ReadCifar(cifar[..^cut]));
        }

        Assert.Throws<DataFormatException>(() => ReadIdx([.. idx, 0]));
        Assert.Throws<DataFormatException>(() => ReadCifar([.. cifar, 0]));
    }

    /// <summary>In steps of every size up to some beyond what is held back, and with members that end about where a buffer does.</summary>
    [Fact]
    public void Every_byte_arrives_in_order()
    {
        Generator generator = new(6);
        for (int length = 8155; length < 8200; length++)
        {
            byte[] text = [.. Enumerable.Range(0, length).Select(_ => (byte)generator.NextInt(256))];
            byte[] member = Compress(text, ZLibCompressionStrategy.Default, level: 0, flush: false);
            Assert.Equal([.. text, .. text], Read([.. member, .. member], 1 + (length % 20)));
            Assert.Equal([.. text, .. text], Read([.. member, .. member], 3000));
        }

        Assert.Empty(Read(Compress([], ZLibCompressionStrategy.Default, 6, flush: false), 10));
    }

    private static byte[] Read(byte[] file, int step)
    {
        using ByteSource source = ByteSource.Of("file", file);
        List<byte> all = [];
        byte[] buffer = new byte[step];
        int read;
        do
        {
            read = source.Read(buffer);
            all.AddRange(buffer.AsSpan(0, read));
        }
        while (read == step);
        Assert.Equal(all.Count, source.Position);
        source.ExpectEnd("all");
        return [.. all];
    }

    private static void ReadIdx(byte[] file)
    {
        using ByteSource source = ByteSource.Of("images", file);
        IdxReader.Read(source, 3);
    }

    private static void ReadCifar(byte[] file)
    {
        using ByteSource source = ByteSource.Of("batch", file);
        Cifar10.Read<float>(source, 2, "batch");
    }

    private static int Rows(byte[] file)
    {
        using ByteSource source = ByteSource.Of("rows.csv.gz", file);
        return CsvDataset.Read<float>(source, "rows", new CsvOptions()).Count;
    }

    private static string Refused(byte[] file) => Assert.Throws<DataFormatException>(() => Rows(file)).Message;

    private static byte[] Text(int start, int end) =>
        Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(start, end - start).Select(row => $"{row},{row * 7919 % 1000}.25,{row % 3}\n")));

    /// <summary>One member; with flushes, of a block for each ten bytes.</summary>
    private static byte[] Compress(byte[] text, ZLibCompressionStrategy strategy, int level, bool flush)
    {
        using MemoryStream stream = new();
        ZLibCompressionOptions options = new() { CompressionLevel = level, CompressionStrategy = strategy };
        using (GZipStream gzip = new(stream, options, leaveOpen: true))
        {
            foreach (byte[] piece in flush ? text.Chunk(10) : [text])
            {
                gzip.Write(piece);
                if (flush)
                    gzip.Flush();
            }
        }

        return stream.ToArray();
    }
}
