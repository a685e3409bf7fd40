using System.Numerics;
using System.Text;

namespace ProxProp.Engine.Data;

/// <summary>
/// CIFAR-10 (Krizhevsky) in its binary version: files of 10,000 records, each a label byte and 3,072 pixel bytes, the red plane first, then
/// green, then blue, each 32 rows of 32. Pixels become byte / 255.
/// </summary>
public static class Cifar10
{
    private const int Side = 32;
    private const int Planes = 3;
    private const int Pixels = Planes * Side * Side;
    private const int ClassCount = 10;
    private const int RecordsPerFile = 10_000;
    private const int LongestNameFile = 4096;

    private static readonly string[] s_classNames =
        ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

    /// <summary>
    /// Loads <c>data_batch_1.bin</c> to <c>data_batch_5.bin</c> for training and <c>test_batch.bin</c>, each plain or with ".gz", and the
    /// class names from <c>batches.meta.txt</c> if it is there; from a folder or from "cifar-10-batches-bin" in it.
    /// </summary>
    /// <exception cref="DataFormatException">A file is missing or damaged.</exception>
    public static TrainTest<T> Load<T>(string folder)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Load<T>(folder, RecordsPerFile);

    /// <summary>Loads files of another length, everything else being as in the official ones.</summary>
    internal static TrainTest<T> Load<T>(string folder, int recordsPerFile)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        folder = DataFolder.Find(folder, "cifar-10-batches-bin");
        string[] paths = new string[5];
        for (int i = 0; i < paths.Length; i++)
            paths[i] = DataFolder.FindFile(folder, $"data_batch_{i + 1}.bin");
        string test = DataFolder.FindFile(folder, "test_batch.bin");
        string meta = Path.Combine(folder, "batches.meta.txt");
        IReadOnlyList<string> names = s_classNames;
        if (File.Exists(meta))
        {
            using ByteSource source = ByteSource.Open(meta);
            names = ReadNames(source);
        }

        return new TrainTest<T>(
            LoadFiles<T>(paths, recordsPerFile, names, "CIFAR-10 train"),
            LoadFiles<T>([test], recordsPerFile, names, "CIFAR-10 test"));
    }

    /// <summary>Reads records into the arrays, from record <paramref name="start"/> on, and refuses a file with more or fewer.</summary>
    internal static void ReadRecords(ByteSource source, int start, int records, byte[] pixels, int[] labels)
    {
        Span<byte> label = stackalloc byte[1];
        for (int i = start; i < start + records; i++)
        {
            string what = $"record {i - start} of {records}";
            long at = source.Position;
            source.ReadExactly(label, what);
            if (label[0] >= ClassCount)
                throw new DataFormatException(source.Name, $"byte {at}", $"the label {label[0]}", $"0 to {ClassCount - 1}");
            labels[i] = label[0];
            source.ReadExactly(pixels.AsSpan(i * Pixels, Pixels), what);
        }

        source.ExpectEnd($"{records} records of {Pixels + 1} bytes");
    }

    /// <summary>Reads one file's records into a data set.</summary>
    internal static Dataset<T> Read<T>(ByteSource source, int records, string name)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CheckSize(source, records);
        byte[] pixels = new byte[records * Pixels];
        int[] labels = new int[records];
        ReadRecords(source, 0, records, pixels, labels);
        return new Dataset<T>(name, Planes, Side, Side, s_classNames, pixels, 255, labels);
    }

    /// <summary>Reads the class names: ten lines, blank lines at the end allowed.</summary>
    internal static string[] ReadNames(ByteSource source)
    {
        if (!source.IsCompressed && source.Bound > LongestNameFile)
            throw new DataFormatException(source.Name, "", $"{source.Bound} bytes", $"{ClassCount} lines with class names");
        Span<byte> text = stackalloc byte[LongestNameFile];
        int length = source.Read(text);
        string[] lines = Encoding.UTF8.GetString(text[..length]).TrimEnd().Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            lines[i] = lines[i].Trim();
            if (lines[i].Length == 0)
                throw new DataFormatException(source.Name, $"line {i + 1}", "an empty line", "a class name");
        }

        if (lines.Length != ClassCount)
            throw new DataFormatException(source.Name, "", $"{lines.Length} lines", $"{ClassCount}, a class name in each");
        return lines;
    }

    private static Dataset<T> LoadFiles<T>(string[] paths, int recordsPerFile, IReadOnlyList<string> names, string name)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (string path in paths)
        {
            using ByteSource source = ByteSource.Open(path);
            CheckSize(source, recordsPerFile);
        }

        byte[] pixels = new byte[paths.Length * recordsPerFile * Pixels];
        int[] labels = new int[paths.Length * recordsPerFile];
        for (int i = 0; i < paths.Length; i++)
        {
            using ByteSource source = ByteSource.Open(paths[i]);
            ReadRecords(source, i * recordsPerFile, recordsPerFile, pixels, labels);
        }

        return new Dataset<T>(name, Planes, Side, Side, names, pixels, 255, labels);
    }

    /// <summary>Refuses a file of the wrong length before anything is allocated; a compressed one if it cannot be long enough.</summary>
    private static void CheckSize(ByteSource source, int records)
    {
        long expected = (long)records * (Pixels + 1);
        if (source.IsCompressed ? source.Bound >= expected : source.Bound == expected)
            return;
        string found = source.IsCompressed ? "too few compressed bytes" : $"{source.Bound} bytes";
        throw new DataFormatException(source.Name, "", found, $"{expected} bytes: {records} records of {Pixels + 1}");
    }
}
