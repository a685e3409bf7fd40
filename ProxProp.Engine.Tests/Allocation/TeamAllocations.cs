using ProxProp.Engine.Kernels;
using ProxProp.Engine.Parallel;

namespace ProxProp.Engine.Tests.Allocation;

/// <summary>Managed bytes that each thread of a team has allocated so far.</summary>
/// <remarks>
/// No other thread allocates in the name of these, but a collection, in the background too, counts what is left of a thread's allocation buffer
/// (up to 8 KB) as allocated. So runs are counted one by one; one across a collection is done again, and a single other one may be such.
/// </remarks>
internal sealed class TeamAllocations
{
    private const int CleanRuns = 20;
    private const int MostAttempts = 200;

    private readonly WorkerTeam _team;
    private readonly long[] _before;
    private readonly long[] _after;
    private readonly int[] _arrived = new int[1];

    private TeamAllocations(WorkerTeam team)
    {
        _team = team;
        _before = new long[team.Workers];
        _after = new long[team.Workers];
    }

    /// <summary>Fails unless, after warm-up, no run of the action allocates a byte on the caller's thread or any worker's.</summary>
    public static void AssertNone(ComputeContext context, Action action)
    {
        var allocations = new TeamAllocations(context.Team);
        for (int i = 0; i < 40; i++)
            action();
        GC.Collect();
        int clean = 0, unexplained = 0;
        for (int attempt = 0; clean < CleanRuns && attempt < MostAttempts; attempt++)
        {
            int collections = GC.CollectionCount(0);
            allocations.Read(allocations._before);
            allocations.Read(allocations._before);
            action();
            allocations.Read(allocations._after);
            bool isClean = allocations._before.AsSpan().SequenceEqual(allocations._after);
            if (!isClean && GC.CollectionCount(0) == collections && ++unexplained > 1)
                Assert.Equal(allocations._before, allocations._after);
            clean += isClean ? 1 : 0;
        }

        Assert.Equal(CleanRuns, clean);
    }

    // Each worker takes one item, since none leaves before all have come.
    private void Read(long[] bytes)
    {
        _arrived[0] = 0;
        var job = new ReadJob { Bytes = bytes, Arrived = _arrived };
        _team.Run(bytes.Length, ref job);
    }

    private struct ReadJob : IParallelJob
    {
        public long[] Bytes;
        public int[] Arrived;

        public readonly void Execute(int item, int worker)
        {
            Interlocked.Increment(ref Arrived[0]);
            while (Volatile.Read(ref Arrived[0]) < Bytes.Length)
                Thread.Yield();
            Bytes[worker] = GC.GetAllocatedBytesForCurrentThread();
        }
    }
}
