using System.IO.Compression;

namespace ProxProp.Engine.Data;

/// <summary>
/// Decompresses a gzip file of one member or more, and refuses one that is cut short or that other bytes follow. The framework's stream takes
/// the end of the file for the end of the data wherever it comes, and does not look at what follows the last member. So it is given one more
/// member, of a known text, and the end of what it delivers must be that text: a stream that is cut swallows that member as its own
/// continuation or breaks on it, and other bytes hide it.
/// </summary>
internal sealed class WholeGzip(Stream file) : IDisposable
{
    private const int TextLength = 8;

    private readonly GZipStream _stream = new(new Followed(file), CompressionMode.Decompress);

    /// <summary>The last bytes that were decompressed, which are not handed out as long as they may be the text of the last member.</summary>
    private readonly byte[] _held = new byte[TextLength];

    private bool _started;

    /// <summary>
    /// The member that is added. The text is compressed, so that no block of plain bytes that takes it in could end in it; and six bits are
    /// free at its end, so that a block with the same code that came to end in it takes the checksum for the length of a block, which it is not.
    /// </summary>
    private static ReadOnlySpan<byte> Member =>
    [
        0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x2B, 0x28, 0xCA, 0xAF,
        0xC8, 0xCC, 0x4D, 0xCC, 0x01, 0x00, 0x15, 0x0E, 0x46, 0xBC, TextLength, 0x00, 0x00, 0x00,
    ];

    private static ReadOnlySpan<byte> Text => "proximal"u8;

    /// <summary>Reads up to a full span; less only at the end of the file.</summary>
    /// <exception cref="InvalidDataException">The file is damaged or cut short, or more follows it.</exception>
    public int Read(Span<byte> destination)
    {
        if (!_started && _stream.ReadAtLeast(_held, TextLength, throwOnEndOfStream: false) < TextLength)
            throw NotWhole();
        _started = true;
        int read = _stream.ReadAtLeast(destination, destination.Length, throwOnEndOfStream: false);

        // What was held comes first; of both together, as much stays as was held.
        Span<byte> last = stackalloc byte[TextLength];
        int fresh = Math.Min(read, TextLength);
        _held.AsSpan(fresh).CopyTo(last);
        destination[(read - fresh)..read].CopyTo(last[^fresh..]);
        destination[..(read - fresh)].CopyTo(destination[fresh..]);
        _held.AsSpan(0, fresh).CopyTo(destination);
        last.CopyTo(_held);
        return read == destination.Length || last.SequenceEqual(Text) ? read : throw NotWhole();
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private static InvalidDataException NotWhole() => new("It is cut short, or other bytes follow it.");

    /// <summary>A file and then the added member.</summary>
    private sealed class Followed(Stream file) : Stream
    {
        private int _added;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            int read = file.Read(buffer, offset, count);
            if (read > 0)
                return read;
            read = Math.Min(count, Member.Length - _added);
            Member.Slice(_added, read).CopyTo(buffer.AsSpan(offset));
            _added += read;
            return read;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            file.Dispose();
            base.Dispose(disposing);
        }
    }
}
