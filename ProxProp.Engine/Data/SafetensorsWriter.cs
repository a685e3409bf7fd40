using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace ProxProp.Engine.Data;

/// <summary>
/// Collects tensors and writes them as a safetensors file. As in the reference implementation the header is padded with spaces to a multiple
/// of 8 bytes and the tensors are ordered by descending element size (those of one size as added), so that each is aligned to its elements.
/// </summary>
public sealed class SafetensorsWriter
{
    private readonly List<Tensor> _tensors = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);

    /// <summary>Hands out a tensor's elements at the time of writing.</summary>
    /// <typeparam name="TElement">float, double, long, int or byte.</typeparam>
    public delegate ReadOnlySpan<TElement> Source<TElement>();

    /// <summary>Adds a text to the metadata, or replaces it.</summary>
    public void SetMetadata(string name, string text)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(text);
        _metadata[name] = text;
    }

    /// <summary>Adds a tensor; its elements are copied now.</summary>
    /// <typeparam name="TElement">float, double, long, int or byte.</typeparam>
    /// <param name="name">A name not used yet.</param>
    /// <param name="shape">Sizes, outermost first; empty for a single number.</param>
    /// <param name="elements">The elements, row-major, as many as the product of the sizes.</param>
    /// <exception cref="ArgumentException">The name is taken, or the shape does not fit the elements.</exception>
    public void Add<TElement>(string name, ReadOnlySpan<long> shape, ReadOnlySpan<TElement> elements)
        where TElement : unmanaged
    {
        TElement[] copy = elements.ToArray();
        Add(name, shape, copy.Length, () => copy);
    }

    /// <summary>Adds a tensor without copying: <paramref name="source"/> is asked for the elements when the file is written.</summary>
    /// <typeparam name="TElement">float, double, long, int or byte.</typeparam>
    /// <param name="name">A name not used yet.</param>
    /// <param name="shape">Sizes, outermost first; empty for a single number.</param>
    /// <param name="length">The number of elements.</param>
    /// <param name="source">Hands out <paramref name="length"/> elements, row-major.</param>
    /// <exception cref="ArgumentException">The name is taken, or the shape does not fit the length.</exception>
    public void Add<TElement>(string name, ReadOnlySpan<long> shape, int length, Source<TElement> source)
        where TElement : unmanaged
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(source);
        Int128 product = 1;
        foreach (long size in shape)
            product = Int128.Min(product * size, long.MaxValue);
        if (product != length || shape.ContainsAnyInRange(long.MinValue, -1))
            throw new ArgumentException($"{length} elements do not fill the shape [{string.Join(", ", shape.ToArray())}].", nameof(shape));
        if (name == "__metadata__" || !_names.Add(name))
            throw new ArgumentException($"The name '{name}' is taken.", nameof(name));

        SafetensorsType type = TypeOf<TElement>();
        long bytes = (long)length * SafetensorsEntry.SizeOf(type);
        _tensors.Add(new Tensor(name, type, shape.ToArray(), bytes, stream =>
        {
            ReadOnlySpan<TElement> elements = source();
            if (elements.Length != length)
                throw new InvalidOperationException($"The source of '{name}' handed out {elements.Length} elements; it was added with {length}.");
            WriteElements(stream, elements);
        }));
    }

    /// <summary>
    /// Adds the metadata <paramref name="name"/>: a checksum of all other metadata and of all tensors as they are now. Nothing may be added after it.
    /// </summary>
    public void SetChecksum(string name)
    {
        SafetensorsChecksum checksum = new();
        using SafetensorsChecksum.Sink sink = new(checksum);
        checksum.AddMetadata(_metadata, name);
        Tensor[] byName = [.. _tensors];
        Array.Sort(byName, (a, b) => string.CompareOrdinal(a.Name, b.Name));
        foreach (Tensor tensor in byName)
        {
            checksum.AddTensor(tensor.Name, SafetensorsEntry.TypeName(tensor.Type), tensor.Shape);
            tensor.Write(sink);
        }

        SetMetadata(name, checksum.Text);
    }

    /// <summary>Writes the file by <see cref="AtomicFile"/>: whole, or not at all.</summary>
    /// <exception cref="IOException">The file could not be written; the old one is unchanged.</exception>
    public void Save(string path) => AtomicFile.Write(path, Write);

    /// <summary>Writes the file's bytes.</summary>
    public void Write(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        // The widest elements first: each tensor then begins at a multiple of its elements' size.
        var ordered = new List<Tensor>(_tensors.Count);
        for (int size = sizeof(long); size > 0; size /= 2)
            ordered.AddRange(_tensors.FindAll(tensor => SafetensorsEntry.SizeOf(tensor.Type) == size));
        ReadOnlySpan<byte> header = Header(ordered);
        int padding = -header.Length & 7;
        Span<byte> word = stackalloc byte[SafetensorsHeader.LengthBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(word, (ulong)(header.Length + padding));
        stream.Write(word);
        stream.Write(header);
        stream.Write("       "u8[..padding]);
        foreach (Tensor tensor in ordered)
            tensor.Write(stream);
    }

    private static SafetensorsType TypeOf<TElement>() =>
        typeof(TElement) == typeof(float) ? SafetensorsType.F32
        : typeof(TElement) == typeof(double) ? SafetensorsType.F64
        : typeof(TElement) == typeof(long) ? SafetensorsType.I64
        : typeof(TElement) == typeof(int) ? SafetensorsType.I32
        : typeof(TElement) == typeof(byte) ? SafetensorsType.U8
        : throw new ArgumentException($"Elements of type {typeof(TElement).Name} cannot be stored; expected Single, Double, Int64, Int32 or Byte.");

    /// <summary>In pieces, because the bytes of a span may be more than a span of bytes can hold.</summary>
    private static void WriteElements<TElement>(Stream stream, ReadOnlySpan<TElement> elements)
        where TElement : unmanaged
    {
        const int Piece = 1 << 20;
        for (int at = 0; at < elements.Length; at += Piece)
            stream.Write(MemoryMarshal.AsBytes(elements.Slice(at, Math.Min(Piece, elements.Length - at))));
    }

    private ReadOnlySpan<byte> Header(List<Tensor> ordered)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            if (_metadata.Count > 0)
            {
                json.WriteStartObject("__metadata__");
                foreach (string name in SafetensorsChecksum.InOrder(_metadata))
                    json.WriteString(name, _metadata[name]);
                json.WriteEndObject();
            }

            long offset = 0;
            foreach (Tensor tensor in ordered)
            {
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", SafetensorsEntry.TypeName(tensor.Type));
                WriteNumbers(json, "shape", tensor.Shape);
                WriteNumbers(json, "data_offsets", [offset, offset + tensor.Bytes]);
                json.WriteEndObject();
                offset += tensor.Bytes;
            }

            json.WriteEndObject();
        }

        return buffer.WrittenSpan;
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, ReadOnlySpan<long> numbers)
    {
        json.WriteStartArray(name);
        foreach (long number in numbers)
            json.WriteNumberValue(number);
        json.WriteEndArray();
    }

    private sealed class Tensor(string name, SafetensorsType type, long[] shape, long bytes, Action<Stream> write)
    {
        public string Name => name;

        public SafetensorsType Type => type;

        public long[] Shape => shape;

        public long Bytes => bytes;

        public Action<Stream> Write => write;
    }
}
