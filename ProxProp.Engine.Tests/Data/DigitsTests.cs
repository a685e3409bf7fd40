using ProxProp.Engine.Data;

namespace ProxProp.Engine.Tests.Data;

public sealed class DigitsTests
{
    [Fact]
    public void Digits_have_their_shape_and_classes()
    {
        Dataset<double> digits = Digits.Load<double>();
        Assert.Equal((1797, 1, 8, 8, 64, 10), (digits.Count, digits.Channels, digits.Height, digits.Width, digits.Features, digits.Classes));
        int[] expected = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180];
        Assert.Equal(expected, digits.Labels.ToArray().CountBy(label => label).OrderBy(pair => pair.Key).Select(pair => pair.Value));
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], digits.Labels[..10].ToArray());
        Assert.Equal([5, 4, 8, 8, 4, 9, 0, 8, 9, 8], digits.Labels[^10..].ToArray());
    }

    [Fact]
    public void First_row_is_the_files_in_sixteenths()
    {
        int[] pixels =
        [
            0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0, 0, 3, 15, 2, 0, 11, 8, 0, 0, 4, 12, 0, 0, 8, 8, 0,
            0, 5, 8, 0, 0, 9, 8, 0, 0, 4, 11, 0, 1, 12, 7, 0, 0, 2, 14, 5, 10, 12, 0, 0, 0, 0, 6, 13, 10, 0, 0, 0,
        ];
        double[] row = new double[64];
        Digits.Load<double>().CopyRange(0, 1, row, []);
        Assert.Equal(pixels.Select(pixel => pixel / 16.0), row);
        float[] single = new float[64];
        Digits.Load<float>().CopyRange(0, 1, single, []);
        Assert.Equal(pixels.Select(pixel => pixel / 16f), single);
    }

    [Fact]
    public void All_pixels_add_up()
    {
        Dataset<double> digits = Digits.Load<double>();
        double[] all = new double[digits.Count * digits.Features];
        digits.CopyRange(0, digits.Count, all, []);
        Assert.Equal(561718 / 16.0, all.Sum());
    }
}
