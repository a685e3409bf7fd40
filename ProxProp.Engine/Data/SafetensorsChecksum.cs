using System.Runtime.InteropServices;

namespace ProxProp.Engine.Data;

/// <summary>
/// One checksum (<see cref="Crc32C"/>) over the whole meaning of a safetensors file, kept in its own metadata: all other metadata and all
/// tensors with type, shape and data, both sorted by name. What remains is the header's punctuation, which the reader checks by itself.
/// </summary>
internal sealed class SafetensorsChecksum
{
    private Crc32C _crc;

    /// <summary>The checksum as it is written down.</summary>
    public string Text => $"crc32c {_crc.Value:x8}";

    /// <summary>Adds all metadata but <paramref name="except"/>.</summary>
    public void AddMetadata(IReadOnlyDictionary<string, string> metadata, string except)
    {
        foreach (string name in InOrder(metadata))
        {
            if (name == except)
                continue;
            _crc.Append(name);
            _crc.Append(metadata[name]);
        }
    }

    /// <summary>The names of metadata in the order of their characters' codes, in which they are written and summed up.</summary>
    public static List<string> InOrder(IReadOnlyDictionary<string, string> metadata)
    {
        var names = new List<string>(metadata.Keys);
        names.Sort(StringComparer.Ordinal);
        return names;
    }

    /// <summary>Adds a tensor's description; its bytes follow by <see cref="AddBytes"/>.</summary>
    public void AddTensor(string name, string type, ReadOnlySpan<long> shape)
    {
        _crc.Append(name);
        _crc.Append(type);
        _crc.Append(shape.Length);
        _crc.Append(MemoryMarshal.AsBytes(shape));
    }

    /// <summary>Adds bytes of a tensor.</summary>
    public void AddBytes(ReadOnlySpan<byte> bytes) => _crc.Append(bytes);

    /// <summary>A stream that adds what is written to it.</summary>
    public sealed class Sink(SafetensorsChecksum checksum) : Stream
    {
        /// <inheritdoc/>
        public override bool CanRead => false;

        /// <inheritdoc/>
        public override bool CanSeek => false;

        /// <inheritdoc/>
        public override bool CanWrite => true;

        /// <inheritdoc/>
        public override long Length => throw new NotSupportedException();

        /// <inheritdoc/>
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        /// <inheritdoc/>
        public override void Write(ReadOnlySpan<byte> buffer) => checksum.AddBytes(buffer);

        /// <inheritdoc/>
        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        /// <inheritdoc/>
        public override void Flush()
        {
        }

        /// <inheritdoc/>
        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        /// <inheritdoc/>
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        /// <inheritdoc/>
        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
