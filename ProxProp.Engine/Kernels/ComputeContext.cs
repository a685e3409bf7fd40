using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Parallel;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>What kernels run on: a worker team, a vector width, and the memory for packed panels. One per network; one caller at a time.</summary>
public sealed class ComputeContext : IDisposable
{
    private static long BytesPerWorker => GemmBlocking.PrivatePanelBytes;

    /// <summary>The most rows of a matrix product's left operand that are packed at a time.</summary>
    public const int MostPackedRows = GemmBlocking.SharedRows;

    /// <summary>The fewest.</summary>
    public const int FewestPackedRows = GemmBlocking.FewestSharedRows;

    private readonly PackingPlan _packing;
    private readonly long _rowBytes;
    private readonly long _ownBytes;
    private PinnedBytes _workspace;
    private ComputeContext[] _solo = [];
    private int _owner; // managed id of the thread that has claimed this context; 0 for none

    /// <summary>Starts the workers and allocates the packing memory.</summary>
    /// <param name="threads">Number of threads with the caller; 0 for one per processor. Results do not depend on it.</param>
    /// <param name="width">Vector width; null for the widest that is accelerated. Results do not depend on it.</param>
    /// <param name="packedRows">
    /// Rows of a matrix product's left operand that are packed at a time: fewer take less memory, 4 KiB each or, with one thread, 2 KiB, and more
    /// time. Results do not depend on it.
    /// </param>
    /// <exception cref="ArgumentException">The width is not compiled into this program (see <see cref="SimdSupport.IsCompiled"/>).</exception>
    /// <exception cref="OutOfMemoryException">The system gives no more threads or memory; no thread is left running.</exception>
    public ComputeContext(int threads = 0, SimdWidth? width = null, int packedRows = MostPackedRows)
        : this(CheckRows(packedRows), Compiled(width), WorkerTeam.CountOf(threads), isPlan: false)
    {
    }

    private ComputeContext(int packedRows, SimdWidth width, int workers, bool isPlan)
    {
        PackedRows = packedRows;
        Width = width;
        // A worker that is alone packs no rows before it needs them.
        _rowBytes = (workers == 1 ? 1 : 2) * GemmBlocking.RowPanelBytes(packedRows);
        _ownBytes = SharedBytes + (BytesPerWorker * workers);
        _packing = new PackingPlan(packedRows, width, workers);
        IsPlan = isPlan;
        // Memory first: where it is refused, no thread has been started that nobody could end.
        _workspace = isPlan ? default : new PinnedBytes(_ownBytes);
        Team = isPlan ? WorkerTeam.ForPlan(workers) : new WorkerTeam(workers);
    }

    /// <summary>The workers.</summary>
    public WorkerTeam Team { get; }

    /// <summary>The vector width in force.</summary>
    public SimdWidth Width { get; }

    /// <summary>Rows of a matrix product's left operand that are packed at a time.</summary>
    public int PackedRows { get; }

    /// <summary>Bytes of packing memory that this context holds.</summary>
    public long WorkspaceBytes
    {
        get
        {
            long bytes = _ownBytes;
            foreach (ComputeContext solo in _solo)
                bytes += solo.WorkspaceBytes;
            return bytes;
        }
    }

    /// <summary>Bytes of <see cref="WorkspaceBytes"/> that the products declared by <see cref="Expect"/> leave untouched, so that the machine never gives them.</summary>
    public long StandbyBytes
    {
        get
        {
            long bytes = Math.Max(0, _ownBytes - _packing.Bytes);
            foreach (ComputeContext solo in _solo)
                bytes += solo.StandbyBytes;
            return bytes;
        }
    }

    /// <summary>Whether this context is for planning alone: what is built on it knows its buffers, but has none and cannot compute.</summary>
    public bool IsPlan { get; }

    /// <summary>A context for planning alone, as large as one of <paramref name="threads"/> threads; it allocates nothing.</summary>
    /// <param name="threads">Number of threads; 0 for one per processor.</param>
    /// <param name="packedRows">As in <see cref="ComputeContext(int, SimdWidth?, int)"/>.</param>
    public static ComputeContext ForPlan(int threads = 0, int packedRows = MostPackedRows) =>
        new(CheckRows(packedRows), SimdSupport.Widest, WorkerTeam.CountOf(threads), isPlan: true);

    /// <summary>
    /// Claims this context for the calling thread: jobs of two networks that take turns would not collide, but they would share packing memory. What
    /// the thread claims once more is the first claim's.
    /// </summary>
    /// <exception cref="InvalidOperationException">Another thread has claimed it.</exception>
    internal ContextClaim Claim()
    {
        int thread = Environment.CurrentManagedThreadId;
        if (Volatile.Read(ref _owner) == thread)
            return default;
        return Interlocked.CompareExchange(ref _owner, thread, 0) == 0 ? new ContextClaim(this) : throw WorkerTeam.IsRunning();
    }

    /// <summary>Ends the claim.</summary>
    internal void GiveUp() => Volatile.Write(ref _owner, 0);

    /// <summary>Declares a product C = A·B that will be computed, so that memory plans count what it packs. Nothing else depends on it.</summary>
    /// <typeparam name="T">float or double.</typeparam>
    /// <param name="m">Rows of A and C.</param>
    /// <param name="n">Columns of B and C.</param>
    /// <param name="k">Columns of A, rows of B.</param>
    /// <param name="transposed">Whether A is a transposed view.</param>
    public void Expect<T>(int m, int n, int k, bool transposed = false)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => _packing.Add(m, n, k, Unsafe.SizeOf<T>(), transposed);

    /// <summary>Makes <see cref="Solo"/> ready for products with so many rows on the left.</summary>
    internal void PrepareSolo(int rows)
    {
        rows = Math.Clamp(GemmBlocking.Whole(rows, GemmBlocking.TallestTile), FewestPackedRows, PackedRows);
        if (_solo.Length > 0 && _solo[0].PackedRows >= rows)
            return;
        foreach (ComputeContext context in _solo)
            context.Dispose();
        _solo = [];
        var solo = new ComputeContext[Team.Workers];
        for (int worker = 0; worker < solo.Length; worker++)
            solo[worker] = IsPlan ? ForPlan(1, rows) : new ComputeContext(1, Width, rows);
        _solo = solo;
    }

    /// <summary>The context of one worker alone, for jobs whose items are whole computations; see <see cref="PrepareSolo"/>.</summary>
    internal ComputeContext Solo(int worker) => _solo[worker];

    private long SharedBytes => _rowBytes + (2 * GemmBlocking.ColumnPanelBytes);

    /// <summary>
    /// The packing memory. Kernels reach it by address, from any worker, so the one that runs them keeps it (<see cref="PinnedBytes.Keep"/>) until they are
    /// done: a context that is disposed meanwhile must not give away memory that is written to.
    /// </summary>
    internal PinnedBytes Workspace
    {
        get
        {
            PinnedBytes memory = _workspace;
            return memory.IsEmpty ? throw NoMemory() : memory;
        }
    }

    /// <summary>Packed rows; there are two buffers, 0 and 1, and the first alone where there is but one worker.</summary>
    internal unsafe byte* SharedRowPanels(int buffer) => Workspace.Pointer + (buffer * GemmBlocking.RowPanelBytes(PackedRows));

    /// <summary>Packed columns of products that have few of them; there are two buffers, 0 and 1.</summary>
    internal unsafe byte* SharedColumnPanels(int buffer) => Workspace.Pointer + _rowBytes + (buffer * GemmBlocking.ColumnPanelBytes);

    /// <summary>Private memory of one worker for the length of one item; 256 KiB.</summary>
    internal unsafe byte* WorkerScratch(int worker) => Workspace.Pointer + SharedBytes + (worker * BytesPerWorker);

    /// <summary>Ends the workers and frees the packing memory; where another thread computes with it against the rules, as soon as that has ended.</summary>
    public void Dispose()
    {
        Team.Dispose();
        _workspace = default;
        foreach (ComputeContext context in _solo)
            context.Dispose();
    }

    private Exception NoMemory() => IsPlan
        ? new InvalidOperationException("This compute context is for planning; it has no memory to compute with.")
        : new ObjectDisposedException(GetType().FullName);

    private static SimdWidth Compiled(SimdWidth? width) => width is not { } asked ? SimdSupport.Widest
        : SimdSupport.IsCompiled(asked) ? asked
        : throw SimdSupport.NotCompiled(asked, nameof(width));

    private static int CheckRows(int rows) => rows is >= FewestPackedRows and <= MostPackedRows
        ? rows
        : throw new ArgumentOutOfRangeException(nameof(rows), rows, $"{FewestPackedRows} to {MostPackedRows} rows can be packed at a time.");
}
