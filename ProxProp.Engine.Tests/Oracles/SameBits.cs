using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Tests.Generators;

namespace ProxProp.Engine.Tests.Oracles;

/// <summary>The contract of all kernels: the same bits for every width and number of threads, and nothing allocated.</summary>
public static class SameBits
{
    /// <summary>Runs a kernel on every context; fails unless all results agree to the bit (NaN being equal to NaN). Returns the result.</summary>
    public static T[] Everywhere<T>(Func<ComputeContext, T[]> run)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[]? expected = null;
        foreach (ComputeContext context in Contexts.All())
        {
            using (context)
            {
                T[] found = run(context);
                expected ??= found;
                Assert.Equal(expected.Length, found.Length);
                for (int i = 0; i < found.Length; i++)
                {
                    if (!Agree(expected[i], found[i]))
                        Assert.Fail($"{context.Width}, {context.Team.Workers} threads: element {i} is {found[i]:R} instead of {expected[i]:R}.");
                }
            }
        }

        return expected!;
    }

    /// <summary>Fails if ten calls after the first always allocate on the calling thread.</summary>
    /// <remarks>
    /// A collection that another test causes gives the unused rest of this thread's allocation block up and counts it as allocated, so one
    /// clean round is what a kernel that allocates cannot have and every other soon has.
    /// </remarks>
    public static void AllocatesNothing(Action kernel)
    {
        const int Rounds = 20;
        kernel();
        long allocated = 0;
        for (int round = 0; round < Rounds; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 10; i++)
                kernel();
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            if (allocated == 0)
                return;
        }

        Assert.Fail($"Ten calls allocated {allocated} bytes in each of {Rounds} rounds.");
    }

    private static bool Agree<T>(T a, T b)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        (T.IsNaN(a) && T.IsNaN(b))
        || (typeof(T) == typeof(float)
            ? Unsafe.BitCast<T, int>(a) == Unsafe.BitCast<T, int>(b)
            : Unsafe.BitCast<T, long>(a) == Unsafe.BitCast<T, long>(b));
}
