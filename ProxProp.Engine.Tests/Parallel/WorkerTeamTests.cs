using ProxProp.Engine.Parallel;

namespace ProxProp.Engine.Tests.Parallel;

public sealed class WorkerTeamTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    public void Every_item_runs_exactly_once_whatever_the_number_of_workers(int workers)
    {
        using WorkerTeam team = new(workers);
        Assert.Equal(workers, team.Workers);
        int[] counts = new int[1000];
        for (int repeat = 0; repeat < 300; repeat++)
        {
            int items = repeat * 7 % counts.Length;
            Array.Clear(counts);
            CountingJob job = new() { Counts = counts, Workers = workers };
            team.Run(items, ref job);
            Assert.Equal(items, counts.Sum());
            Assert.All(counts.Take(items), count => Assert.Equal(1, count));
        }
    }

    [Fact]
    public void Jobs_in_quick_and_slow_succession_find_the_workers_spinning_or_asleep()
    {
        using WorkerTeam team = new(4);
        int[] counts = new int[64];
        CountingJob job = new() { Counts = counts, Workers = 4 };
        for (int repeat = 1; repeat <= 60; repeat++)
        {
            team.Run(counts.Length, ref job);
            Assert.All(counts, count => Assert.Equal(repeat, count));
            if (repeat % 20 == 0)
                Thread.Sleep(5);
        }
    }

    /// <summary>Each item waits for the others, so a worker that sleeps through the job is missed.</summary>
    [Fact]
    public void Workers_that_sleep_are_woken()
    {
        int workers = Math.Max(4, Environment.ProcessorCount + 1);
        using WorkerTeam team = new(workers);
        for (int repeat = 0; repeat < 5; repeat++)
        {
            Thread.Sleep(20);
            var job = new MeetingJob { All = new CountdownEvent(workers), Until = Environment.TickCount64 + 20_000, Missed = new int[1] };
            using (job.All)
            {
                team.Run(workers, ref job);
                Assert.True(job.Missed[0] == 0, $"the first of {workers} workers waited for others in vain");
            }
        }
    }

    [Fact]
    public void Items_not_yet_started_are_dropped_after_an_exception()
    {
        using WorkerTeam team = new(2);
        int[] counts = new int[10_000];
        FirstFailsJob job = new() { Counts = counts };
        Assert.Throws<InvalidOperationException>(() => team.Run(counts.Length, ref job));
        Assert.InRange(counts.Sum(), 0, counts.Length / 2);
    }

    [Fact]
    public void Writes_of_the_caller_are_seen_by_items_and_writes_of_items_by_the_caller()
    {
        using WorkerTeam team = new(3);
        long[] cells = new long[257];
        AddingJob job = new() { Cells = cells };
        for (int repeat = 1; repeat <= 2000; repeat++)
        {
            job.Amount = repeat;
            team.Run(cells.Length, ref job);
        }

        Assert.All(cells, cell => Assert.Equal(2000L * 2001 / 2, cell));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void The_first_exception_reaches_the_caller_and_the_team_stays_usable(int workers)
    {
        using WorkerTeam team = new(workers);
        for (int repeat = 0; repeat < 50; repeat++)
        {
            FailingJob failing = new() { Item = repeat };
            InvalidOperationException e = Assert.Throws<InvalidOperationException>(() => team.Run(100, ref failing));
            Assert.Equal($"item {repeat}", e.Message);
            int[] counts = new int[100];
            CountingJob counting = new() { Counts = counts, Workers = workers };
            team.Run(100, ref counting);
            Assert.All(counts, count => Assert.Equal(1, count));
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 5)]
    [InlineData(3, 1)]
    [InlineData(3, 5)]
    public void A_job_inside_a_job_of_the_same_team_is_refused(int workers, int items)
    {
        using WorkerTeam team = new(workers);
        NestingJob job = new() { Team = team };
        InvalidOperationException e = Assert.Throws<InvalidOperationException>(() => team.Run(items, ref job));
        Assert.Contains("already running a job", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_thread_is_refused_while_a_job_runs()
    {
        using WorkerTeam team = new(2);
        using ManualResetEventSlim started = new(), release = new();
        Thread first = new(() =>
        {
            WaitingJob job = new() { Started = started, Release = release };
            team.Run(1, ref job);
        });
        first.Start();
        started.Wait();
        CountingJob other = new() { Counts = new int[3], Workers = 2 };
        Assert.Throws<InvalidOperationException>(() => team.Run(3, ref other));
        release.Set();
        first.Join();
        team.Run(3, ref other);
        Assert.All(other.Counts, count => Assert.Equal(1, count));
    }

    [Fact]
    public void A_job_in_an_object_that_the_collector_moves_keeps_what_items_write_to_it()
    {
        using WorkerTeam team = new(2);
        object?[] before = [.. Enumerable.Range(0, 2000).Select(_ => new byte[500])];
        var holder = new Holder();
        Array.Clear(before);
        team.Run(1000, ref holder.Job);
        Assert.Equal(999 * 1000 / 2, holder.Job.Total);
    }

    [Fact]
    public void Bad_arguments_and_a_disposed_team_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new WorkerTeam(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new WorkerTeam(1025));
        WorkerTeam team = new(2);
        CountingJob job = new() { Counts = new int[3], Workers = 2 };
        Assert.Throws<ArgumentOutOfRangeException>(() => team.Run(-1, ref job));
        team.Dispose();
        Assert.Throws<ObjectDisposedException>(() => team.Run(3, ref job));
    }

    [Fact]
    public void Threads_that_were_started_end_where_the_next_cannot_be()
    {
        var started = new List<Thread>();
        InsufficientMemoryException e = Assert.Throws<InsufficientMemoryException>(() => new WorkerTeam(5, thread =>
        {
            if (started.Count == 3)
                throw new ThreadStateException("no more");
            thread.Start();
            started.Add(thread);
        }));
        Assert.Contains("started 3 of the 4 threads that 5 workers need", e.Message, StringComparison.Ordinal);
        Assert.IsType<ThreadStateException>(e.InnerException);
        Assert.All(started, thread => Assert.False(thread.IsAlive));
    }

    private struct CountingJob : IParallelJob
    {
        public int[] Counts;
        public int Workers;

        public readonly void Execute(int item, int worker)
        {
            if (worker < 0 || worker >= Workers)
                throw new ArgumentOutOfRangeException(nameof(worker));
            Interlocked.Increment(ref Counts[item]);
        }
    }

    private struct AddingJob : IParallelJob
    {
        public long[] Cells;
        public long Amount;

        // Not interlocked on purpose: the team itself must order these writes from job to job.
        public readonly void Execute(int item, int worker) => Cells[item] += Amount;
    }

    private struct FailingJob : IParallelJob
    {
        public int Item;

        public readonly void Execute(int item, int worker)
        {
            if (item == Item)
                throw new InvalidOperationException($"item {item}");
        }
    }

    private struct NestingJob : IParallelJob
    {
        public WorkerTeam Team;

        public readonly void Execute(int item, int worker)
        {
            CountingJob inner = new() { Counts = new int[1], Workers = Team.Workers };
            Team.Run(1, ref inner);
        }
    }

    private struct MeetingJob : IParallelJob
    {
        public CountdownEvent All;
        public long Until;
        public int[] Missed;

        public readonly void Execute(int item, int worker)
        {
            All.Signal();
            if (!All.Wait((int)Math.Max(0, Until - Environment.TickCount64)))
                Interlocked.Increment(ref Missed[0]);
        }
    }

    private struct FirstFailsJob : IParallelJob
    {
        public int[] Counts;

        public readonly void Execute(int item, int worker)
        {
            if (item == 0)
                throw new InvalidOperationException("the first item");
            Thread.Sleep(1);
            Counts[item]++;
        }
    }

    private sealed class Holder
    {
        public TotalJob Job;
    }

    private struct TotalJob : IParallelJob
    {
        public int Total;

        // The first item moves all that can be moved.
        public void Execute(int item, int worker)
        {
            if (item == 0)
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
            Interlocked.Add(ref Total, item);
        }
    }

    private struct WaitingJob : IParallelJob
    {
        public ManualResetEventSlim Started, Release;

        public readonly void Execute(int item, int worker)
        {
            Started.Set();
            Release.Wait();
        }
    }
}
