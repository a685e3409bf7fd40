using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace ProxProp.Engine.Parallel;

/// <summary>Work that a <see cref="WorkerTeam"/> splits into items.</summary>
/// <remarks>
/// Items run in any order on any worker, so their results must not depend on either; that is how results stay the same for every number
/// of threads. <c>worker</c> (0 … <see cref="WorkerTeam.Workers"/> − 1) names private scratch, nothing else.
/// </remarks>
public interface IParallelJob
{
    /// <summary>Does one item.</summary>
    /// <param name="item">0 … items − 1.</param>
    /// <param name="worker">Which worker runs it: an index for private scratch memory only.</param>
    void Execute(int item, int worker);
}

/// <summary>
/// A fixed set of threads, the caller among them, that runs jobs item by item without allocating. One job at a time; not thread-safe.
/// </summary>
/// <remarks>
/// Each worker begins with a share of its own, items that follow each other, and takes from the ends of others' when it has done them. So neighbouring
/// items, whose memory is often near, are done by one processor, and the same ones by the same from job to job, while its caches hold them still.
/// <para/>
/// After a job workers spin for a fraction of a millisecond, because the next one is usually near, then sleep; where there are more of them
/// than processors they sleep at once. A worker that wakes too late for a job stays out of it: the caller never waits for a thread that
/// has not started.
/// </remarks>
public sealed unsafe class WorkerTeam : IDisposable
{
    /// <summary>The most workers of a team.</summary>
    public const int MaxWorkers = 1024;

    private const int SpinMicroseconds = 400;
    private const long Open = 1L << 16;
    private const long ActiveMask = Open - 1;
    private const long EpochUnit = 1L << 17;

    private readonly Thread[] _threads;
    private readonly long _spinTicks;
    private readonly object _sleepGate = new();
    private readonly WorkShare[] _shares;
    private long _state; // epoch · 2^17 + open bit + number of workers inside
    private int _sleepers;
    private int _running;
    private volatile bool _stop;
    private void* _job;
    private delegate*<void*, int, int, void> _execute;
    private Exception? _failure;

    /// <summary>Starts a team.</summary>
    /// <param name="workers">Number of workers with the caller; 0 for one per processor.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="workers"/> is negative or above <see cref="MaxWorkers"/>.</exception>
    /// <exception cref="InsufficientMemoryException">The system gives no more threads; those that were started have ended.</exception>
    public WorkerTeam(int workers = 0)
        : this(workers, static thread => thread.Start())
    {
    }

    /// <summary>A team whose threads are started by <paramref name="start"/>; without threads where it is null.</summary>
    internal WorkerTeam(int workers, Action<Thread>? start)
    {
        Workers = CountOf(workers);
        _spinTicks = Workers <= Environment.ProcessorCount ? SpinMicroseconds * Stopwatch.Frequency / 1_000_000 : 0;
        _threads = [];
        _shares = new WorkShare[Workers];
        if (start is not null)
            _threads = Start(start);
    }

    /// <summary>Number of workers, the calling thread included.</summary>
    public int Workers { get; }

    /// <summary>Number of workers of a team that is asked for so many; 0 for one per processor.</summary>
    internal static int CountOf(int workers)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(workers);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(workers, MaxWorkers);
        return workers == 0 ? Math.Max(1, Environment.ProcessorCount) : workers;
    }

    /// <summary>A team that counts its workers but has no threads, for plans.</summary>
    internal static WorkerTeam ForPlan(int workers) => new(workers, start: null);

    /// <summary>Runs <paramref name="items"/> items and returns when all are done.</summary>
    /// <param name="items">Number of items, 0 or more.</param>
    /// <param name="job">The work; all workers share one copy of it, which is written back in the end.</param>
    /// <exception cref="InvalidOperationException">The team is already running a job.</exception>
    /// <exception cref="ObjectDisposedException">The team was disposed.</exception>
    /// <remarks>The first exception thrown by an item is rethrown here after all workers have left; items not yet started are dropped.</remarks>
    public void Run<TJob>(int items, ref TJob job)
        where TJob : struct, IParallelJob, allows ref struct
    {
        // The workers get the address of a copy on this stack: the caller's own may be a field of an object that the collector moves.
        TJob shared = job;
        Run(items, &Invoke<TJob>, Unsafe.AsPointer(ref shared));
        job = shared;
    }

    /// <summary>Ends the threads.</summary>
    public void Dispose() => End(_threads);

    /// <summary>What tells of a second caller.</summary>
    internal static InvalidOperationException IsRunning() =>
        new("This worker team is already running a job; give each concurrent network a team of its own.");

    private Thread[] Start(Action<Thread> start)
    {
        var threads = new Thread[Workers - 1];
        int started = 0;
        try
        {
            for (; started < threads.Length; started++)
            {
                int worker = started + 1;
                threads[started] = new Thread(() => Loop(worker), 1 << 20) { IsBackground = true, Name = $"ProxProp worker {worker}" };
                start(threads[started]);
            }

            return threads;
        }
        catch (Exception e)
        {
            // Nobody gets this team, so nobody could end them later.
            End(threads.AsSpan(0, started));
            throw new InsufficientMemoryException(
                $"The system started {started} of the {threads.Length} threads that {Workers} workers need beside the caller; take fewer threads.", e);
        }
    }

    private void End(ReadOnlySpan<Thread> threads)
    {
        _stop = true;
        Wake();
        foreach (Thread thread in threads)
            thread.Join();
    }

    private static void Invoke<TJob>(void* job, int item, int worker)
        where TJob : struct, IParallelJob, allows ref struct => Unsafe.AsRef<TJob>(job).Execute(item, worker);

    // Compiled once for all kinds of jobs.
    private void Run(int items, delegate*<void*, int, int, void> execute, void* job)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(items);
        ObjectDisposedException.ThrowIf(_stop, this);
        if (Interlocked.Exchange(ref _running, 1) != 0)
            throw IsRunning();
        try
        {
            if (_threads.Length == 0 || items <= 1)
            {
                for (int i = 0; i < items; i++)
                    execute(job, i, 0);
                return;
            }

            RunShared(items, execute, job);
        }
        finally
        {
            Volatile.Write(ref _running, 0);
        }

        if (_failure is { } failure)
        {
            _failure = null;
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }
    }

    private void RunShared(int items, delegate*<void*, int, int, void> execute, void* job)
    {
        _job = job;
        _execute = execute;
        WorkShare.Divide(items, _shares);
        Interlocked.Add(ref _state, EpochUnit | Open);
        try
        {
            if (Volatile.Read(ref _sleepers) > 0)
                Wake();
        }
        finally
        {
            // Whatever happens, as the interruption of this thread while it waits for the gate: the job is on its stack.
            Work(0);
            Interlocked.Add(ref _state, -Open);
            SpinWait spinner = default;
            while ((Volatile.Read(ref _state) & ActiveMask) != 0)
                spinner.SpinOnce(sleep1Threshold: -1);
        }
    }

    private void Wake()
    {
        lock (_sleepGate)
            Monitor.PulseAll(_sleepGate);
    }

    private void Work(int worker)
    {
        try
        {
            for (int item; (item = WorkShare.Take(_shares, worker)) >= 0;)
                _execute(_job, item, worker);
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref _failure, e, null);
            WorkShare.Divide(0, _shares);
        }
    }

    private void Loop(int worker)
    {
        long seen = 0;
        while (!_stop)
        {
            long state = AwaitEpochAfter(seen);
            seen = state / EpochUnit;
            // Enter only while the job is open: after the caller has closed it, its stack frame may be gone.
            while ((state & Open) != 0 && state / EpochUnit == seen)
            {
                long before = Interlocked.CompareExchange(ref _state, state + 1, state);
                if (before == state)
                {
                    Work(worker);
                    Interlocked.Decrement(ref _state);
                    break;
                }

                state = before;
            }
        }
    }

    private long AwaitEpochAfter(long seen)
    {
        long limit = Stopwatch.GetTimestamp() + _spinTicks;
        while (Stopwatch.GetTimestamp() < limit)
        {
            long state = Volatile.Read(ref _state);
            if (state / EpochUnit != seen || _stop)
                return state;
            Thread.SpinWait(4);
        }

        lock (_sleepGate)
        {
            Interlocked.Increment(ref _sleepers);
            while (Volatile.Read(ref _state) / EpochUnit == seen && !_stop)
                Monitor.Wait(_sleepGate);
            Interlocked.Decrement(ref _sleepers);
            return Volatile.Read(ref _state);
        }
    }
}
