using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Tests.Generators;

namespace ProxProp.Engine.Tests.Allocation;

/// <summary>No dense kernel allocates once it has run, on any thread; shapes take every path, alone and shared out.</summary>
[Collection(nameof(AloneInTheProcess))]
public sealed class KernelAllocationTests
{
    public static TheoryData<string, int, bool> Cases()
    {
        var data = new TheoryData<string, int, bool>();
        foreach (string kernel in (string[])["gemm", "gemm-few", "gemm-epilogue", "syrk", "trsm-left", "trsm-right", "cholesky"])
        {
            foreach (int threads in (int[])[1, 3])
            {
                data.Add(kernel, threads, false);
                data.Add(kernel, threads, true);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_kernel_allocates_nothing(string kernel, int threads, bool isDouble)
    {
        if (isDouble)
            Allocates<double>(kernel, threads);
        else
            Allocates<float>(kernel, threads);
    }

    [Fact]
    public void An_allocation_on_a_worker_is_seen()
    {
        using var context = new ComputeContext(2);
        var job = new AllocatingJob();
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => TeamAllocations.AssertNone(context, () => context.Team.Run(64, ref job)));
    }

    private static void Allocates<T>(string kernel, int threads)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        const int N = 150;
        using var context = new ComputeContext(threads);
        Random random = new(1);
        MatrixData<T> a = new MatrixData<T>(N, N).FillUniform(random), b = new MatrixData<T>(N, N).FillUniform(random), c = new(N, N);
        T[] bias = new T[N];
        MatrixData<T> l = SymmetricData.PositiveDefinite<T>(random, N, 1);
        Action action = kernel switch
        {
            "gemm" => () =>
            {
                Gemm.Assign(context, a.View, b.View, c.View);
                Gemm.Accumulate(context, a.View.AsReadOnly.Transposed, b.View, c.View);
                Gemm.Subtract(context, a.View, b.View.AsReadOnly.Transposed, c.View);
            },
            "gemm-few" => () =>
            {
                Gemm.Assign(context, a.View, b.View.Block(0, 0, N, 10), c.View.Block(0, 0, N, 10));
                Gemm.Assign(context, a.View.Block(0, 0, 7, N), b.View, c.View.Block(0, 0, 7, N));
            },
            "gemm-epilogue" => () => Gemm.Assign(context, a.View, b.View, c.View, new Epilogue<T> { ColumnBias = bias, Relu = true }),
            "syrk" => () => Syrk.Assign(context, a.View, c.View),
            "trsm-left" => () =>
            {
                TriangularSolve.SolveLeft(context, l.View, false, c.View);
                TriangularSolve.SolveLeft(context, l.View, true, c.View);
            },
            "trsm-right" => () =>
            {
                TriangularSolve.SolveRight(context, l.View, false, c.View);
                TriangularSolve.SolveRight(context, l.View, true, c.View);
            },
            _ => () => Cholesky.Factor(context, l.View),
        };
        c.Fill((i, j) => 0);
        TeamAllocations.AssertNone(context, action);
    }

    private struct AllocatingJob : Engine.Parallel.IParallelJob
    {
        public readonly void Execute(int item, int worker)
        {
            Thread.Sleep(worker == 0 ? 1 : 0);
            if (worker > 0)
                GC.KeepAlive(new byte[100]);
        }
    }
}
