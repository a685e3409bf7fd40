using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Kernels;

public sealed class CholeskyTests
{
    [Fact]
    public void Small_factors_multiply_back_on_every_width()
    {
        foreach (ComputeContext context in Contexts.All())
        {
            using (context)
            {
                for (int n = 1; n <= 40; n++)
                {
                    Factors<float>(context, n, 0.1);
                    Factors<double>(context, n, 0.1);
                }

                foreach (int n in (int[])[76, 95, 96, 97, 130])
                    Factors<float>(context, n, 0.1);
            }
        }
    }

    [Fact]
    public void A_large_factor_has_the_same_bits_on_every_width_and_team()
    {
        MatrixData<float> a = SymmetricData.PositiveDefinite<float>(new Random(1), 300, 1);
        float[,]? expected = null;
        foreach (ComputeContext context in Contexts.All())
        {
            using (context)
            {
                MatrixData<float> l = SymmetricData.Copy(a);
                Assert.Equal(0, Cholesky.Factor(context, l.View));
                expected ??= SymmetricData.ToArray(l);
                GemmOracle.AssertSameBits(expected, l.View, $"{context.Width}, {context.Team.Workers} threads");
                Assert.InRange(LinearAlgebraOracle.CholeskyRatio<float>(a.View, l.View), 0, Tolerances.ResidualRatio);
            }
        }
    }

    [Theory]
    [InlineData(40, 1, -1.0)]
    [InlineData(40, 17, 0.0)]
    [InlineData(40, 40, double.NaN)]
    [InlineData(40, 23, double.PositiveInfinity)]
    [InlineData(250, 97, -1.0)]
    [InlineData(250, 130, double.NaN)]
    [InlineData(250, 250, -1e-3)]
    public void The_first_pivot_that_is_not_positive_is_named(int n, int pivot, double value)
    {
        foreach (ComputeContext context in Contexts.All())
        {
            using (context)
            {
                // A diagonal matrix, so that the pivots are the diagonal itself.
                MatrixData<float> a = new MatrixData<float>(n, n).Fill((i, j) => j > i ? double.NaN : i == j ? 1 + (i % 3) : 0);
                a[pivot - 1, pivot - 1] = (float)value;
                Assert.Equal(pivot, Cholesky.Factor(context, a.View));
            }
        }
    }

    [Fact]
    public void An_indefinite_matrix_is_refused_and_a_nan_off_the_diagonal_is_found()
    {
        using ComputeContext context = new(2);
        MatrixData<double> a = SymmetricData.PositiveDefinite<double>(new Random(5), 200, 0);
        a[150, 150] = -1;
        Assert.Equal(151, Cholesky.Factor(context, a.View));
        a = SymmetricData.PositiveDefinite<double>(new Random(5), 200, 1);
        a[180, 20] = double.NaN;
        Assert.Equal(181, Cholesky.Factor(context, a.View));
    }

    [Fact]
    public void Solves_with_the_factor_have_small_backward_errors()
    {
        using ComputeContext context = new(2);
        Random random = new(9);
        MatrixData<float> a = SymmetricData.PositiveDefinite<float>(random, 170, 0.5), l = SymmetricData.Copy(a);
        Assert.Equal(0, Cholesky.Factor(context, l.View));
        MatrixData<float> b = new MatrixData<float>(170, 21).FillUniform(random), x = SymmetricData.Copy(b);
        Cholesky.SolveLeft(context, l.View, x.View);
        MatrixData<float> bt = new MatrixData<float>(21, 170).Fill((i, j) => b[j, i]);
        Cholesky.SolveRight(context, l.View, bt.View);
        double norm = 0, worst = 0, solution = 0;
        for (int i = 0; i < 170; i++)
        {
            double row = 0;
            for (int k = 0; k < 170; k++)
                row += Math.Abs(a[Math.Max(i, k), Math.Min(i, k)]);
            norm = Math.Max(norm, row);
            for (int j = 0; j < 21; j++)
            {
                foreach (bool right in (bool[])[false, true])
                {
                    double residual = b[i, j];
                    for (int k = 0; k < 170; k++)
                        residual -= (double)a[Math.Max(i, k), Math.Min(i, k)] * (right ? bt[j, k] : x[k, j]);
                    worst = Math.Max(worst, Math.Abs(residual));
                }

                solution = Math.Max(solution, Math.Abs(x[i, j]));
            }
        }

        double ratio = worst / (170 * norm * solution * Tolerances.Epsilon<float>());
        Assert.InRange(ratio, 0, Tolerances.ResidualRatio);
    }

    [Fact]
    public void A_matrix_that_is_not_square_is_refused()
    {
        using ComputeContext context = new(1);
        ArgumentException e = Assert.Throws<ArgumentException>(() => Cholesky.Factor(context, new Matrix<float>(new float[6], 2, 3)));
        Assert.Contains("needs a square matrix, but got 2x3", e.Message, StringComparison.Ordinal);
    }

    private static void Factors<T>(ComputeContext context, int n, double shift)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        MatrixData<T> a = SymmetricData.PositiveDefinite<T>(new Random(n), n, shift), l = SymmetricData.Copy(a);
        Assert.Equal(0, Cholesky.Factor(context, l.View));
        double ratio = LinearAlgebraOracle.CholeskyRatio<T>(a.View, l.View);
        Assert.True(ratio < Tolerances.ResidualRatio, $"{typeof(T).Name} n = {n}, {context.Width}: ratio {ratio}.");
        for (int i = 0; i < n; i++)
        {
            for (int j = i + 1; j < n; j++)
                Assert.True(T.IsNaN(l[i, j]), "The strict upper triangle must be left alone.");
        }

        l.AssertNothingElseWritten(n, n);
    }
}
