using ProxProp.Engine.Data;
using ProxProp.Engine.Randomness;
using ProxProp.Engine.Tests.Generators;

namespace ProxProp.Engine.Tests.Data;

/// <summary>Every kind of bad file, each with its message: the file, the place, what was found and what was expected.</summary>
public sealed class MessageTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(new byte[0], "byte 0: found the end of the file 0 bytes further on; expected 4 bytes of IDX magic.")]
    [InlineData(new byte[] { 0, 0, 13, 3, 0, 0, 0, 1 }, "byte 0: found 0x00000D03; expected the IDX magic 0x00000803 (unsigned bytes, 3 dimensions).")]
    [InlineData(new byte[] { 0, 0, 8, 3, 0, 0 }, "byte 4: found the end of the file 2 bytes further on; expected 4 bytes of IDX size.")]
    [InlineData(new byte[] { 0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1 }, "byte 4: found the size 0; expected 1 or more.")]
    [InlineData(new byte[] { 0, 0, 8, 3, 0, 0, 0, 1, 255, 255, 255, 255, 0, 0, 0, 1 }, "byte 8: found the size -1; expected 1 or more.")]
    [InlineData(
        new byte[] { 0, 0, 8, 3, 0x7F, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1 },
        "byte 8: found sizes whose product is at least 4261412864; expected at most 2147483591.")]
    [InlineData(
        new byte[] { 0, 0, 8, 3, 0x7F, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 9 },
        "byte 16: found the end of the file 1 bytes further on; expected 2130706432 bytes of data.")]
    [InlineData(new byte[] { 0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 9 }, "byte 16: found the end of the file 1 bytes further on; expected 2 bytes of data.")]
    [InlineData(new byte[] { 0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9, 9, 9 }, "byte 17: found 2 more bytes; expected the end of the file after 1 bytes of data.")]
    public void Idx(byte[] bytes, string message)
    {
        string path = _folder.Add("images", bytes);
        Expect($"{path}, {message}", () => IdxReader.Read(path, 3));
    }

    [Fact]
    public void Mnist_counts_that_do_not_match()
    {
        string images = _folder.Add("images", DataFiles.Idx(new Generator(1), 256, 3, 2, 2));
        string labels = _folder.Add("labels", DataFiles.Idx(new Generator(1), 10, 4));
        Expect($"{labels}, byte 4: found 4 labels; expected 3, one for each image of {images}.", () => Mnist.LoadPair<float>(images, labels));
    }

    [Fact]
    public void Mnist_label_out_of_range()
    {
        byte[] bytes = DataFiles.Idx(new Generator(1), 10, 3);
        bytes[9] = 10;
        string images = _folder.Add("images", DataFiles.Idx(new Generator(1), 256, 3, 2, 2));
        string labels = _folder.Add("labels", bytes);
        Expect($"{labels}, byte 9: found the label 10; expected 0 to 9.", () => Mnist.LoadPair<float>(images, labels));
    }

    [Fact]
    public void Mnist_files_and_folders_that_are_missing()
    {
        Expect(
            $"{_folder.Path}: found none of the names looked for; expected train-images-idx3-ubyte or train-images.idx3-ubyte (plain or with .gz).",
            () => Mnist.Load<float>(_folder.Path));
        string missing = _folder.File("nowhere");
        Expect($"{missing}: found no such folder; expected a folder with the data set's files.", () => Mnist.Load<float>(missing));
        string file = _folder.Add("file", "");
        Expect($"{file}: found a file; expected a folder with the data set's files.", () => Mnist.Load<float>(file));
    }

    [Fact]
    public void Mnist_parts_of_different_size()
    {
        AddMnist("train", 5, 4, 4);
        AddMnist("t10k", 2, 3, 4);
        Expect($"{_folder.Path}: found test images of 3x4; expected 4x4, as the training images are.", () => Mnist.Load<float>(_folder.Path));
    }

    [Fact]
    public void Gzip_that_is_cut_or_damaged()
    {
        byte[] whole = DataFiles.Gzip(DataFiles.Idx(new Generator(1), 256, 50, 4, 4));
        string cut = _folder.Add("cut.gz", whole[..^20]);
        Assert.StartsWith(cut, Assert.Throws<DataFormatException>(() => IdxReader.Read(cut, 3)).Message, StringComparison.Ordinal);
        whole[^5] ^= 1;
        string damaged = _folder.Add("damaged.gz", whole);
        string message = Assert.Throws<DataFormatException>(() => IdxReader.Read(damaged, 3)).Message;
        Assert.Contains("expected a whole gzip stream.", message);
    }

    /// <summary>A small compressed file that declares two gigabytes is refused before they are allocated.</summary>
    [Fact]
    public void Gzip_that_cannot_hold_what_it_declares()
    {
        byte[] bytes = DataFiles.Gzip([0, 0, 8, 1, 0x7F, 0, 0, 0, 1, 2, 3]);
        string path = _folder.Add("bomb.gz", bytes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        string message = Assert.Throws<DataFormatException>(() => IdxReader.Read(path, 1)).Message;
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 512 * 1024);
        Assert.Contains("expected 2130706432 bytes of data.", message);
    }

    [Fact]
    public void Cifar()
    {
        const int Records = 10;
        const int Size = Records * 3073;
        ExpectLoad($"{_folder.Path}: found none of the names looked for; expected data_batch_1.bin (plain or with .gz).");
        byte[] batch = DataFiles.Cifar(new Generator(1), Records);
        for (int i = 1; i <= 5; i++)
            _folder.Add($"data_batch_{i}.bin", batch);
        ExpectLoad($"{_folder.Path}: found none of the names looked for; expected test_batch.bin (plain or with .gz).");
        string test = _folder.Add("test_batch.bin", batch[..^1]);
        ExpectLoad($"{test}: found {Size - 1} bytes; expected {Size} bytes: {Records} records of 3073.");
        _folder.Add("test_batch.bin", [.. batch, 0]);
        ExpectLoad($"{test}: found {Size + 1} bytes; expected {Size} bytes: {Records} records of 3073.");
        batch[3073 * 7] = 10;
        _folder.Add("test_batch.bin", batch);
        ExpectLoad($"{test}, byte 21511: found the label 10; expected 0 to 9.");
        string meta = _folder.Add("batches.meta.txt", "airplane\ncat\n");
        ExpectLoad($"{meta}: found 2 lines; expected 10, a class name in each.");
        Expect(
            $"{_folder.File("data_batch_1.bin")}: found {Size} bytes; expected 30730000 bytes: 10000 records of 3073.",
            () =>
            {
                File.Delete(meta);
                Cifar10.Load<float>(_folder.Path);
            });

        void ExpectLoad(string message) => Expect(message, () => Cifar10.Load<float>(_folder.Path, Records));
    }

    [Fact]
    public void Cifar_files_that_are_right_are_read_in_order()
    {
        byte[][] batches = [.. Enumerable.Range(0, 6).Select(i => DataFiles.Cifar(new Generator((ulong)i), 2))];
        for (int i = 0; i < 5; i++)
            _folder.Add($"data_batch_{i + 1}.bin", batches[i]);
        _folder.Add("test_batch.bin.gz", DataFiles.Gzip(batches[5]));
        _folder.Add("batches.meta.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n");
        (Dataset<double> train, Dataset<double> test) = Cifar10.Load<double>(_folder.Path, 2);
        Assert.Equal((10, 2, "j"), (train.Count, test.Count, train.ClassNames[9]));
        double[] image = new double[3072];
        for (int i = 0; i < 12; i++)
        {
            byte[] record = batches[i / 2][((i % 2) * 3073)..(((i % 2) * 3073) + 3073)];
            Dataset<double> part = i < 10 ? train : test;
            part.CopyRange(i % 10, 1, image, []);
            Assert.Equal(record[0], part.Labels[i % 10]);
            Assert.Equal(record.Skip(1).Select(pixel => pixel / 255.0), image);
        }
    }

    [Theory]
    [InlineData("", ": found an empty file; expected at least one sample.")]
    [InlineData("\n \n", ": found blank lines only; expected at least one sample.")]
    [InlineData("a,b,label\n", ": found no line with data; expected at least one sample.")]
    [InlineData("1\n2\n", ": found no column but the label's, with fields separated by ','; expected at least one feature.")]
    [InlineData("1,2,0\n1,0\n", ", line 2, column 2: found the end of the line; expected 3 fields, as in the first line.")]
    [InlineData("1,2,0\n\n1,2,3,0\n", ", line 3, column 4: found one more field; expected 3 fields, as in the first line.")]
    [InlineData("1,2,0\n1,x,0\n", ", line 2, column 2: found 'x'; expected a number.")]
    [InlineData("1,2,0\n1,,0\n", ", line 2, column 2: found an empty field; expected a number.")]
    [InlineData("1,2,0\nNaN,2,0\n", ", line 2, column 1: found 'NaN'; expected a finite number.")]
    [InlineData("1,2,0\n1,-Infinity,0\n", ", line 2, column 2: found '-Infinity'; expected a finite number.")]
    [InlineData("1,2,0\n1,1e999,0\n", ", line 2, column 2: found '1e999'; expected a finite number.")]
    [InlineData("1,2,0\n1,2,\n", ", line 2, column 3: found an empty label; expected a class of 1 to 256 bytes.")]
    [InlineData("1,2,0\n1,\"2,0\n", ", line 2, column 2: found a quote that does not close on its line; expected a closing quote.")]
    [InlineData("1,2,0\n1,\"2\"3,0\n", ", line 2, column 2: found '3,0' after a closing quote; expected the separator or the end of the line.")]
    public void Csv(string text, string message)
    {
        string path = _folder.Add("data.csv", text);
        Expect(path + message, () => CsvDataset.Load<float>(path));
    }

    [Fact]
    public void Csv_that_does_not_fit_the_options()
    {
        string path = _folder.Add("data.csv", "a,b,c\n1,2,0\n1,3,5\n");
        Expect($"{path}, line 1: found no column 'd'; expected a header that names the label column.", () => Load(new() { Label = CsvLabel.Named("d") }));
        Expect($"{path}, line 1: found 3 columns; expected a label in column 8.", () => Load(new() { Label = CsvLabel.At(7) }));
        Expect($"{path}: found 2 feature columns; expected 1x8x8.", () => Load(new() { Shape = (1, 8, 8) }));
        Expect($"{path}: found 2 feature columns; expected 5, as in the given scaling.", () => Load(new() { Scaling = FeatureScaling.Uniform(5, 0, 1) }));
        Expect($"{path}, line 3, column 3: found the label '5'; expected one of the 2 known classes.", () => Load(new() { ClassNames = ["0", "1"] }));
        Assert.Throws<ArgumentException>(() => Load(new() { Header = false, Label = CsvLabel.Named("a") }));
        Assert.Throws<ArgumentException>(() => Load(new() { Separator = '5' }));
        Assert.Throws<ArgumentException>(() => Load(new() { ClassNames = ["1", "01"] }));
        void Load(CsvOptions options) => CsvDataset.Load<float>(path, options);
    }

    [Fact]
    public void Csv_number_too_large_for_the_type()
    {
        string path = _folder.Add("data.csv", "1e300,0\n");
        CsvOptions raw = new() { Scaling = FeatureScaling.Uniform(1, 0, 1) };
        Expect($"{path}, line 1, column 1: found '1e300'; expected a number that after normalisation fits Single.", () => CsvDataset.Load<float>(path, raw));
        Assert.Equal(1, CsvDataset.Load<double>(path, raw).Count);
    }

    [Fact]
    public void Files_that_cannot_be_opened()
    {
        string missing = _folder.File("missing.csv");
        Expect($"{missing}: found no such file; expected a file to read.", () => CsvDataset.Load<float>(missing));
        Expect($"{missing}: found no such file; expected a file to read.", () => SafetensorsReader.Open(missing));
        Expect($"{_folder.Path}: found a folder; expected a file.", () => SafetensorsReader.Open(_folder.Path));
    }

    private const string X = "\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";

    [Theory]
    [InlineData("[]", 0, "byte 8: found the byte 0x5B; expected '{', which begins the header.")]
    [InlineData("", 0, "byte 8: found an empty header; expected '{', which begins the header.")]
    [InlineData("{\"x\":1}", 0, "byte 13: found Number; expected an object for the tensor 'x'.")]
    [InlineData("{" + X + "," + X + "}", 8, "found the tensor 'x' again; expected every name once.")]
    [InlineData("{" + X + "}", 7, "byte 62: found 7 bytes of data; expected 8, as the header says.")]
    [InlineData("{" + X + "}", 9, "byte 62: found 9 bytes of data; expected 8, as the header says.")]
    [InlineData("{\"x\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8, "found 8 bytes of data for 'x'; expected 12 bytes for F32 [3].")]
    [InlineData("{\"x\":{\"dtype\":\"F31\",\"shape\":[13,5],\"data_offsets\":[0,8]}}", 8, "found 8 bytes of data for 'x'; expected at least 9 bytes for F31 [13, 5].")]
    [InlineData("{\"x\":{\"dtype\":\"F31\",\"shape\":[2],\"data_offsets\":[0,8]}}", 9, "found 9 bytes of data; expected 8, as the header says.")]
    [InlineData(
        "{\"x\":{\"dtype\":\"F31\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,8]}}", 8,
        "found 8 bytes of data for 'x'; expected more than any file's bytes for F31 [4611686018427387904, 4].")]
    [InlineData("{\"x\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8, "found Number in the shape of 'x'; expected whole numbers from 0 up, of 63 bits.")]
    [InlineData("{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8, "found data_offsets [8, 0] of 'x'; expected two ascending numbers.")]
    [InlineData("{\"x\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "found the tensor 'x' incomplete; expected dtype, shape and data_offsets.")]
    [InlineData("{\"x\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", 8, "found the field 'dtype' of tensor 'x'; expected dtype, shape and data_offsets, each once.")]
    [InlineData(
        "{\"x\":{\"dtype\":\"F64\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,0]}}", 0,
        "found 0 bytes of data for 'x'; expected more than any file's bytes for F64 [4611686018427387904, 4].")]
    [InlineData("{" + X + ",\"y\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]}}", 8, "found the tensor 'y' at offset 4, which overlaps the tensor before it; expected offset 8.")]
    [InlineData("{" + X + ",\"y\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[9,13]}}", 13, "found the tensor 'y' at offset 9, which leaves a gap before it; expected offset 8.")]
    [InlineData("{\"__metadata__\":{\"a\":1}}", 0, "found Number; expected a string for the metadata 'a'.")]
    [InlineData("{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", 0, "found the metadata 'a' again; expected every name once.")]
    [InlineData("{\"x\":{\"dtype\":[[[[]]]]}}", 0, "found StartArray; expected a type's name.")]
    [InlineData("{\"x\":{\"shape\":[[[[]]]]}}", 0, "found what is no JSON (The maximum configured depth of 3 has been exceeded")]
    [InlineData("{\"\\ud800\":1}", 0, "found what is no JSON (")]
    public void Safetensors(string header, int dataLength, string message)
    {
        DataFormatException e = Assert.Throws<DataFormatException>(() => SafetensorsReader.Open("file", DataFiles.Safetensors(header, dataLength)));
        Assert.StartsWith("file, ", e.Message, StringComparison.Ordinal);
        Assert.Contains(message, e.Message);
    }

    [Theory]
    [InlineData(new byte[] { 1, 0, 0, 0, 0, 0, 0 }, "file, byte 0: found a file of 7 bytes; expected a safetensors file, which starts with its header's length.")]
    [InlineData(new byte[] { 2, 0, 0, 0, 0, 0, 0, 0, 123 }, "file, byte 0: found a header length of 2 in a file of 9 bytes; expected at most 1.")]
    [InlineData(new byte[] { 255, 255, 255, 255, 255, 255, 255, 255, 123 }, "file, byte 0: found a header length of 18446744073709551615; expected at most 100000000.")]
    public void Safetensors_lengths(byte[] bytes, string message) => Expect(message, () => SafetensorsReader.Open("file", bytes));

    [Fact]
    public void Safetensors_that_do_not_hold_what_is_asked_for()
    {
        SafetensorsWriter writer = new();
        writer.Add<double>("big", [1], (ReadOnlySpan<double>)[1e300]);
        writer.Add<long>("step", [1], (ReadOnlySpan<long>)[1]);
        using MemoryStream stream = new();
        writer.Write(stream);
        SafetensorsReader reader = SafetensorsReader.Open("file", stream.ToArray());
        Expect("file: found no tensor 'weight'; expected it.", () => reader.Find("weight"));
        Expect("file: found the tensor 'step' of type I64; expected F64, F32, F16 or BF16.", () => reader.Read<float>("step", new float[1]));
        Expect("file: found the tensor 'big' of type F64; expected I64, I32 or U8.", () => reader.ReadIntegers("big", new long[1]));
        Expect("file, element 0 of 'big': found 1E+300; expected a number that fits Single.", () => reader.Read<float>("big", new float[1]));
        string message = Assert.Throws<ArgumentException>(() => reader.Read<float>("big", new float[2])).Message;
        Assert.StartsWith("The destination has 2 elements; the tensor 'big' [1] of file has 1.", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Control_characters_stay_out_of_messages() =>
        Assert.Equal("a?b, byte 1: found ?; expected ?x.", new DataFormatException("a\nb", "byte 1", "\u001b", "\rx").Message);

    private static void Expect(string message, Action load) => Assert.Equal(message, Assert.Throws<DataFormatException>(load).Message);

    private void AddMnist(string part, int count, int height, int width)
    {
        _folder.Add($"{part}-images-idx3-ubyte", DataFiles.Idx(new Generator(1), 256, count, height, width));
        _folder.Add($"{part}-labels.idx1-ubyte.gz", DataFiles.Gzip(DataFiles.Idx(new Generator(2), 10, count)));
    }
}
