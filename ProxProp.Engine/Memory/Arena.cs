namespace ProxProp.Engine.Memory;

/// <summary>One named reservation of an <see cref="Arena"/>.</summary>
/// <param name="Name">What the buffer holds, as <c>proxprop plan</c> prints it.</param>
/// <param name="Bytes">Size in bytes, without padding.</param>
/// <param name="Scratch">True where the buffer lives only inside one scratch scope and shares its memory with the other scopes.</param>
/// <param name="Owner">Whose it is, a layer for example.</param>
/// <param name="Purpose">What it is for.</param>
public readonly record struct ArenaEntry(string Name, long Bytes, bool Scratch, string Owner, BufferPurpose Purpose)
{
    /// <summary>Where it begins, among the persistent reservations or in the region that scopes share.</summary>
    internal long Offset { get; init; }
}

/// <summary>What memory is for.</summary>
public enum BufferPurpose
{
    /// <summary>What none of the others says.</summary>
    Other,

    /// <summary>The parameters.</summary>
    Parameters,

    /// <summary>Outputs of layers, kept from the forward pass to the backward pass.</summary>
    Activations,

    /// <summary>A layer's own state and scratch.</summary>
    Layer,

    /// <summary>Derivatives on their way back, and directions.</summary>
    Gradients,

    /// <summary>Gram matrices, factors and vectors of solvers.</summary>
    Solver,

    /// <summary>What is touched only where something else fails: planned, but as a rule never taken from the machine.</summary>
    Standby,

    /// <summary>What an optimizer keeps from step to step.</summary>
    Optimizer,

    /// <summary>Samples and labels.</summary>
    Data,

    /// <summary>A copy of good parameters.</summary>
    Copy,

    /// <summary>Panels that matrix products pack, and scratch of kernels.</summary>
    Packing,
}

/// <summary>
/// The memory of one network: reserve everything by name first, then <see cref="Commit"/> once. After that nothing is allocated.
/// </summary>
/// <remarks>
/// Reservations made inside a <see cref="Scratch"/> scope hold their content only while that scope's owner works; all scopes start at the
/// same address, so the arena pays for the largest of them. Every slot starts on a cache line.
/// </remarks>
public sealed unsafe class Arena : IDisposable
{
    private const int Line = PinnedBytes.Line;
    private readonly List<ArenaEntry> _entries = [];
    private long _persistent;
    private long _scratch;
    private long _scratchInUse;
    private long _persistentStandby;
    private bool _inScratch;
    private PinnedBytes _memory;
    private bool _disposed;

    /// <summary>Whose the next reservations are.</summary>
    public string Owner { get; private set; } = string.Empty;

    /// <summary>What the next reservations are for.</summary>
    public BufferPurpose Purpose { get; private set; }

    /// <summary>Says whose the next reservations are, and what for.</summary>
    public void Label(string owner, BufferPurpose purpose) => (Owner, Purpose) = (owner, purpose);

    /// <summary>All reservations in the order they were made.</summary>
    public IReadOnlyList<ArenaEntry> Entries => _entries;

    /// <summary>Bytes that <see cref="Commit"/> allocates: persistent slots plus the largest scratch scope.</summary>
    public long TotalBytes => _persistent + _scratch;

    /// <summary>Bytes of the region that the scratch scopes share.</summary>
    public long ScratchBytes => _scratch;

    /// <summary>Bytes that stay untouched as long as no <see cref="BufferPurpose.Standby"/> buffer is used, those told by <see cref="Use{T}"/> aside.</summary>
    public long StandbyBytes => _persistentStandby + _scratch - _scratchInUse;

    /// <summary>The reservations that do not stand by.</summary>
    internal IEnumerable<ArenaEntry> Touched => _entries.Where(e => e.Purpose != BufferPurpose.Standby);

    /// <summary>Where the next scratch reservation begins.</summary>
    internal long ScratchEnd { get; set; }

    /// <summary>Whether <see cref="Commit"/> was called.</summary>
    public bool IsCommitted => !_memory.IsEmpty;

    /// <summary>Reserves room for <paramref name="count"/> elements.</summary>
    /// <param name="name">What the buffer holds.</param>
    /// <param name="count">Number of elements, 0 or more.</param>
    /// <param name="keep">Inside a scratch scope: memory of its own all the same, whose content outlives the scope's work.</param>
    /// <exception cref="InvalidOperationException">The arena is already committed.</exception>
    public Slot<T> Reserve<T>(string name, long count, bool keep = false)
        where T : unmanaged
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (count > int.MaxValue)
            throw new ArgumentException($"Buffer '{name}' would have {count} elements, more than {int.MaxValue}; take a smaller batch or layer.", nameof(count));
        if (IsCommitted || _disposed)
            throw new InvalidOperationException($"Buffer '{name}' was reserved after the arena had been committed.");
        long bytes = count * sizeof(T);
        long padded = (bytes + Line - 1) / Line * Line;
        bool scratch = _inScratch && !keep;
        long offset;
        if (scratch)
        {
            offset = ScratchEnd;
            ScratchEnd += padded;
            _scratch = Math.Max(_scratch, ScratchEnd);
            if (Purpose != BufferPurpose.Standby)
                _scratchInUse = Math.Max(_scratchInUse, ScratchEnd);
        }
        else
        {
            offset = _persistent;
            _persistent += padded;
            _persistentStandby += Purpose == BufferPurpose.Standby ? padded : 0;
        }

        _entries.Add(new ArenaEntry(name, bytes, scratch, Owner, Purpose) { Offset = offset });
        return new Slot<T>(this, offset, (int)count, scratch);
    }

    /// <summary>Tells that a buffer of a scratch scope which was reserved to stand by will be used, so that <see cref="StandbyBytes"/> leaves it out.</summary>
    public void Use<T>(Slot<T> slot)
        where T : unmanaged => _scratchInUse = Math.Max(_scratchInUse, slot.ScratchEnd);

    /// <summary>Opens a scope whose reservations share memory with those of all other scopes. A scope within a scope is part of that one.</summary>
    public ScratchScope Scratch()
    {
        if (_inScratch)
            return default;
        _inScratch = true;
        ScratchEnd = 0;
        return new ScratchScope(this);
    }

    /// <summary>
    /// Opens alternatives within a scratch scope: what is reserved before and after each <see cref="ScratchAlternatives.Or"/> is never used at one
    /// time and begins at one address. Outside a scratch scope all of it is apart.
    /// </summary>
    public ScratchAlternatives Either() => new(this);

    /// <summary>Allocates and zeroes everything that was reserved.</summary>
    /// <exception cref="InvalidOperationException">The arena is already committed.</exception>
    public void Commit()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (IsCommitted)
            throw new InvalidOperationException("The arena is already committed.");
        _memory = new PinnedBytes(TotalBytes);

        // Slot by slot: a page that were in use in part would take more from the machine than is planned.
        foreach (ArenaEntry entry in Touched)
            HugePages.Ask(_memory.Pointer + entry.Offset + (entry.Scratch ? _persistent : 0), entry.Bytes);
    }

    /// <summary>Gives the memory back as soon as no span of it is in use; slots throw from now on.</summary>
    public void Dispose()
    {
        _memory = default;
        _disposed = true;
    }

    internal Span<T> Resolve<T>(long offset, int count, bool scratch)
        where T : unmanaged
    {
        PinnedBytes memory = _memory; // read once: another thread may dispose this arena meanwhile
        if (memory.IsEmpty)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            throw new InvalidOperationException("The arena has not been committed yet.");
        }

        return memory.Span<T>(offset + (scratch ? _persistent : 0), count);
    }

    private void EndScratch() => _inScratch = false;

    /// <summary>Closes the scope when disposed.</summary>
    public readonly struct ScratchScope : IDisposable
    {
        private readonly Arena? _arena;

        internal ScratchScope(Arena arena) => _arena = arena;

        /// <summary>Ends the scope.</summary>
        public void Dispose() => _arena?.EndScratch();
    }
}

/// <summary>Reservations of a scratch scope of which one is used at a time; see <see cref="Arena.Either"/>.</summary>
public ref struct ScratchAlternatives
{
    private readonly Arena _arena;
    private readonly long _start;
    private long _end;

    internal ScratchAlternatives(Arena arena)
    {
        _arena = arena;
        _start = _end = arena.ScratchEnd;
    }

    /// <summary>Begins the next alternative.</summary>
    public void Or()
    {
        _end = Math.Max(_end, _arena.ScratchEnd);
        _arena.ScratchEnd = _start;
    }

    /// <summary>Ends them; what is reserved next in the scope lies behind the largest.</summary>
    public void Dispose() => _arena.ScratchEnd = Math.Max(_end, _arena.ScratchEnd);
}

/// <summary>A named piece of an <see cref="Arena"/>, usable once the arena is committed.</summary>
/// <typeparam name="T">Element type.</typeparam>
public readonly struct Slot<T>
    where T : unmanaged
{
    private readonly Arena? _arena;
    private readonly long _offset;
    private readonly bool _scratch;

    internal Slot(Arena arena, long offset, int length, bool scratch)
    {
        _arena = arena;
        _offset = offset;
        Length = length;
        _scratch = scratch;
    }

    /// <summary>Number of elements.</summary>
    public int Length { get; }

    /// <summary>Where it ends in the region that scratch scopes share; 0 for a slot that is not there.</summary>
    internal unsafe long ScratchEnd => _scratch ? _offset + ((long)Length * sizeof(T)) : 0;

    /// <summary>The elements; empty for a default slot.</summary>
    /// <exception cref="InvalidOperationException">The arena has not been committed yet.</exception>
    public Span<T> Span => _arena is null ? default : _arena.Resolve<T>(_offset, Length, _scratch);
}
