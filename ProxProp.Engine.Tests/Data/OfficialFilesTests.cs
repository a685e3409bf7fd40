using ProxProp.Engine.Data;

namespace ProxProp.Engine.Tests.Data;

/// <summary>MNIST and CIFAR-10 themselves, where the environment variable PROXPROP_DATA names a folder that has them in mnist and cifar10.</summary>
public sealed class OfficialFilesTests
{
    private static string Folder(string name)
    {
        string? folder = Environment.GetEnvironmentVariable("PROXPROP_DATA");
        Assert.SkipWhen(string.IsNullOrEmpty(folder), $"PROXPROP_DATA names no folder with {name}.");
        string path = Path.Combine(folder!, name);
        Assert.SkipUnless(Directory.Exists(path), $"There is no folder {name} in PROXPROP_DATA.");
        return path;
    }

    [Fact]
    public void Mnist_is_all_there()
    {
        (Dataset<float> train, Dataset<float> test) = Mnist.Load<float>(Folder("mnist"));
        Assert.Equal((60_000, 10_000, 28, 28, 1), (train.Count, test.Count, train.Height, train.Width, train.Channels));
        Assert.Equal([5, 0, 4, 1, 9, 2, 1, 3, 1, 4], train.Labels[..10].ToArray());
        Assert.Equal([7, 2, 1, 0, 4, 1, 4, 9, 5, 9], test.Labels[..10].ToArray());
        Assert.Equal([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949], Counts(train));
        Assert.Equal(0.13066, Mean(train), 5);
    }

    [Fact]
    public void Cifar_is_all_there()
    {
        string folder = Folder("cifar10");
        Assert.SkipUnless(File.Exists(Path.Combine(folder, "test_batch.bin")), "The folder cifar10 has no test_batch.bin.");
        (Dataset<float> train, Dataset<float> test) = Cifar10.Load<float>(folder);
        Assert.Equal((50_000, 10_000, 3, 32, 32), (train.Count, test.Count, train.Channels, train.Height, train.Width));
        Assert.All(Counts(train), count => Assert.Equal(5000, count));
        Assert.All(Counts(test), count => Assert.Equal(1000, count));
        Assert.Equal("airplane", train.ClassNames[0]);
        Assert.Equal(0.4734, Mean(train), 3);
    }

    private static IEnumerable<int> Counts(Dataset<float> dataset) =>
        dataset.Labels.ToArray().CountBy(label => label).OrderBy(pair => pair.Key).Select(pair => pair.Value);

    private static double Mean(Dataset<float> dataset)
    {
        double sum = 0;
        float[] row = new float[dataset.Features];
        for (int i = 0; i < dataset.Count; i++)
        {
            dataset.CopyRange(i, 1, row, []);
            foreach (float x in row)
                sum += x;
        }

        return sum / ((double)dataset.Count * dataset.Features);
    }
}
