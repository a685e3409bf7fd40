using ProxProp.Engine.Kernels;
using ProxProp.Engine.Parallel;

namespace ProxProp.Engine.Tests.Allocation;

/// <summary>Managed bytes that each thread of a team has allocated so far: exact counters, which no other thread of the process can disturb.</summary>
internal sealed class TeamAllocations
{
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
        allocations.Read(allocations._before);
        allocations.Read(allocations._before);
        for (int i = 0; i < 20; i++)
            action();
        allocations.Read(allocations._after);
        Assert.Equal(allocations._before, allocations._after);
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
