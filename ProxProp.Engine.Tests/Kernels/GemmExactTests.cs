using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Simd;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Kernels;

/// <summary>Products of small integers are exact, so any error of indexing shows as a wrong number: outputs begin as NaN, surroundings are NaN.</summary>
public sealed class GemmExactTests
{
    public static TheoryData<SimdWidth, bool> WidthsAndTypes() => Contexts.WidthsAndTypes();

    [Theory]
    [MemberData(nameof(WidthsAndTypes))]
    public void Every_remainder_up_to_two_tiles_is_exact(SimdWidth width, bool isDouble)
    {
        if (isDouble)
            EveryRemainder<double>(width);
        else
            EveryRemainder<float>(width);
    }

    [Theory]
    [MemberData(nameof(WidthsAndTypes))]
    public void Shapes_around_the_cache_blocks_are_exact(SimdWidth width, bool isDouble)
    {
        if (isDouble)
            CacheBlocks<double>(width, 256);
        else
            CacheBlocks<float>(width, 512);
    }

    [Theory]
    [InlineData(1030, 2070, 5)]
    [InlineData(2050, 40, 7)]
    [InlineData(100, 230, 509)]
    [InlineData(1100, 560, 5)]
    [InlineData(60, 600, 1100)]
    [InlineData(28, 2070, 5)]
    [InlineData(245, 530, 1024)]
    [InlineData(3, 4200, 3)]
    [InlineData(4200, 3, 3)]
    [InlineData(1, 1, 2000)]
    [InlineData(1, 300, 700)]
    [InlineData(300, 1, 700)]
    [InlineData(130, 100, 1040)]
    [InlineData(262, 100, 700)]
    [InlineData(70, 10, 1600)]
    public void Shapes_beyond_the_shared_panels_are_exact(int m, int n, int k)
    {
        foreach (int threads in (int[])[1, 2, 3, 8])
        {
            using ComputeContext context = new(threads);
            Exact<float>(context, m, n, k);
            Exact<double>(context, m, n, k);
        }
    }

    private static void EveryRemainder<T>(SimdWidth width)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using ComputeContext context = new(1, width);
        int lanes = width == SimdWidth.Scalar ? 1 : (int)width / 8 / System.Runtime.CompilerServices.Unsafe.SizeOf<T>();
        int rows = width == SimdWidth.Bits512 ? 24 : 12;
        int columns = 4 * lanes;
        const int Depth = 9;
        Random random = new(7);
        foreach ((bool ta, bool tb) in Transposes)
        {
            MatrixData<T> c = new(rows + 1, columns + 1);
            for (int k = 0; k <= Depth; k++)
            {
                MatrixData<T> a = Operand<T>(random, rows, k, ta), b = Operand<T>(random, k, columns, tb);
                double[,] expected = GemmOracle.Product(a.Operand(rows, k, ta), b.Operand(k, columns, tb));
                for (int m = 0; m <= rows; m++)
                {
                    for (int n = 0; n <= columns; n++)
                    {
                        c.Reset();
                        Gemm.Assign(context, a.Operand(m, k, ta), b.Operand(k, n, tb), c.Part(m, n));
                        AssertExact(expected, c, m, n, $"{m}x{n}x{k}, transposes {ta} {tb}");
                    }
                }
            }
        }
    }

    private static void CacheBlocks<T>(SimdWidth width, int depth)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using ComputeContext context = new(2, width);
        int cost = width == SimdWidth.Bits512 && !System.Runtime.Intrinsics.Vector512.IsHardwareAccelerated ? 40 : 130;
        foreach (int k in (int[])[depth - 1, depth, depth + 1, (2 * depth) + 3])
        {
            Exact<T>(context, 13, cost, k);
            Exact<T>(context, cost, 33, k);
        }

        Exact<T>(context, 245, 530, 3);

        // More of B than the cache holds, met by enough rows that it is packed while they are multiplied.
        Exact<T>(context, 53, 230, depth - 3);
    }

    private static void Exact<T>(ComputeContext context, int m, int n, int k)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Random random = new(m + n + k);
        foreach ((bool ta, bool tb) in Transposes)
        {
            MatrixData<T> a = Operand<T>(random, m, k, ta), b = Operand<T>(random, k, n, tb), c = new(m, n);
            double[,] expected = GemmOracle.Product(a.Operand(m, k, ta), b.Operand(k, n, tb));
            Gemm.Assign(context, a.Operand(m, k, ta), b.Operand(k, n, tb), c.View);
            AssertExact(expected, c, m, n, $"{m}x{n}x{k}, transposes {ta} {tb}");
        }
    }

    private static readonly (bool A, bool B)[] Transposes = [(false, false), (false, true), (true, false), (true, true)];

    private static MatrixData<T> Operand<T>(Random random, int rows, int columns, bool transposed)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        (transposed ? new MatrixData<T>(columns, rows) : new MatrixData<T>(rows, columns)).FillIntegers(random, 4);

    private static void AssertExact<T>(double[,] expected, MatrixData<T> c, int m, int n, string what)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < n; j++)
            {
                if (c[i, j] != T.CreateChecked(expected[i, j]))
                    Assert.Fail($"{what}: element ({i}, {j}) is {c[i, j]}, expected {expected[i, j]}.");
            }
        }

        c.AssertNothingElseWritten(m, n);
    }
}
