using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Simd;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Kernels;

/// <summary>Softmax cross-entropy and the mean squared error.</summary>
public sealed class LossTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(5, 10)]
    [InlineData(3, 37)]
    [InlineData(2, 5003)]
    public void Cross_entropy_agrees_with_its_definition(int rows, int classes)
    {
        using var context = new ComputeContext(1);
        double[] logits = Arrays.Normal<double>(rows * classes, 1);
        int[] labels = Labels(rows, classes);
        double[] rowLoss = new double[rows], alone = new double[rows], d = new double[logits.Length], p = new double[logits.Length];
        double mean = SoftmaxCrossEntropy.Forward<double>(context, new(logits, rows, classes), labels, rowLoss, new(d, rows, classes));
        Assert.Equal(mean, SoftmaxCrossEntropy.Loss<double>(context, new(logits, rows, classes), labels, alone));
        Assert.Equal(rowLoss, alone);
        SoftmaxCrossEntropy.Softmax<double>(context, new(logits, rows, classes), new(p, rows, classes));
        double total = 0;
        for (int i = 0; i < rows; i++)
        {
            double[] e = [.. logits.Skip(i * classes).Take(classes).Select(Math.Exp)];
            double sum = e.Sum();
            total += Math.Log(sum / e[labels[i]]);
            for (int j = 0; j < classes; j++)
            {
                Assert.Equal(e[j] / sum, p[(i * classes) + j], 1e-15);
                Assert.Equal(((e[j] / sum) - (j == labels[i] ? 1 : 0)) / rows, d[(i * classes) + j], 1e-15);
            }
        }

        Assert.Equal(total / rows, mean, 1e-14);
    }

    /// <summary>Classes at −∞ change nothing, but with them rows are taken one by one.</summary>
    [Fact]
    public void Few_classes_give_the_bits_of_many()
    {
        FewClasses<float>();
        FewClasses<double>();
    }

    [Fact]
    public void The_gradient_agrees_with_central_differences()
    {
        using var context = new ComputeContext(1);
        const int Rows = 4, Classes = 7;
        const double H = 1e-6;
        double[] x = Arrays.Normal<double>(Rows * Classes, 2);
        int[] labels = Labels(Rows, Classes);
        double[] rowLoss = new double[Rows], d = new double[x.Length];
        SoftmaxCrossEntropy.Forward<double>(context, new(x, Rows, Classes), labels, rowLoss, new(d, Rows, Classes));
        for (int i = 0; i < x.Length; i++)
        {
            double kept = x[i];
            x[i] = kept + H;
            double above = SoftmaxCrossEntropy.Loss<double>(context, new(x, Rows, Classes), labels, rowLoss);
            x[i] = kept - H;
            double below = SoftmaxCrossEntropy.Loss<double>(context, new(x, Rows, Classes), labels, rowLoss);
            x[i] = kept;
            Assert.Equal((above - below) / (2 * H), d[i], 1e-9);
        }
    }

    [Fact]
    public void Huge_logits_neither_overflow_nor_vanish()
    {
        using var context = new ComputeContext(1);
        float[] x = [1e30f, 0, -1e30f, 1000, 1001, float.NegativeInfinity];
        float[] rowLoss = new float[2], d = new float[6];
        double mean = SoftmaxCrossEntropy.Forward<float>(context, new(x, 2, 3), [0, 0], rowLoss, new(d, 2, 3));
        Assert.Equal(0, rowLoss[0]);
        Assert.Equal(Math.Log(1 + Math.E), rowLoss[1], 1e-6);
        Assert.Equal((rowLoss[0] + (double)rowLoss[1]) / 2, mean);
        Assert.All(d, v => Assert.True(float.IsFinite(v)));
        x[1] = float.NaN;
        Assert.True(double.IsNaN(SoftmaxCrossEntropy.Loss<float>(context, new(x, 2, 3), [0, 0], rowLoss)));
    }

    [Fact]
    public void Losses_give_the_same_bits_everywhere_in_place_too()
    {
        const int Rows = 7003, Classes = 11;
        float[] x = Arrays.Normal<float>(Rows * Classes, 3);
        int[] labels = Labels(Rows, Classes);
        SameBits.Everywhere<float>(context =>
        {
            float[] d = new float[x.Length], same = [.. x], rowLoss = new float[Rows], dOutput = new float[x.Length];
            double loss = SoftmaxCrossEntropy.Forward<float>(context, new(x, Rows, Classes), labels, rowLoss, new(d, Rows, Classes));
            SoftmaxCrossEntropy.Forward<float>(context, new(same, Rows, Classes), labels, rowLoss, new(same, Rows, Classes));
            Assert.Equal(d, same);
            double error = MeanSquaredError.Forward<float>(context, x, d, dOutput);
            SameBits.AllocatesNothing(() =>
            {
                SoftmaxCrossEntropy.Forward<float>(context, new(x, Rows, Classes), labels, rowLoss, new(d, Rows, Classes));
                SoftmaxCrossEntropy.Loss<float>(context, new(x, Rows, Classes), labels, rowLoss);
                MeanSquaredError.Forward<float>(context, x, d, dOutput);
            });
            return [.. d, .. rowLoss, .. dOutput, (float)loss, (float)error];
        });
    }

    private static void FewClasses<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        const int Many = 40;
        foreach (SimdWidth width in (SimdWidth[])[SimdWidth.Scalar, SimdWidth.Bits128, SimdWidth.Bits256, SimdWidth.Bits512])
        {
            using var context = new ComputeContext(1, width);
            foreach (int classes in (int[])[1, 2, 7, 8, 9, 10, 15, 16])
            {
                foreach (int rows in (int[])[1, 3, 16, 17, 45])
                {
                    T[] few = Arrays.Normal<T>(rows * classes, 3), many = new T[rows * Many];
                    Array.Fill(many, T.NegativeInfinity);
                    for (int i = 0; i < rows; i++)
                        few.AsSpan(i * classes, classes).CopyTo(many.AsSpan(i * Many));
                    int[] labels = Labels(rows, classes);
                    T[] loss = new T[rows], expectedLoss = new T[rows], d = new T[few.Length], expected = new T[many.Length];
                    double mean = SoftmaxCrossEntropy.Forward<T>(context, new(few, rows, classes), labels, loss, new(d, rows, classes));
                    Assert.Equal(SoftmaxCrossEntropy.Forward<T>(context, new(many, rows, Many), labels, expectedLoss, new(expected, rows, Many)), mean);
                    Assert.Equal(expectedLoss, loss);
                    Assert.Equal(Enumerable.Range(0, rows).SelectMany(i => expected[(i * Many)..((i * Many) + classes)]), d);
                    SoftmaxCrossEntropy.Softmax<T>(context, new(few, rows, classes), new(d, rows, classes));
                    SoftmaxCrossEntropy.Softmax<T>(context, new(many, rows, Many), new(expected, rows, Many));
                    Assert.Equal(Enumerable.Range(0, rows).SelectMany(i => expected[(i * Many)..((i * Many) + classes)]), d);
                }
            }
        }
    }

    [Fact]
    public void The_first_maximum_counts_and_nan_counts_as_wrong()
    {
        float[] x = [1, 3, 3, 2, 2, 2, float.NaN, 0, 1];
        Assert.Equal(2, SoftmaxCrossEntropy.CountCorrect<float>(new(x, 3, 3), [1, 0, 2]));
        Assert.Equal(0, SoftmaxCrossEntropy.CountCorrect<float>(new(x, 3, 3), [2, 1, 0]));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(3)]
    public void A_label_out_of_range_is_refused_with_its_row(int label)
    {
        using var context = new ComputeContext(1);
        ArgumentException e = Assert.Throws<ArgumentException>(
            () => SoftmaxCrossEntropy.Loss<float>(context, new(new float[6], 2, 3), [0, label], new float[2]));
        Assert.Contains($"'labels' has {label} at row 1", e.Message, StringComparison.Ordinal);
        Assert.Equal("labels", e.ParamName);
    }

    [Fact]
    public void Mean_squared_error_agrees_with_its_definition()
    {
        using var context = new ComputeContext(1);
        double[] d = new double[3];
        Assert.Equal((1 + 4 + 9) / 3.0, MeanSquaredError.Forward<double>(context, [1, 2, 3], [0, 0, 6], d));
        Assert.Equal([2 / 3.0, 4 / 3.0, -2], d);
    }

    private static int[] Labels(int rows, int classes)
    {
        var random = new Random(4);
        return [.. Enumerable.Range(0, rows).Select(_ => random.Next(classes))];
    }
}
