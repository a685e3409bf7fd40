namespace ProxProp.Engine.Data;

/// <summary>Bytes that can be read from any place, by several threads at a time.</summary>
internal interface IRandomAccess : IDisposable
{
    /// <summary>How many there are.</summary>
    long Length { get; }

    /// <summary>Reads up to a full span from <paramref name="offset"/> on; 0 only at the end.</summary>
    int Read(Span<byte> destination, long offset);
}

/// <summary>The bytes of an open file.</summary>
internal sealed class FileBytes(FileStream stream) : IRandomAccess
{
    public long Length => stream.Length;

    public int Read(Span<byte> destination, long offset) => RandomAccess.Read(stream.SafeFileHandle, destination, offset);

    public void Dispose() => stream.Dispose();
}

/// <summary>Bytes in memory.</summary>
internal sealed class MemoryBytes(ReadOnlyMemory<byte> bytes) : IRandomAccess
{
    public long Length => bytes.Length;

    public int Read(Span<byte> destination, long offset)
    {
        ReadOnlySpan<byte> rest = offset < bytes.Length ? bytes.Span[(int)offset..] : [];
        int count = Math.Min(rest.Length, destination.Length);
        rest[..count].CopyTo(destination);
        return count;
    }

    public void Dispose()
    {
    }
}
