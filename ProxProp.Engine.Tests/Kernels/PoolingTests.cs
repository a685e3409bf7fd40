using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Simd;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Kernels;

/// <summary>Pooling against its definition, over random geometries and the common 2×2.</summary>
public sealed class PoolingTests
{
    [Fact]
    public void Maximum_agrees_with_its_definition_at_every_width()
    {
        var random = new Random(1);
        foreach (SimdWidth width in Contexts.Widths)
        {
            using var context = new ComputeContext(1, width);
            for (int i = 0; i < 150; i++)
            {
                (PoolingShape shape, int batch) = Any(random, i);
                Check<float>(context, shape, batch, random);
                Check<double>(context, shape, batch, random);
            }
        }

        static void Check<T>(ComputeContext context, PoolingShape shape, int batch, Random random)
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            // Few distinct values make ties; NaN and infinities are among them.
            T[] values = [T.One, -T.One, T.Zero, T.CreateChecked(0.5), T.NegativeInfinity, T.PositiveInfinity, T.NaN];
            int kinds = random.Next(3) == 0 ? values.Length : 4;
            T[] x = [.. Enumerable.Range(0, batch * shape.Channels * shape.InputPlane).Select(_ => values[random.Next(kinds)])];
            T[] y = new T[batch * shape.Channels * shape.OutputPlane];
            int[] argmax = new int[y.Length];
            MaxPooling.Forward(context, shape, batch, x, y, argmax);
            (double[] expected, int[] indices) = PoolingOracle.Max(shape, batch, Arrays.ToDouble<T>(x));
            Assert.Equal(indices, argmax);
            Assert.Equal(expected, Arrays.ToDouble<T>(y));

            T[] dy = [.. y.Select(_ => T.CreateChecked(random.Next(-9, 10)))];
            T[] dx = new T[x.Length];
            Array.Fill(dx, T.NaN);
            MaxPooling.Backward(context, shape, batch, dy, argmax, dx);
            double[] scattered = new double[x.Length];
            for (int o = 0; o < dy.Length; o++)
                scattered[(o / shape.OutputPlane * shape.InputPlane) + indices[o]] += double.CreateChecked(dy[o]);
            Assert.Equal(scattered, Arrays.ToDouble<T>(dx));
        }
    }

    [Fact]
    public void Average_agrees_with_its_definition_and_backward_is_its_adjoint()
    {
        var random = new Random(2);
        using var context = new ComputeContext(2);
        for (int i = 0; i < 150; i++)
        {
            (PoolingShape shape, int batch) = Any(random, i);
            double[] x = Arrays.Normal<double>(batch * shape.Channels * shape.InputPlane, i);
            double[] dy = Arrays.Normal<double>(batch * shape.Channels * shape.OutputPlane, i + 1000);
            double[] y = new double[dy.Length], dx = new double[x.Length];
            AveragePooling.Forward(context, shape, batch, x, y);
            double[] expected = PoolingOracle.Average(shape, batch, x);
            for (int o = 0; o < y.Length; o++)
                Assert.Equal(expected[o], y[o], 1e-14);
            AveragePooling.Backward(context, shape, batch, dy, dx);
            double left = y.Zip(dy, (a, b) => a * b).Sum(), right = x.Zip(dx, (a, b) => a * b).Sum();
            Assert.Equal(left, right, 1e-13 * y.Zip(dy, (a, b) => Math.Abs(a * b)).Sum());
        }
    }

    [Fact]
    public void Pooling_gives_the_same_bits_everywhere_and_allocates_nothing()
    {
        foreach (PoolingShape shape in (PoolingShape[])[new(16, 33, 34, 2, 2, 2, 2, 0, 0), new(16, 33, 34, 3, 3, 2, 2, 1, 1)])
        {
            const int Batch = 7;
            float[] x = Arrays.Normal<float>(Batch * shape.Channels * shape.InputPlane, 1);
            SameBits.Everywhere<float>(context =>
            {
                float[] y = new float[Batch * shape.Channels * shape.OutputPlane], dx = new float[x.Length], average = new float[y.Length];
                float[] dx2 = new float[x.Length];
                int[] argmax = new int[y.Length];
                SameBits.AllocatesNothing(() =>
                {
                    MaxPooling.Forward(context, shape, Batch, x, y, argmax);
                    MaxPooling.Backward(context, shape, Batch, y, argmax, dx);
                    AveragePooling.Forward(context, shape, Batch, x, average);
                    AveragePooling.Backward(context, shape, Batch, average, dx2);
                });
                return [.. y, .. dx, .. average, .. dx2];
            });
        }
    }

    [Theory]
    [InlineData(2, 2, 2, 1, "does not fit")]
    [InlineData(2, 2, 9, 0, "does not fit")]
    [InlineData(8, 8, 2, 2, "half the window")]
    [InlineData(0, 8, 2, 0, "positive")]
    public void Impossible_geometry_is_refused(int height, int width, int kernel, int padding, string because)
    {
        var shape = new PoolingShape(1, height, width, kernel == 2 && padding == 1 ? 5 : kernel, kernel, 1, 1, padding, padding);
        ArgumentException e = Assert.Throws<ArgumentException>(shape.Validate);
        Assert.Contains(because, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, 0)]
    [InlineData(0, 2)]
    public void Padding_beyond_half_the_window_is_refused_on_either_axis(int paddingY, int paddingX)
    {
        ArgumentException e = Assert.Throws<ArgumentException>(new PoolingShape(1, 8, 8, 2, 2, 1, 1, paddingY, paddingX).Validate);
        Assert.Contains("half the window", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_length_is_refused_by_name()
    {
        using var context = new ComputeContext(1);
        var shape = new PoolingShape(1, 4, 4, 2, 2, 2, 2, 0, 0);
        Assert.Equal("x", Assert.Throws<ArgumentException>(
            () => MaxPooling.Forward(context, shape, 1, new float[15], new float[4], new int[4])).ParamName);
        Assert.Equal("y", Assert.Throws<ArgumentException>(
            () => MaxPooling.Forward(context, shape, 1, new float[16], new float[5], new int[5])).ParamName);
        Assert.Equal("argmax", Assert.Throws<ArgumentException>(
            () => MaxPooling.Forward(context, shape, 1, new float[16], new float[4], new int[5])).ParamName);
        Assert.Equal("argmax", Assert.Throws<ArgumentException>(
            () => MaxPooling.Backward(context, shape, 1, new float[4], [0, 1, 16, 2], new float[16])).ParamName);
    }

    [Fact]
    public void An_index_outside_its_window_is_followed_and_one_outside_the_plane_is_refused()
    {
        var random = new Random(3);
        foreach (SimdWidth width in Contexts.Widths)
        {
            using var context = new ComputeContext(1, width);
            for (int columns = 2; columns < 70; columns++)
            {
                var shape = new PoolingShape(2, 5, columns, 2, 2, 2, 2, 0, 0);
                Check<float>(context, shape, random);
                Check<double>(context, shape, random);
            }
        }

        static void Check<T>(ComputeContext context, PoolingShape shape, Random random)
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            // Only the first index of all is no window's own, so that vectors have one wrong lane.
            int[] argmax = new int[2 * shape.OutputPlane];
            T[] dy = new T[argmax.Length], dx = new T[2 * shape.InputPlane], expected = new T[dx.Length];
            for (int o = 0; o < argmax.Length; o++)
            {
                int plane = o / shape.OutputPlane, y = o % shape.OutputPlane / shape.OutputWidth, x = o % shape.OutputWidth;
                argmax[o] = (((2 * y) + random.Next(2)) * shape.Width) + (2 * x) + random.Next(2);
                if (o == 0)
                    argmax[o] = shape.InputPlane - 1 - random.Next(shape.Width);
                dy[o] = T.CreateChecked(o + 1);
                expected[(plane * shape.InputPlane) + argmax[o]] += dy[o];
            }

            MaxPooling.Backward(context, shape, 1, dy, argmax, dx);
            Assert.Equal(expected, dx);
            argmax[^1] = random.Next(2) == 0 ? shape.InputPlane : -1;
            Assert.Equal("argmax", Assert.Throws<ArgumentException>(() => MaxPooling.Backward(context, shape, 1, dy, argmax, dx)).ParamName);
        }
    }

    private static (PoolingShape Shape, int Batch) Any(Random random, int i)
    {
        if (i % 3 == 0)
            return (new(random.Next(1, 4), random.Next(2, 12), random.Next(2, 70), 2, 2, 2, 2, 0, 0), random.Next(4));
        while (true)
        {
            int kernelY = random.Next(1, 6), kernelX = random.Next(1, 6);
            var shape = new PoolingShape(
                random.Next(1, 4),
                random.Next(1, 12),
                random.Next(1, 20),
                kernelY,
                kernelX,
                random.Next(1, 5),
                random.Next(1, 5),
                random.Next((kernelY / 2) + 1),
                random.Next((kernelX / 2) + 1));
            if (shape.Height + (2 * shape.PaddingY) >= kernelY && shape.Width + (2 * shape.PaddingX) >= kernelX)
                return (shape, random.Next(4));
        }
    }
}
