using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Simd;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Kernels;

public sealed class SyrkTests
{
    public static TheoryData<SimdWidth, bool> WidthsAndTypes() => Contexts.WidthsAndTypes();

    [Theory]
    [MemberData(nameof(WidthsAndTypes))]
    public void Small_sizes_are_exact_on_integers_in_both_triangles(SimdWidth width, bool isDouble)
    {
        using ComputeContext context = new(1, width);
        for (int n = 0; n <= 67; n++)
        {
            if (isDouble)
                Exact<double>(context, n, 5);
            else
                Exact<float>(context, n, 5);
        }
    }

    [Theory]
    [InlineData(260, 530)]
    [InlineData(125, 7)]
    [InlineData(261, 1024)]
    [InlineData(100, 1040)]
    [InlineData(517, 40)]
    [InlineData(1, 700)]
    public void Every_element_is_the_documented_sum_of_the_product(int n, int k)
    {
        Documented<float>(n, k);
        Documented<double>(n, k);
    }

    [Fact]
    public void Sizes_beyond_the_shared_panels_are_exact()
    {
        using ComputeContext context = new(3);
        Exact<float>(context, 2100, 3);
        Exact<double>(context, 1100, 3);
    }

    [Fact]
    public void Results_whose_copies_go_past_the_caches_are_exact()
    {
        foreach (int threads in (int[])[1, 3])
        {
            using ComputeContext context = new(threads);
            Exact<float>(context, 1500, 3, extraStride: 4);
            Exact<double>(context, 1100, 3, extraStride: 4);
        }
    }

    [Fact]
    public void The_update_of_the_factorisation_leaves_the_upper_triangle_alone()
    {
        Random random = new(2);
        foreach (ComputeContext context in Contexts.All())
        {
            using (context)
            {
                MatrixData<float> a = new MatrixData<float>(150, 40).FillIntegers(random, 3);
                MatrixData<float> c = new MatrixData<float>(150, 150).Fill((i, j) => j > i ? double.NaN : i - j);
                double[,] product = GemmOracle.Product(a.View, a.View.AsReadOnly.Transposed);
                Syrk.SubtractLower(context, a.View, c.View);
                for (int i = 0; i < 150; i++)
                {
                    for (int j = 0; j < 150; j++)
                        Assert.Equal(j > i ? double.NaN : i - j - product[i, j], c[i, j]);
                }
            }
        }
    }

    [Fact]
    public void Wrong_shapes_are_refused_by_name()
    {
        using ComputeContext context = new(1);
        ArgumentException e = Assert.Throws<ArgumentException>(
            () => Syrk.Assign(context, new ReadOnlyMatrix<float>(new float[6], 2, 3), new Matrix<float>(new float[9], 3, 3)));
        Assert.Contains("A 2x3 times its transpose does not give C 3x3", e.Message, StringComparison.Ordinal);
    }

    private static void Exact<T>(ComputeContext context, int n, int k, int extraStride = 3)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Random random = new(n);
        foreach (bool transposed in (bool[])[false, true])
        {
            MatrixData<T> a = (transposed ? new MatrixData<T>(k, n) : new MatrixData<T>(n, k)).FillIntegers(random, 4);
            MatrixData<T> c = new(n, n, extraStride);
            ReadOnlyMatrix<T> view = a.Operand(n, k, transposed);
            double[,] expected = GemmOracle.Product(view, view.Transposed);
            Syrk.Assign(context, view, c.View);
            for (int i = 0; i < n; i++)
            {
                for (int j = 0; j < n; j++)
                {
                    if (c[i, j] != T.CreateChecked(expected[i, j]))
                        Assert.Fail($"{n}x{k}, transposed {transposed}: element ({i}, {j}) is {c[i, j]}, expected {expected[i, j]}.");
                }
            }

            c.AssertNothingElseWritten(n, n);
        }
    }

    private static void Documented<T>(int n, int k)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        MatrixData<T> a = new MatrixData<T>(n, k).FillUniform(new Random(n));
        T[,] expected = GemmOracle.Contract<T>(a.View, a.View.AsReadOnly.Transposed, default, 0);
        foreach (ComputeContext context in Contexts.All())
        {
            using (context)
            {
                MatrixData<T> c = new(n, n);
                Syrk.Assign(context, a.View, c.View);
                GemmOracle.AssertSameBits(expected, c.View, $"{typeof(T).Name}, {context.Width}, {context.Team.Workers} threads");
            }
        }
    }
}
