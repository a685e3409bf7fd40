using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace ProxProp.Engine.Data;

/// <summary>
/// Reads safetensors files, the format PyTorch's <c>safetensors</c> package writes: the header's length (8 bytes, little-endian), the header
/// (JSON: name, type, shape and place of every tensor), then the data, little-endian and row-major.
/// </summary>
/// <remarks>
/// The header is checked as a whole when the file is opened; data are read when asked for, straight into the caller's memory. Safe to read
/// from several threads at a time. Values are delivered as stored, NaN included.
/// </remarks>
public sealed class SafetensorsReader : IDisposable
{
    private const int ChunkBytes = 4096;
    private const int LongestType = 60;

    private readonly IRandomAccess _bytes;
    private readonly SafetensorsHeader _header;
    private readonly long _dataStart;

    private SafetensorsReader(string name, IRandomAccess bytes)
    {
        (Name, _bytes) = (name, bytes);
        long length = bytes.Length;
        if (length < SafetensorsHeader.LengthBytes)
        {
            string expected = "a safetensors file, which starts with its header's length";
            throw new DataFormatException(name, "byte 0", $"a file of {length} bytes", expected);
        }

        Span<byte> word = stackalloc byte[SafetensorsHeader.LengthBytes];
        Fill(word, 0);
        ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(word);
        SafetensorsHeader.CheckLength(name, headerLength, length);
        byte[] json = new byte[headerLength];
        Fill(json, SafetensorsHeader.LengthBytes);
        _dataStart = SafetensorsHeader.LengthBytes + json.LongLength;
        _header = SafetensorsHeader.Parse(name, json, length - _dataStart);
    }

    /// <summary>The file's name, as messages have it.</summary>
    public string Name { get; }

    /// <summary>The tensors, in the order of their data.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries => _header.Entries;

    /// <summary>Free text by name, empty if there is none.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <summary>Opens a file.</summary>
    /// <exception cref="DataFormatException">The file is missing, cannot be read, or its header is damaged.</exception>
    public static SafetensorsReader Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        FileBytes bytes = new(ByteSource.OpenStream(path));
        try
        {
            return new SafetensorsReader(path, bytes);
        }
        catch (Exception e)
        {
            bytes.Dispose();
            if (e is IOException or NotSupportedException)
                throw new DataFormatException(path, "", $"that it cannot be read ({e.Message})", "a regular file", e);
            throw;
        }
    }

    /// <summary>Reads from memory, which must not change as long as the reader is used.</summary>
    /// <param name="name">What messages call it.</param>
    /// <param name="bytes">The contents of a safetensors file.</param>
    /// <exception cref="DataFormatException">The header is damaged.</exception>
    public static SafetensorsReader Open(string name, ReadOnlyMemory<byte> bytes)
    {
        ArgumentNullException.ThrowIfNull(name);
        return new(name, new MemoryBytes(bytes));
    }

    /// <summary>Whether there is a tensor of that name.</summary>
    public bool TryFind(string name, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out SafetensorsEntry? entry)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _header.ByName.TryGetValue(name, out entry);
    }

    /// <summary>The tensor of that name.</summary>
    /// <exception cref="DataFormatException">There is none.</exception>
    public SafetensorsEntry Find(string name) =>
        TryFind(name, out SafetensorsEntry? entry) ? entry : throw new DataFormatException(Name, "", $"no tensor '{name}'", "it");

    /// <summary>
    /// Reads a tensor of floating-point numbers (F64, F32, F16 or BF16), converted to <typeparamref name="T"/>: exactly when widening, rounded
    /// to nearest when narrowing.
    /// </summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="destination">Receives all elements; its length must be their number.</param>
    /// <exception cref="ArgumentException"><paramref name="destination"/> has another length.</exception>
    /// <exception cref="DataFormatException">
    /// There is no such tensor, it holds other numbers, or a finite one is too large for <typeparamref name="T"/>.
    /// </exception>
    public void Read<T>(string name, Span<T> destination)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        SafetensorsEntry entry = FindOfLength(name, destination.Length, nameof(destination));
        switch (entry.Type)
        {
            case SafetensorsType.F32 when typeof(T) == typeof(float):
            case SafetensorsType.F64 when typeof(T) == typeof(double):
                FillElements(destination, entry);
                break;
            case SafetensorsType.F64:
                Convert<double, T>(entry, destination);
                break;
            case SafetensorsType.F32:
                Convert<float, T>(entry, destination);
                break;
            case SafetensorsType.F16:
                Convert<Half, T>(entry, destination);
                break;
            case SafetensorsType.BF16:
                ConvertBFloat16(entry, destination);
                break;
            default:
                throw WrongType(entry, "F64, F32, F16 or BF16");
        }
    }

    /// <summary>Reads a tensor of integers (I64, I32 or U8).</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="destination">Receives all elements; its length must be their number.</param>
    /// <exception cref="ArgumentException"><paramref name="destination"/> has another length.</exception>
    /// <exception cref="DataFormatException">There is no such tensor, or it holds other numbers.</exception>
    public void ReadIntegers(string name, Span<long> destination)
    {
        SafetensorsEntry entry = FindOfLength(name, destination.Length, nameof(destination));
        switch (entry.Type)
        {
            case SafetensorsType.I64:
                FillElements(destination, entry);
                break;
            case SafetensorsType.I32:
                ConvertIntegers<int>(entry, destination);
                break;
            case SafetensorsType.U8:
                ConvertIntegers<byte>(entry, destination);
                break;
            default:
                throw WrongType(entry, "I64, I32 or U8");
        }
    }

    /// <summary>Reads a tensor of bytes (U8).</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="destination">Receives all elements; its length must be their number.</param>
    /// <exception cref="ArgumentException"><paramref name="destination"/> has another length.</exception>
    /// <exception cref="DataFormatException">There is no such tensor, or it holds other numbers.</exception>
    public void ReadBytes(string name, Span<byte> destination)
    {
        SafetensorsEntry entry = FindOfLength(name, destination.Length, nameof(destination));
        if (entry.Type != SafetensorsType.U8)
            throw WrongType(entry, "U8");
        Fill(destination, _dataStart + entry.Start);
    }

    /// <summary>Compares the file with the checksum that <see cref="SafetensorsWriter.SetChecksum"/> left in it; reads all data once.</summary>
    /// <param name="name">The metadata that holds the checksum.</param>
    /// <exception cref="DataFormatException">There is none, or the file is not what it was when it was written.</exception>
    public void CheckChecksum(string name)
    {
        if (!Metadata.TryGetValue(name, out string? expected))
            throw new DataFormatException(Name, "header", $"no metadata '{name}'", "the file's checksum");
        SafetensorsChecksum checksum = new();
        checksum.AddMetadata(Metadata, name);
        Span<byte> chunk = stackalloc byte[ChunkBytes];
        SafetensorsEntry[] byName = [.. Entries];
        Array.Sort(byName, (a, b) => string.CompareOrdinal(a.Name, b.Name));
        foreach (SafetensorsEntry entry in byName)
        {
            checksum.AddTensor(entry.Name, entry.TypeText, entry.Shape);
            for (long at = entry.Start; at < entry.End; at += ChunkBytes)
            {
                Span<byte> piece = chunk[..(int)Math.Min(ChunkBytes, entry.End - at)];
                Fill(piece, _dataStart + at);
                checksum.AddBytes(piece);
            }
        }

        if (checksum.Text != expected)
            throw new DataFormatException(Name, "", $"the checksum {checksum.Text}", $"{expected}: the file is damaged");
    }

    /// <inheritdoc/>
    public void Dispose() => _bytes.Dispose();

    private SafetensorsEntry FindOfLength(string name, int length, string parameter)
    {
        SafetensorsEntry entry = Find(name);
        if (entry.Count != length)
        {
            string tensor = $"the tensor '{name}' {entry.ShapeText} of {Name} has {entry.Count}";
            throw new ArgumentException($"The destination has {length} elements; {tensor}.", parameter);
        }

        return entry;
    }

    private DataFormatException WrongType(SafetensorsEntry entry, string expected) =>
        new(Name, "", $"the tensor '{entry.Name}' of type {DataFormatException.Short(entry.TypeText, LongestType)}", expected);

    private void Convert<TFrom, T>(SafetensorsEntry entry, Span<T> destination)
        where TFrom : unmanaged, IBinaryFloatingPointIeee754<TFrom>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Span<TFrom> chunk = MemoryMarshal.Cast<byte, TFrom>(stackalloc byte[ChunkBytes]);
        for (int done = 0; done < destination.Length; done += chunk.Length)
        {
            chunk = chunk[..Math.Min(chunk.Length, destination.Length - done)];
            Fill(MemoryMarshal.AsBytes(chunk), _dataStart + entry.Start + ((long)done * SafetensorsEntry.SizeOf(entry.Type)));
            for (int i = 0; i < chunk.Length; i++)
            {
                T value = T.CreateTruncating(chunk[i]);
                if (T.IsInfinity(value) && !TFrom.IsInfinity(chunk[i]))
                {
                    string place = $"element {done + i} of '{entry.Name}'";
                    throw new DataFormatException(Name, place, $"{chunk[i]}", $"a number that fits {typeof(T).Name}");
                }

                destination[done + i] = value;
            }
        }
    }

    private void ConvertBFloat16<T>(SafetensorsEntry entry, Span<T> destination)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Span<ushort> chunk = MemoryMarshal.Cast<byte, ushort>(stackalloc byte[ChunkBytes]);
        for (int done = 0; done < destination.Length; done += chunk.Length)
        {
            chunk = chunk[..Math.Min(chunk.Length, destination.Length - done)];
            Fill(MemoryMarshal.AsBytes(chunk), _dataStart + entry.Start + ((long)done * sizeof(ushort)));
            for (int i = 0; i < chunk.Length; i++)
                destination[done + i] = T.CreateTruncating(BitConverter.UInt32BitsToSingle((uint)chunk[i] << 16));
        }
    }

    private void ConvertIntegers<TFrom>(SafetensorsEntry entry, Span<long> destination)
        where TFrom : unmanaged, IBinaryInteger<TFrom>
    {
        Span<TFrom> chunk = MemoryMarshal.Cast<byte, TFrom>(stackalloc byte[ChunkBytes]);
        for (int done = 0; done < destination.Length; done += chunk.Length)
        {
            chunk = chunk[..Math.Min(chunk.Length, destination.Length - done)];
            Fill(MemoryMarshal.AsBytes(chunk), _dataStart + entry.Start + ((long)done * SafetensorsEntry.SizeOf(entry.Type)));
            for (int i = 0; i < chunk.Length; i++)
                destination[done + i] = long.CreateTruncating(chunk[i]);
        }
    }

    /// <summary>In pieces, because the bytes of a span may be more than a span of bytes can hold.</summary>
    private void FillElements<TElement>(Span<TElement> destination, SafetensorsEntry entry)
        where TElement : unmanaged
    {
        const int Piece = 1 << 20;
        int size = SafetensorsEntry.SizeOf(entry.Type);
        for (int at = 0; at < destination.Length; at += Piece)
        {
            Span<TElement> piece = destination.Slice(at, Math.Min(Piece, destination.Length - at));
            Fill(MemoryMarshal.AsBytes(piece), _dataStart + entry.Start + ((long)at * size));
        }
    }

    private void Fill(Span<byte> destination, long offset)
    {
        int filled = 0;
        while (filled < destination.Length)
        {
            int read;
            try
            {
                read = _bytes.Read(destination[filled..], offset + filled);
            }
            catch (IOException e)
            {
                throw new DataFormatException(Name, $"byte {offset + filled}", $"that reading fails ({e.Message})", "readable bytes", e);
            }

            if (read == 0)
            {
                string place = $"byte {offset + filled}";
                throw new DataFormatException(Name, place, "the end of the file", $"{destination.Length - filled} more bytes");
            }

            filled += read;
        }
    }
}
