namespace ProxProp.Engine.Data;

/// <summary>
/// A file being read from front to back, plain or gzip-compressed (recognised by its first two bytes, whatever its name), that knows its
/// position and at most how many bytes can come. All readers stand on it, so that every one of them reports failures in the same words and
/// none of them allocates more than the file can hold.
/// </summary>
internal sealed class ByteSource : IDisposable
{
    /// <summary>No deflate stream expands by more than this (Deutsch, RFC 1951: 258 bytes from two bits, plus block headers).</summary>
    private const long LargestExpansion = 1032;

    /// <summary>First size of an array that grows as compressed bytes arrive.</summary>
    private const int Chunk = 1 << 16;

    private readonly Stream _stream;

    private readonly WholeGzip? _gzip;

    private ByteSource(string name, Stream stream, WholeGzip? gzip, long bound)
    {
        Name = name;
        _stream = stream;
        _gzip = gzip;
        Bound = bound;
    }

    /// <summary>What messages call the file.</summary>
    public string Name { get; }

    /// <summary>Bytes read so far, counted after decompression.</summary>
    public long Position { get; private set; }

    /// <summary>No more bytes than this can come: the length of a plain file, and 1,032 times that of a compressed one.</summary>
    public long Bound { get; }

    /// <summary>Whether the bytes come out of a gzip stream.</summary>
    public bool IsCompressed => _gzip is not null;

    /// <summary>Opens a file.</summary>
    /// <exception cref="DataFormatException">The file is missing or cannot be opened.</exception>
    public static ByteSource Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Of(path, OpenStream(path));
    }

    /// <summary>Reads from a stream that can seek; the source owns it.</summary>
    public static ByteSource Of(string name, Stream stream)
    {
        try
        {
            long length = stream.Length;
            Span<byte> magic = stackalloc byte[2];
            bool compressed = stream.ReadAtLeast(magic, 2, throwOnEndOfStream: false) == 2 && magic is [0x1F, 0x8B];
            stream.Position = 0;
            return compressed
                ? new ByteSource(name, stream, new WholeGzip(stream), (length * LargestExpansion) + Chunk)
                : new ByteSource(name, stream, null, length);
        }
        catch (Exception e) when (e is IOException or NotSupportedException)
        {
            stream.Dispose();
            throw new DataFormatException(name, "", $"that it cannot be read ({e.Message})", "a regular file", e);
        }
    }

    /// <summary>Reads from memory.</summary>
    public static ByteSource Of(string name, byte[] bytes) => Of(name, new MemoryStream(bytes, writable: false));

    /// <summary>Opens a file for reading, with failures in this folder's words.</summary>
    public static FileStream OpenStream(string path)
    {
        if (Directory.Exists(path))
            throw new DataFormatException(path, "", "a folder", "a file", new IOException("A folder cannot be read as a file."));
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DataFormatException(path, "", "no such file", "a file to read", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new DataFormatException(path, "", $"that it cannot be opened ({e.Message})", "a file to read", e);
        }
    }

    /// <summary>Reads up to a full span; less only at the end of the file.</summary>
    public int Read(Span<byte> destination)
    {
        try
        {
            int read = _gzip?.Read(destination) ?? _stream.ReadAtLeast(destination, destination.Length, throwOnEndOfStream: false);
            Position += read;
            return read;
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            string expected = IsCompressed ? "a whole gzip stream" : "readable bytes";
            throw Error($"that reading fails ({e.Message})", expected, e);
        }
    }

    /// <summary>Fills the span, or reports the file as truncated within <paramref name="what"/>.</summary>
    public void ReadExactly(Span<byte> destination, string what)
    {
        long start = Position;
        int read = Read(destination);
        if (read < destination.Length)
            throw Truncated(start, read, destination.Length, what);
    }

    /// <summary>
    /// Reads <paramref name="count"/> bytes into a new array. The count comes from the file, so it is not believed: it is checked against
    /// <see cref="Bound"/> before anything is allocated, and of a compressed file the array grows only as bytes arrive.
    /// </summary>
    public byte[] ReadArray(long count, string what)
    {
        long start = Position;
        if (count > Array.MaxLength)
            throw Error($"{count} bytes of {what}", $"at most {Array.MaxLength}");
        if (count > Bound - Position)
            throw Truncated(start, Math.Max(0, Bound - Position), count, what);

        byte[] bytes = new byte[IsCompressed ? Math.Min(count, Chunk) : count];
        int filled = 0;
        while (true)
        {
            filled += Read(bytes.AsSpan(filled));
            if (filled < bytes.Length)
                throw Truncated(start, filled, count, what);
            if (filled == count)
                return bytes;
            Array.Resize(ref bytes, (int)Math.Min(count, 2L * bytes.Length));
        }
    }

    /// <summary>Reads all that is left; refuses more than an array holds.</summary>
    public byte[] ReadToEnd(string what)
    {
        if (!IsCompressed)
            return ReadArray(Bound - Position, what);
        byte[] bytes = new byte[Math.Min(Chunk, Bound)];
        int filled = 0;
        while (true)
        {
            filled += Read(bytes.AsSpan(filled));
            if (filled < bytes.Length)
                break;
            if (bytes.Length == Array.MaxLength)
                throw Error($"more than {Array.MaxLength} bytes of {what}", "less");
            Array.Resize(ref bytes, (int)Math.Min(Array.MaxLength, 2L * bytes.Length));
        }

        Array.Resize(ref bytes, filled);
        return bytes;
    }

    /// <summary>Refuses a file that goes on.</summary>
    public void ExpectEnd(string after)
    {
        long end = Position;
        Span<byte> one = stackalloc byte[1];
        if (Read(one) == 0)
            return;
        string more = IsCompressed ? "more bytes" : $"{Bound - end} more bytes";
        throw new DataFormatException(Name, $"byte {end}", more, $"the end of the file after {after}");
    }

    /// <summary>A failure at the current position.</summary>
    public DataFormatException Error(string found, string expected, Exception? inner = null) =>
        new(Name, $"byte {Position}", found, expected, inner);

    /// <inheritdoc/>
    public void Dispose()
    {
        _gzip?.Dispose();
        _stream.Dispose();
    }

    private DataFormatException Truncated(long start, long found, long expected, string what) =>
        new(Name, $"byte {start}", $"the end of the file {found} bytes further on", $"{expected} bytes of {what}");
}
