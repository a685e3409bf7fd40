using ProxProp.Engine.Kernels;
using ProxProp.Engine.Simd;
using ProxProp.Engine.Tests.Generators;

namespace ProxProp.Engine.Tests.Kernels;

/// <summary>What <see cref="ComputeContext.Expect"/> plans for a product is what the product touches.</summary>
public sealed unsafe class PackingPlanTests
{
    public static TheoryData<int, int, int> Products => new()
    {
        { 1, 1, 1 },
        { 13, 129, 7 },
        { 100, 10, 64 },
        { 500, 600, 64 },
        { 1008, 200, 512 },
        { 1009, 200, 512 },
        { 1033, 200, 512 },
        { 1200, 300, 700 },
        { 40, 2000, 1100 },
        { 3000, 100, 30 },
        { 2100, 70, 1030 },
        { 300, 600, 1024 },
        { 260, 1700, 1030 },
        { 200, 100, 600 },
        { 70, 10, 1600 },
        { 1033, 530, 40 },
        { 1040, 600, 500 },
        { 2000, 300, 500 },
    };

    [Theory]
    [MemberData(nameof(Products))]
    public void A_product_touches_what_was_planned(int m, int n, int k)
    {
        // Narrow tiles too: they pack from other numbers of panels on.
        SimdWidth[] widths = SimdSupport.Widest > SimdWidth.Bits256 ? [SimdSupport.Widest, SimdWidth.Bits256] : [SimdSupport.Widest];
        foreach (SimdWidth width in widths)
        {
            foreach (int threads in (int[])[1, 2])
            {
                Touches<float>(m, n, k, threads, width, transposed: false);
                Touches<float>(m, n, k, threads, width, transposed: true);
                Touches<double>(m, n, k, threads, width, transposed: false);
                Touches<double>(m, n, k, threads, width, transposed: true);
            }
        }
    }

    [Fact]
    public void Nothing_stands_by_where_nothing_is_left()
    {
        using ComputeContext compute = ComputeContext.ForPlan(2);
        Assert.Equal(compute.WorkspaceBytes, compute.StandbyBytes);
        compute.Expect<float>(5000, 0, 5000);
        Assert.Equal(compute.WorkspaceBytes, compute.StandbyBytes);
        compute.Expect<float>(5000, 5000, 5000);
        compute.Expect<float>(5000, 64, 5000);
        compute.Expect<float>(5000, 128, 5000);
        Assert.InRange(compute.StandbyBytes, 0, compute.WorkspaceBytes / 8);
    }

    // Operands without zeros, so that packed memory tells how far it was written; the private panels come last and are planned whole.
    private static void Touches<T>(int m, int n, int k, int threads, SimdWidth width, bool transposed)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        using var compute = new ComputeContext(threads, width);
        compute.Expect<T>(m, n, k, transposed);
        long planned = compute.WorkspaceBytes - compute.StandbyBytes;
        T[] a = new T[m * k], b = new T[k * n];
        Array.Fill(a, T.One);
        Array.Fill(b, T.One);
        ReadOnlyMatrix<T> left = transposed ? new ReadOnlyMatrix<T>(a, k, m).Transposed : new ReadOnlyMatrix<T>(a, m, k);
        Gemm.Assign(compute, left, new ReadOnlyMatrix<T>(b, n, k).Transposed, new Matrix<T>(new T[m * n], m, n));
        byte* columns = compute.SharedColumnPanels(0), nextColumns = compute.SharedColumnPanels(1), workers = compute.WorkerScratch(0);
        long touched = Written(columns, nextColumns) + Written(nextColumns, workers);
        byte* rows = compute.SharedRowPanels(0), nextRows = threads == 1 ? columns : compute.SharedRowPanels(1);
        touched += Written(rows, nextRows) + Written(nextRows, columns);
        bool isSerial = 2L * m * n * k < 2_000_000;
        long whole = compute.WorkerScratch(1) - workers;
        Assert.InRange(planned - (isSerial ? whole : threads * whole), touched * 0.95 - 4096, (touched * 1.02) + (2 * 12 * 2048) + 4096);
    }

    private static long Written(byte* start, byte* end)
    {
        long length = end - start;
        while (length > 0 && start[length - 1] == 0)
            length--;
        return length;
    }
}
