using System.Text.Json;

namespace ProxProp.Engine.Data;

/// <summary>
/// Parses and checks the JSON header of a safetensors file: an object of tensors, each {"dtype", "shape", "data_offsets"}, and optionally
/// "__metadata__", an object of strings. The tensors must tile the data exactly: no gap, no overlap, nothing left over.
/// </summary>
internal sealed class SafetensorsHeader
{
    /// <summary>The format's own limit on the header's length.</summary>
    public const long LongestHeader = 100_000_000;

    /// <summary>Bytes before the header: its length as a 64-bit integer.</summary>
    public const int LengthBytes = 8;

    private const int MostDimensions = 32;
    private const int LongestName = 60;
    private const int BitsInByte = 8;
    private const int LongestMessage = 200;

    /// <summary>Deepest legal nesting: the object, a tensor in it, its shape.</summary>
    private const int Depth = 3;

    private readonly string _file;
    private readonly List<SafetensorsEntry> _entries = [];
    private readonly Dictionary<string, SafetensorsEntry> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);
    private bool _hasMetadata;

    private SafetensorsHeader(string file) => _file = file;

    /// <summary>The tensors, by ascending place of their data.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries => _entries;

    /// <summary>The tensors by name.</summary>
    public IReadOnlyDictionary<string, SafetensorsEntry> ByName => _byName;

    /// <summary>The metadata, empty if there are none.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <summary>Checks the header's length against the file's.</summary>
    public static void CheckLength(string file, ulong headerLength, long fileLength)
    {
        if (headerLength > LongestHeader)
            throw new DataFormatException(file, "byte 0", $"a header length of {headerLength}", $"at most {LongestHeader}");
        if ((long)headerLength > fileLength - LengthBytes)
        {
            string found = $"a header length of {headerLength} in a file of {fileLength} bytes";
            throw new DataFormatException(file, "byte 0", found, $"at most {fileLength - LengthBytes}");
        }
    }

    /// <summary>Parses a header.</summary>
    /// <param name="file">What messages call the file.</param>
    /// <param name="json">The header's bytes.</param>
    /// <param name="dataLength">Bytes after the header.</param>
    public static SafetensorsHeader Parse(string file, ReadOnlySpan<byte> json, long dataLength)
    {
        SafetensorsHeader header = new(file);
        if (json is not [(byte)'{', ..])
        {
            string found = json.IsEmpty ? "an empty header" : $"the byte 0x{json[0]:X2}";
            throw new DataFormatException(file, $"byte {LengthBytes}", found, "'{', which begins the header");
        }

        Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = Depth });
        try
        {
            header.ReadAll(ref reader);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException is how the JSON reader reports a string that is not valid Unicode.
            throw header.Error(reader, $"what is no JSON ({DataFormatException.Short(e.Message.TrimEnd('.'), LongestMessage)})", "a JSON object of tensors", e);
        }

        header.CheckTiling(json.Length, dataLength);
        return header;
    }

    private void ReadAll(ref Utf8JsonReader reader)
    {
        Next(ref reader, JsonTokenType.StartObject, "an object of tensors");
        while (NextName(ref reader, "a tensor's name", out string name))
        {
            if (name == "__metadata__")
            {
                if (_hasMetadata)
                    throw Error(reader, "__metadata__ again", "it once");
                _hasMetadata = true;
                ReadMetadata(ref reader);
                continue;
            }

            SafetensorsEntry entry = ReadEntry(ref reader, name);
            if (!_byName.TryAdd(name, entry))
                throw Error(reader, $"the tensor '{Short(name)}' again", "every name once");
            _entries.Add(entry);
        }

        if (reader.Read())
            throw Error(reader, "more JSON after the object", "spaces only");
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        Next(ref reader, JsonTokenType.StartObject, "an object of strings for __metadata__");
        while (NextName(ref reader, "a metadata name", out string name))
        {
            Next(ref reader, JsonTokenType.String, $"a string for the metadata '{Short(name)}'");
            if (!_metadata.TryAdd(name, reader.GetString()!))
                throw Error(reader, $"the metadata '{Short(name)}' again", "every name once");
        }
    }

    private SafetensorsEntry ReadEntry(ref Utf8JsonReader reader, string name)
    {
        string? type = null;
        long[]? shape = null;
        long[]? offsets = null;
        Next(ref reader, JsonTokenType.StartObject, $"an object for the tensor '{Short(name)}'");
        while (NextName(ref reader, "dtype, shape or data_offsets", out string field))
        {
            switch (field)
            {
                case "dtype" when type is null:
                    Next(ref reader, JsonTokenType.String, "a type's name");
                    type = reader.GetString()!;
                    break;
                case "shape" when shape is null:
                    shape = ReadNumbers(ref reader, MostDimensions, $"the shape of '{Short(name)}'");
                    break;
                case "data_offsets" when offsets is null:
                    offsets = ReadNumbers(ref reader, 2, $"the data_offsets of '{Short(name)}'");
                    break;
                default:
                    throw Error(reader, $"the field '{Short(field)}' of tensor '{Short(name)}'", "dtype, shape and data_offsets, each once");
            }
        }

        if (type is null || shape is null || offsets is null)
            throw Error(reader, $"the tensor '{Short(name)}' incomplete", "dtype, shape and data_offsets");
        if (offsets.Length != 2 || offsets[0] > offsets[1])
            throw Error(reader, $"data_offsets [{string.Join(", ", offsets)}] of '{Short(name)}'", "two ascending numbers");
        var entry = new SafetensorsEntry(name, SafetensorsEntry.TypeOf(type), type, shape, offsets[0], offsets[1]);
        CheckSize(reader, entry);
        return entry;
    }

    private void CheckSize(in Utf8JsonReader reader, SafetensorsEntry entry)
    {
        // The product of the sizes times the element's bytes, in 128 bits after every factor, so that no overflow can hide a mismatch.
        bool isOther = entry.Type == SafetensorsType.Other;
        UInt128 product = isOther ? 1 : (UInt128)SafetensorsEntry.SizeOf(entry.Type), bytes = (UInt128)(entry.End - entry.Start);
        bool empty = entry.Shape.Contains(0);
        foreach (long size in entry.Shape)
            product = empty ? 0 : UInt128.Min(product * (UInt128)size, long.MaxValue);

        // Of an element of another type nothing is known but that it has a bit or more.
        if (isOther && product <= bytes * BitsInByte)
            return;
        if (isOther || product != bytes)
        {
            string found = $"{bytes} bytes of data for '{Short(entry.Name)}'";
            string needed = product == long.MaxValue ? "more than any file's" : isOther ? $"at least {(product + BitsInByte - 1) / BitsInByte}" : product.ToString();
            throw Error(reader, found, $"{needed} bytes for {Short(entry.TypeText)} {entry.ShapeText}");
        }
    }

    private long[] ReadNumbers(ref Utf8JsonReader reader, int most, string what)
    {
        Span<long> numbers = stackalloc long[MostDimensions];
        int count = 0;
        Next(ref reader, JsonTokenType.StartArray, $"an array for {what}");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long number) || number < 0)
                throw Error(reader, $"{reader.TokenType} in {what}", "whole numbers from 0 up, of 63 bits");
            if (count == most)
                throw Error(reader, $"more than {most} numbers in {what}", $"at most {most}");
            numbers[count++] = number;
        }

        return count == 0 ? [] : numbers[..count].ToArray();
    }

    private void Next(ref Utf8JsonReader reader, JsonTokenType expected, string what)
    {
        if (!reader.Read())
            throw Error(reader, "the end of the header", what);
        if (reader.TokenType != expected)
            throw Error(reader, reader.TokenType.ToString(), what);
    }

    private bool NextName(ref Utf8JsonReader reader, string what, out string name)
    {
        name = "";
        if (!reader.Read())
            throw Error(reader, "the end of the header", what);
        if (reader.TokenType == JsonTokenType.EndObject)
            return false;
        name = reader.GetString()!;
        return true;
    }

    private void CheckTiling(int headerLength, long dataLength)
    {
        _entries.Sort((a, b) => a.Start != b.Start ? a.Start.CompareTo(b.Start) : a.End.CompareTo(b.End));
        long end = 0;
        foreach (SafetensorsEntry entry in _entries)
        {
            if (entry.Start != end)
            {
                string problem = entry.Start < end ? "overlaps the tensor before it" : "leaves a gap before it";
                string found = $"the tensor '{Short(entry.Name)}' at offset {entry.Start}, which {problem}";
                throw new DataFormatException(_file, "header", found, $"offset {end}");
            }

            end = entry.End;
        }

        if (end != dataLength)
        {
            string place = $"byte {LengthBytes + (long)headerLength}";
            throw new DataFormatException(_file, place, $"{dataLength} bytes of data", $"{end}, as the header says");
        }
    }

    private static string Short(string name) => DataFormatException.Short(name, LongestName);

    private DataFormatException Error(in Utf8JsonReader reader, string found, string expected, Exception? inner = null) =>
        new(_file, $"byte {LengthBytes + reader.TokenStartIndex}", found, expected, inner);
}
