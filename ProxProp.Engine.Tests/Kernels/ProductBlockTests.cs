using ProxProp.Engine.Kernels;
using ProxProp.Engine.Parallel;

namespace ProxProp.Engine.Tests.Kernels;

public sealed class ProductBlockTests
{
    [Theory]
    [InlineData(500, 500, 0)]
    [InlineData(521, 521, 0)]
    [InlineData(1000, 1000, 0)]
    [InlineData(400, 200, 0)]
    [InlineData(400, 200, 200)]
    public void Every_element_of_the_lower_triangle_is_in_one_item(int n, int rows, int firstRow)
    {
        for (int workers = 1; workers <= 9; workers++)
        {
            ProductBlock<float> block = Triangle(n, rows, firstRow, workers);
            byte[,] times = new byte[rows, n];
            for (int item = 0; item < block.Items; item++)
            {
                (int i0, int i1, int j0, int j1) = block[item];
                for (int i = i0; i < i1; i++)
                {
                    for (int j = j0; j < j1; j++)
                        times[i, j]++;
                }
            }

            for (int i = 0; i < rows; i++)
            {
                for (int j = 0; j <= firstRow + i; j++)
                    Assert.True(times[i, j] == 1, $"{workers} workers: row {i}, column {j} is in {times[i, j]} items");
            }
        }
    }

    [Theory]
    [InlineData(500, 2)]
    [InlineData(1000, 2)]
    [InlineData(1000, 4)]
    public void Shares_of_a_triangle_are_the_same_work_and_the_long_columns_come_first(int n, int workers)
    {
        ProductBlock<float> block = Triangle(n, n, 0, workers);
        long whole = 0, most = 0;
        for (int worker = 0; worker < workers; worker++)
        {
            long share = 0;
            int before = -1;
            for (int item = WorkShare.Begin(block.Items, worker, workers); item < WorkShare.Begin(block.Items, worker + 1, workers); item++)
            {
                (_, _, int j0, int j1) = block[item];
                Assert.True(j0 > before, $"worker {worker}: column {j0} comes after {before}");
                share += (long)(j1 - j0) * (n - j0);
                before = j0;
            }

            whole += share;
            most = Math.Max(most, share);
        }

        Assert.True(most * workers < 1.05 * whole, $"the largest share is {most} of {whole} among {workers}");
    }

    private static unsafe ProductBlock<float> Triangle(int n, int rows, int firstRow, int workers)
    {
        Product<float> product = new() { M = n, N = n, K = 7, LowerOnly = true };
        return new(product, 0, 7, firstRow, rows, inPlace: false, tileRows: 12, tileColumns: 32, workers);
    }
}
