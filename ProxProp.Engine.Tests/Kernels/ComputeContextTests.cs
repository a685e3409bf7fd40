using System.Runtime.CompilerServices;
using ProxProp.Engine.Kernels;

namespace ProxProp.Engine.Tests.Kernels;

/// <summary>The packing memory of a context stays as long as a kernel works with it, and no longer.</summary>
public sealed class ComputeContextTests
{
    /// <summary>Against the rules, but such a mistake must not write to memory that belongs to others by now.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Disposed_while_another_thread_computes_it_leaves_the_memory_to_it(bool solves)
    {
        int n = solves ? 256 : 1500, columns = solves ? 40_000 : n;
        double[] a = new double[n * n], b = new double[n * columns], c = new double[solves ? 0 : n * columns];
        for (int i = 0; i < n; i++)
            a[(i * n) + i] = 1;
        for (int attempt = 0; attempt < 20; attempt++)
        {
            var compute = new ComputeContext(1);
            WeakReference memory = MemoryOf(compute);
            using var started = new ManualResetEventSlim();
            var thread = new Thread(() =>
            {
                started.Set();
                if (solves)
                    Record.Exception(() => TriangularSolve.SolveLeft(compute, new ReadOnlyMatrix<double>(a, n, n), false, new Matrix<double>(b, n, columns)));
                else
                    Record.Exception(() => Multiply(compute, a, b, c, n));
            });
            thread.Start();
            started.Wait();
            Thread.Sleep(10);
            compute.Dispose();
            GC.Collect();
            bool kept = memory.IsAlive;
            thread.Join();
            GC.Collect();
            Assert.False(memory.IsAlive);
            if (kept)
                return; // or it had ended before the collection, or not begun before the end of its context
        }

        Assert.Fail("No kernel kept its memory through a collection.");
    }

    [Fact]
    public void Disposed_or_for_planning_it_computes_nothing()
    {
        var numbers = new double[4];
        using ComputeContext plan = ComputeContext.ForPlan(1);
        Assert.Throws<InvalidOperationException>(() => Multiply(plan, numbers, numbers, new double[4], 2));
        var compute = new ComputeContext(1);
        compute.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Multiply(compute, numbers, numbers, new double[4], 2));
        Assert.False(compute.IsPlan);
    }

    private static void Multiply(ComputeContext compute, double[] a, double[] b, double[] c, int n) =>
        Gemm.Assign(compute, new ReadOnlyMatrix<double>(a, n, n), new ReadOnlyMatrix<double>(b, n, n), new Matrix<double>(c, n, n));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference MemoryOf(ComputeContext compute) => compute.Workspace.Watch();
}
