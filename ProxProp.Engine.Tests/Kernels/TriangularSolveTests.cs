using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Kernels;

public sealed class TriangularSolveTests
{
    [Fact]
    public void All_four_solves_have_small_residuals_for_every_small_size()
    {
        foreach (ComputeContext context in Contexts.All())
        {
            using (context)
            {
                foreach (int n in (int[])[0, 1, 2, 3, 5, 6, 7, 11, 12, 13, 18, 24, 25, 64, 97])
                {
                    foreach (int sides in (int[])[0, 1, 7, 33])
                        AllFour<float>(context, n, sides);
                }

                AllFour<double>(context, 70, 45);
            }
        }
    }

    [Fact]
    public void Large_solves_have_small_residuals_and_the_same_bits_on_every_width_and_team()
    {
        Random random = new(11);
        MatrixData<float> l = SymmetricData.LowerTriangle<float>(random, 530), b = new MatrixData<float>(530, 70).FillUniform(random);
        MatrixData<float> bt = new MatrixData<float>(70, 530).FillUniform(random);
        float[][,]? expected = null;
        foreach (ComputeContext context in Contexts.All())
        {
            using (context)
            {
                MatrixData<float>[] x = [SymmetricData.Copy(b), SymmetricData.Copy(b), SymmetricData.Copy(bt), SymmetricData.Copy(bt)];
                TriangularSolve.SolveLeft(context, l.View, false, x[0].View);
                TriangularSolve.SolveLeft(context, l.View, true, x[1].View);
                TriangularSolve.SolveRight(context, l.View, false, x[2].View);
                TriangularSolve.SolveRight(context, l.View, true, x[3].View);
                if (expected is null)
                {
                    expected = [.. x.Select(SymmetricData.ToArray)];
                    AssertSmall(LinearAlgebraOracle.SolveRatio<float>(l.View, false, x[0].View, b.View));
                    AssertSmall(LinearAlgebraOracle.SolveRatio<float>(l.View, true, x[1].View, b.View));
                    AssertSmall(LinearAlgebraOracle.SolveRatio(l.View, true, x[2].View.AsReadOnly.Transposed, bt.View.AsReadOnly.Transposed));
                    AssertSmall(LinearAlgebraOracle.SolveRatio(l.View, false, x[3].View.AsReadOnly.Transposed, bt.View.AsReadOnly.Transposed));
                    continue;
                }

                for (int i = 0; i < x.Length; i++)
                    GemmOracle.AssertSameBits(expected[i], x[i].View, $"solve {i}, {context.Width}, {context.Team.Workers} threads");
            }
        }
    }

    [Fact]
    public void An_ill_conditioned_triangle_still_gives_row_wise_small_residuals()
    {
        // ‖L⁻¹‖ is 1.5ⁿ and the solution is of order 1: a method that inverts diagonal blocks of 64 would be off by 1e4, substitution is not.
        Random random = new(4);
        MatrixData<float> l = new MatrixData<float>(130, 130).Fill((i, j) => j > i ? double.NaN : i == j ? 1 : -0.5);
        MatrixData<float> solution = new MatrixData<float>(130, 20).FillUniform(random);
        MatrixData<float> b = new MatrixData<float>(130, 20).Fill((i, j) =>
        {
            double sum = solution[i, j];
            for (int k = 0; k < i; k++)
                sum -= 0.5 * solution[k, j];
            return sum;
        });
        MatrixData<float> x = SymmetricData.Copy(b);
        using ComputeContext context = new(2);
        TriangularSolve.SolveLeft(context, l.View, false, x.View);
        AssertSmall(LinearAlgebraOracle.SolveRatio<float>(l.View, false, x.View, b.View));
    }

    [Fact]
    public void A_stored_transpose_is_solved_with_as_well()
    {
        Random random = new(8);
        MatrixData<double> l = SymmetricData.LowerTriangle<double>(random, 90);
        MatrixData<double> upper = new MatrixData<double>(90, 90).Fill((i, j) => l[j, i]);
        MatrixData<double> b = new MatrixData<double>(90, 13).FillUniform(random), x = SymmetricData.Copy(b), y = SymmetricData.Copy(b);
        using ComputeContext context = new(1);
        TriangularSolve.SolveLeft(context, l.View, false, x.View);
        TriangularSolve.SolveLeft(context, upper.View.AsReadOnly.Transposed, false, y.View);
        GemmOracle.AssertSameBits(SymmetricData.ToArray(x), y.View, "stored transpose");
    }

    [Fact]
    public void Wrong_shapes_are_refused_by_name()
    {
        using ComputeContext context = new(1);
        float[] data = new float[12];
        ArgumentException e = Assert.Throws<ArgumentException>(
            () => TriangularSolve.SolveLeft(context, new ReadOnlyMatrix<float>(data, 3, 3), false, new Matrix<float>(data, 2, 3)));
        Assert.Contains("L is 3x3, so B needs 3 rows, but it is 2x3", e.Message, StringComparison.Ordinal);
        e = Assert.Throws<ArgumentException>(
            () => TriangularSolve.SolveRight(context, new ReadOnlyMatrix<float>(data, 3, 4), false, new Matrix<float>(data, 2, 3)));
        Assert.Contains("square matrix, but got 3x4", e.Message, StringComparison.Ordinal);
    }

    private static void AllFour<T>(ComputeContext context, int n, int sides)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Random random = new(n + sides);
        MatrixData<T> l = SymmetricData.LowerTriangle<T>(random, n);
        foreach (bool transposed in (bool[])[false, true])
        {
            MatrixData<T> b = new MatrixData<T>(n, sides).FillUniform(random), x = SymmetricData.Copy(b);
            TriangularSolve.SolveLeft(context, l.View, transposed, x.View);
            AssertSmall(LinearAlgebraOracle.SolveRatio<T>(l.View, transposed, x.View, b.View));
            x.AssertNothingElseWritten(n, sides);

            MatrixData<T> c = new MatrixData<T>(sides, n).FillUniform(random), y = SymmetricData.Copy(c);
            TriangularSolve.SolveRight(context, l.View, transposed, y.View);
            AssertSmall(LinearAlgebraOracle.SolveRatio(l.View, !transposed, y.View.AsReadOnly.Transposed, c.View.AsReadOnly.Transposed));
            y.AssertNothingElseWritten(sides, n);
        }
    }

    private static void AssertSmall(double ratio) => Assert.True(ratio < Tolerances.ResidualRatio, $"The residual ratio is {ratio}.");
}
