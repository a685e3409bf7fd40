using ProxProp.Engine.Data;

namespace ProxProp.Engine.Tests.Data;

/// <summary>A pair of small IDX files, number by number.</summary>
public sealed class MnistTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_image_keeps_its_pixels_and_its_label()
    {
        byte[] pixels = [0, 51, 102, 153, 204, 255, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        string images = _folder.Add("images", [0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 3, .. pixels]);
        string labels = _folder.Add("labels", [0, 0, 8, 1, 0, 0, 0, 3, 7, 0, 9]);
        Dataset<double> data = Mnist.LoadPair<double>(images, labels);
        Assert.Equal((3, 1, 2, 3), (data.Count, data.Channels, data.Height, data.Width));
        Assert.Equal([7, 0, 9], data.Labels);

        double[] samples = new double[18];
        int[] read = new int[3];
        data.CopyRange(0, 3, samples, read);
        Assert.Equal(pixels.Select(p => p / 255.0), samples);
        Assert.Equal([7, 0, 9], read);
    }
}
