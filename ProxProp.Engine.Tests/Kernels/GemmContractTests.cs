using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Kernels;

/// <summary>The documented order of summation, checked to the bit on every width, thread count and path; epilogues, errors, accuracy.</summary>
public sealed class GemmContractTests
{
    private static readonly int[] Signs = [-1, 0, 1];

    [Theory]
    [InlineData(37, 45, 1100)]
    [InlineData(150, 290, 530)]
    [InlineData(5, 260, 513)]
    [InlineData(260, 7, 1025)]
    [InlineData(64, 64, 64)]
    [InlineData(29, 2083, 35)]
    public void Every_element_is_the_documented_sum_to_the_bit(int m, int n, int k)
    {
        foreach ((bool transposedA, bool transposedB) in ((bool, bool)[])[(false, true), (false, false), (true, false)])
        {
            Documented<float>(m, n, k, transposedA, transposedB);
            Documented<double>(m, n, k, transposedA, transposedB);
        }
    }

    [Fact]
    public void Bias_and_relu_are_applied_after_the_sum_and_let_nan_pass()
    {
        foreach (ComputeContext context in Contexts.All())
        {
            using (context)
            {
                Epilogues<float>(context, 70, 83, 600);
                Epilogues<double>(context, 13, 21, 7);
                Epilogues<float>(context, 3, 5, 0);
            }
        }
    }

    [Fact]
    public void The_error_stays_below_the_bound_of_a_blocked_sum()
    {
        using ComputeContext context = new(2);
        Random random = new(3);
        MatrixData<float> a = new MatrixData<float>(60, 3000).FillUniform(random), b = new MatrixData<float>(3000, 70).FillUniform(random);
        MatrixData<float> c = new(60, 70);
        Gemm.Assign(context, a.View, b.View, c.View);
        double[,] exact = GemmOracle.Product<float>(a.View, b.View);
        double worst = 0;
        for (int i = 0; i < 60; i++)
        {
            for (int j = 0; j < 70; j++)
                worst = Math.Max(worst, Math.Abs(c[i, j] - exact[i, j]));
        }

        Assert.True(worst < Tolerances.ResidualRatio * 3000 * Tolerances.Epsilon<float>(), $"Worst error {worst}.");
    }

    [Fact]
    public void Wrong_shapes_are_refused_by_name()
    {
        using ComputeContext context = new(1);
        float[] data = new float[100];
        ArgumentException e = Assert.Throws<ArgumentException>(() => Gemm.Assign(context, new(data, 2, 3), new(data, 4, 5), new Matrix<float>(data, 2, 5)));
        Assert.Contains("A 2x3 times B 4x5 does not give C 2x5", e.Message, StringComparison.Ordinal);
        e = Assert.Throws<ArgumentException>(() => Gemm.Assign(
            context, new(data, 2, 3), new(data, 3, 5), new Matrix<float>(data, 2, 5), new Epilogue<float> { ColumnBias = new float[4] }));
        Assert.Contains("The bias has 4 values, but C has 5 columns", e.Message, StringComparison.Ordinal);
    }

    private static void Documented<T>(int m, int n, int k, bool transposedA, bool transposedB)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Random random = new(m * n);
        MatrixData<T> a = (transposedA ? new MatrixData<T>(k, m) : new(m, k)).FillUniform(random);
        MatrixData<T> b = (transposedB ? new MatrixData<T>(n, k) : new(k, n)).FillUniform(random);
        MatrixData<T> before = new MatrixData<T>(m, n).FillUniform(random);
        T[][,] expected = [.. Signs.Select(
            sign => GemmOracle.Contract<T>(a.Operand(m, k, transposedA), b.Operand(k, n, transposedB), before.View, sign))];
        foreach (ComputeContext context in Contexts.All())
        {
            using (context)
            {
                ReadOnlyMatrix<T> aView = a.Operand(m, k, transposedA), bView = b.Operand(k, n, transposedB);
                foreach (int sign in Signs)
                {
                    MatrixData<T> c = new MatrixData<T>(m, n).Fill((i, j) => double.CreateChecked(before[i, j]));
                    if (sign == 0)
                        Gemm.Assign(context, aView, bView, c.View);
                    else if (sign > 0)
                        Gemm.Accumulate(context, aView, bView, c.View);
                    else
                        Gemm.Subtract(context, aView, bView, c.View);
                    string what = $"{typeof(T).Name} {m}x{n}x{k}, transposed {transposedA} {transposedB}, sign {sign}, {context.Width}, {context.Team.Workers} threads";
                    GemmOracle.AssertSameBits(expected[sign + 1], c.View, what);
                    c.AssertNothingElseWritten(m, n);
                }
            }
        }
    }

    private static void Epilogues<T>(ComputeContext context, int m, int n, int k)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Random random = new(5);
        MatrixData<T> a = new MatrixData<T>(m, k).FillUniform(random), b = new MatrixData<T>(k, n).FillUniform(random);
        T[] bias = new T[n];
        for (int j = 0; j < n; j++)
            bias[j] = T.CreateChecked(random.NextDouble() - 0.5);
        if (k > 0)
            a[1, 0] = T.NaN;
        foreach (bool relu in (bool[])[false, true])
        {
            foreach (bool withBias in (bool[])[false, true])
            {
                MatrixData<T> c = new(m, n);
                Gemm.Assign(context, a.View, b.View, c.View, new Epilogue<T> { ColumnBias = withBias ? bias : default, Relu = relu });
                for (int i = 0; i < m; i++)
                {
                    for (int j = 0; j < n; j++)
                    {
                        T x = GemmOracle.Element<T>(a.View, b.View, i, j, T.Zero, 0);
                        x = withBias ? x + bias[j] : x;
                        x = relu && x <= T.Zero ? T.Zero : x;
                        Assert.True(x.Equals(c[i, j]), $"({i}, {j}): {c[i, j]}, expected {x}; bias {withBias}, relu {relu}.");
                    }
                }

                c.AssertNothingElseWritten(m, n);
            }
        }
    }
}
