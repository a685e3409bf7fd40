using System.Numerics;

namespace ProxProp.Engine.Data;

/// <summary>
/// MNIST (LeCun and Cortes), and sets in its format: grey images with labels 0 to 9 in IDX files, plain or compressed. Pixels become
/// byte / 255.
/// </summary>
public static class Mnist
{
    private const int ClassCount = 10;
    private static readonly string[] s_classNames = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

    /// <summary>
    /// Loads <c>train-images-idx3-ubyte</c>, <c>train-labels-idx1-ubyte</c>, <c>t10k-images-idx3-ubyte</c> and <c>t10k-labels-idx1-ubyte</c>
    /// (or the same with a dot before "idx"), each plain or with ".gz", from a folder or from "MNIST/raw" in it.
    /// </summary>
    /// <exception cref="DataFormatException">A file is missing or damaged, or the files do not fit together.</exception>
    public static TrainTest<T> Load<T>(string folder)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        folder = DataFolder.Find(folder, Path.Combine("MNIST", "raw"));
        Dataset<T> train = LoadPart<T>(folder, "train", "MNIST train");
        Dataset<T> test = LoadPart<T>(folder, "t10k", "MNIST test");
        if (train.Height != test.Height || train.Width != test.Width)
        {
            string found = $"test images of {test.Height}x{test.Width}";
            throw new DataFormatException(folder, "", found, $"{train.Height}x{train.Width}, as the training images are");
        }

        return new TrainTest<T>(train, test);
    }

    /// <summary>Loads one pair of files.</summary>
    /// <param name="imagesPath">An IDX file of bytes with three dimensions: images, rows, columns.</param>
    /// <param name="labelsPath">An IDX file of bytes with one dimension, each 0 to 9.</param>
    /// <param name="name">What to call the data set.</param>
    /// <exception cref="DataFormatException">A file is missing or damaged, or the two do not fit together.</exception>
    public static Dataset<T> LoadPair<T>(string imagesPath, string labelsPath, string name = "MNIST")
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(imagesPath);
        ArgumentNullException.ThrowIfNull(labelsPath);
        ArgumentNullException.ThrowIfNull(name);
        using ByteSource images = ByteSource.Open(imagesPath);
        using ByteSource labels = ByteSource.Open(labelsPath);
        return Read<T>(images, labels, name);
    }

    internal static Dataset<T> Read<T>(ByteSource images, ByteSource labels, string name)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        IdxArray label = IdxReader.Read(labels, 1);
        IdxArray image = IdxReader.Read(images, 3);
        if (label.Dimensions[0] != image.Dimensions[0])
        {
            string expected = $"{image.Dimensions[0]}, one for each image of {images.Name}";
            throw new DataFormatException(labels.Name, "byte 4", $"{label.Dimensions[0]} labels", expected);
        }

        const int HeaderBytes = 8;
        int[] classes = ReadLabels(label.Data, labels.Name, HeaderBytes);
        return new Dataset<T>(name, 1, image.Dimensions[1], image.Dimensions[2], s_classNames, image.Data, 255, classes);
    }

    private static int[] ReadLabels(byte[] bytes, string file, int headerBytes)
    {
        int[] labels = new int[bytes.Length];
        for (int i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] >= ClassCount)
                throw new DataFormatException(file, $"byte {headerBytes + i}", $"the label {bytes[i]}", $"0 to {ClassCount - 1}");
            labels[i] = bytes[i];
        }

        return labels;
    }

    private static Dataset<T> LoadPart<T>(string folder, string part, string name)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        string images = DataFolder.FindFile(folder, $"{part}-images-idx3-ubyte", $"{part}-images.idx3-ubyte");
        string labels = DataFolder.FindFile(folder, $"{part}-labels-idx1-ubyte", $"{part}-labels.idx1-ubyte");
        return LoadPair<T>(images, labels, name);
    }
}
