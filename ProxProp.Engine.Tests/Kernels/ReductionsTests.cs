using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Kernels;

/// <summary>Reductions of spans, rows and columns: bits, remainders, accuracy.</summary>
public sealed class ReductionsTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    [InlineData(4095)]
    [InlineData(4097)]
    [InlineData(70_001)]
    [InlineData(1_100_003)]
    public void Sums_have_the_same_bits_everywhere(int length)
    {
        Check<float>(length);
        Check<double>(length);

        static void Check<T>(int length)
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            T[] x = Arrays.Normal<T>(length, 1);
            T[] y = Arrays.Normal<T>(length, 2);
            double[] found = SameBits.Everywhere(context => new[]
            {
                Reductions.Sum<T>(context, x), Reductions.Dot<T>(context, x, y), Reductions.SumOfSquares<T>(context, x),
                Reductions.MaxAbs<T>(context, x),
            });
            double[] dx = Arrays.ToDouble<T>(x), dy = Arrays.ToDouble<T>(y);
            double[] expected =
            [
                dx.Sum(), dx.Zip(dy, (a, b) => a * b).Sum(), dx.Sum(a => a * a), dx.Select(Math.Abs).DefaultIfEmpty(0).Max(),
            ];
            double[] magnitude = [dx.Sum(Math.Abs), dx.Zip(dy, (a, b) => Math.Abs(a * b)).Sum(), dx.Sum(a => a * a), 0];
            // Each lane of a chunk adds at most 256 terms: the bound of recursive summation, in double for what follows.
            for (int i = 0; i < expected.Length; i++)
                Assert.Equal(expected[i], found[i], 256 * Tolerances.Epsilon<T>() * magnitude[i]);
        }
    }

    [Fact]
    public void Sums_of_integers_are_exact_for_every_remainder()
    {
        foreach (ComputeContext context in Contexts.All())
        {
            using (context)
            {
                for (int n = 0; n <= 40; n++)
                {
                    float[] x = [.. Enumerable.Range(1, n).Select(i => (float)i)];
                    Assert.Equal(n * (n + 1) / 2, Reductions.Sum<float>(context, x));
                    Assert.Equal(n * (n + 1) * ((2 * n) + 1) / 6, Reductions.SumOfSquares<float>(context, x));
                    Assert.Equal(n, Reductions.MaxAbs<float>(context, [.. x.Select(v => -v)]));
                }
            }
        }
    }

    [Fact]
    public void Non_finite_elements_are_found_wherever_they_are()
    {
        using var context = new ComputeContext(1);
        for (int n = 1; n <= 40; n++)
        {
            for (int at = 0; at < n; at++)
            {
                float[] x = Arrays.Normal<float>(n, n);
                Assert.True(Reductions.AllFinite<float>(context, x));
                x[at] = float.NaN;
                Assert.True(double.IsNaN(Reductions.MaxAbs<float>(context, x)));
                Assert.False(Reductions.AllFinite<float>(context, x));
                x[at] = float.NegativeInfinity;
                Assert.Equal(double.PositiveInfinity, Reductions.MaxAbs<float>(context, x));
                Assert.False(Reductions.AllFinite<float>(context, x));
            }
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 40)]
    [InlineData(700, 1)]
    [InlineData(513, 131)]
    [InlineData(0, 5)]
    [InlineData(5, 0)]
    public void Rows_and_columns_agree_with_double_and_have_the_same_bits_everywhere(int rows, int columns)
    {
        var x = new MatrixData<float>(rows, columns).FillUniform(new Random(1));
        var y = new MatrixData<float>(rows, columns).FillUniform(new Random(2));
        float[] found = SameBits.Everywhere<float>(context =>
        {
            float[] result = new float[2 * (rows + columns)];
            RowReductions.Sum(context, x.View, result.AsSpan(0, rows));
            RowReductions.Dot(context, x.View, y.View, result.AsSpan(rows, rows));
            ColumnReductions.Sum(context, x.View, result.AsSpan(2 * rows, columns));
            ColumnReductions.Dot(context, x.View, y.View, result.AsSpan((2 * rows) + columns, columns));
            return result;
        });
        double[] expected = new double[found.Length];
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
            {
                expected[i] += x[i, j];
                expected[rows + i] += (double)x[i, j] * y[i, j];
                expected[(2 * rows) + j] += x[i, j];
                expected[(2 * rows) + columns + j] += (double)x[i, j] * y[i, j];
            }
        }

        for (int i = 0; i < found.Length; i++)
            Assert.Equal(expected[i], found[i], 256 * Tolerances.Epsilon<float>() * Math.Max(rows, columns));
    }

    [Fact]
    public void Scaled_updates_round_once_and_have_the_same_bits_everywhere()
    {
        const int Rows = 530, Columns = 131;
        var x = new MatrixData<float>(Rows, Columns).FillUniform(new Random(1));
        var y = new MatrixData<float>(Rows, Columns).FillUniform(new Random(2));
        float[] perRow = Arrays.Normal<float>(Rows, 3);
        float[] found = SameBits.Everywhere<float>(context =>
        {
            float[] a = Copy(y), b = Copy(y);
            RowScaling.Axpy<float>(context, perRow, x.View, new(a, Rows, Columns));
            RowScaling.Aypx<float>(context, perRow, x.View, new(b, Rows, Columns));
            return [.. a, .. b];
        });
        for (int i = 0; i < Rows; i++)
        {
            for (int j = 0; j < Columns; j++)
            {
                int at = (i * Columns) + j;
                Assert.Equal(float.FusedMultiplyAdd(perRow[i], x[i, j], y[i, j]), found[at]);
                Assert.Equal(float.FusedMultiplyAdd(perRow[i], y[i, j], x[i, j]), found[(Rows * Columns) + at]);
            }
        }

        static float[] Copy(MatrixData<float> m)
        {
            float[] copy = new float[m.Rows * m.Columns];
            for (int i = 0; i < copy.Length; i++)
                copy[i] = m[i / m.Columns, i % m.Columns];
            return copy;
        }
    }

    [Fact]
    public void A_transposed_view_and_a_wrong_length_are_refused_by_name()
    {
        using var context = new ComputeContext(1);
        float[] data = new float[6];
        Assert.Equal("x", Assert.Throws<ArgumentException>(
            () => ColumnReductions.Sum(context, new ReadOnlyMatrix<float>(data, 2, 3).Transposed, new float[2])).ParamName);
        Assert.Equal("sums", Assert.Throws<ArgumentException>(
            () => ColumnReductions.Sum(context, new ReadOnlyMatrix<float>(data, 2, 3), new float[2])).ParamName);
        Assert.Equal("y", Assert.Throws<ArgumentException>(() => Reductions.Dot<float>(context, data, new float[2])).ParamName);
    }
}
