namespace ProxProp.Native;

/// <summary>What a handle stands for. One call at a time: a network and its trainers share the claim on the network.</summary>
internal abstract class NativeObject
{
    private int _claimed;

    /// <summary>"network" or "trainer".</summary>
    public abstract string Kind { get; }

    /// <summary>What is claimed while this object is used.</summary>
    public virtual NativeObject Claimed => this;

    public bool IsClosed { get; set; }

    public bool TryClaim() => Interlocked.CompareExchange(ref _claimed, 1, 0) == 0;

    public void Release() => Volatile.Write(ref _claimed, 0);
}

/// <summary>An object in use; others are refused until it is disposed.</summary>
internal readonly ref struct Lease<TObject>(TObject value)
    where TObject : NativeObject
{
    public TObject Value { get; } = value;

    public void Dispose() => Value.Claimed.Release();
}

/// <summary>The open handles. A handle is a number that is given out once, so a closed or invented one is known as such.</summary>
internal static class Handles
{
    // Not multiples of a pointer's size: such a number is no address by accident.
    private const nint First = 0x5001;
    private const nint Step = 0x10;

    private static readonly Lock Gate = new();
    private static readonly Dictionary<nint, NativeObject> Open = [];
    private static nint _next = First;

    public static nint Add(NativeObject value)
    {
        lock (Gate)
        {
            nint handle = _next;
            _next += Step;
            Open.Add(handle, value);
            return handle;
        }
    }

    /// <summary>Claims the object behind a handle.</summary>
    /// <exception cref="StatusException">It is none, of another kind, or in use.</exception>
    public static Lease<TObject> Enter<TObject>(nint handle, string argument)
        where TObject : NativeObject
    {
        NativeObject? found;
        lock (Gate)
            Open.TryGetValue(handle, out found);
        if (found is null)
        {
            throw new StatusException(Status.InvalidHandle, handle == 0
                ? $"'{argument}' is null; expected an open {argument}."
                : $"'{argument}' is no open handle; expected an open {argument} that was not closed before.");
        }

        if (found is not TObject value)
            throw new StatusException(Status.InvalidHandle, $"'{argument}' is a {found.Kind}; expected a {argument}.");
        if (!value.Claimed.TryClaim())
            throw new StatusException(Status.Busy, $"'{argument}' is in use on another thread; expected one call at a time.");
        if (value.IsClosed)
        {
            value.Claimed.Release();
            throw new StatusException(Status.InvalidHandle, $"'{argument}' was closed on another thread.");
        }

        return new Lease<TObject>(value);
    }

    /// <summary>Takes a handle out; its object stays claimed by the caller.</summary>
    public static void Remove(nint handle, NativeObject value)
    {
        value.IsClosed = true;
        lock (Gate)
            Open.Remove(handle);
    }
}
