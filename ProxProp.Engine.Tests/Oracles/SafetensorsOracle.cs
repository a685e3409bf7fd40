using System.Buffers.Binary;
using System.Text.Json;

namespace ProxProp.Engine.Tests.Oracles;

/// <summary>
/// The safetensors format once more, the slow and plain way: the whole file in memory, the header as a document tree, the rules one after the
/// other. Null where the file breaks one.
/// </summary>
internal static class SafetensorsOracle
{
    public sealed record Tensor(string Type, long[] Shape, byte[] Data);

    private static readonly Dictionary<string, int> s_sizes = new()
    {
        ["BOOL"] = 1, ["U8"] = 1, ["I8"] = 1, ["U16"] = 2, ["I16"] = 2, ["F16"] = 2, ["BF16"] = 2,
        ["U32"] = 4, ["I32"] = 4, ["F32"] = 4, ["U64"] = 8, ["I64"] = 8, ["F64"] = 8,
    };

    public static bool IsKnown(string type) => s_sizes.ContainsKey(type);

    public static Dictionary<string, Tensor>? Parse(byte[] file)
    {
        try
        {
            return ParseOrThrow(file);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or InvalidDataException)
        {
            return null;
        }
    }

    private static Dictionary<string, Tensor> ParseOrThrow(byte[] file)
    {
        Require(file.Length >= 8);
        ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(file);
        Require(headerLength > 0 && headerLength <= 100_000_000 && headerLength <= (ulong)file.Length - 8);
        byte[] header = file[8..(8 + (int)headerLength)];
        byte[] data = file[(8 + (int)headerLength)..];
        Require(header[0] == '{');
        using JsonDocument document = JsonDocument.Parse(header);
        Dictionary<string, Tensor> tensors = [];
        List<(long Start, long End)> places = [];
        int metadataSeen = 0;
        foreach (JsonProperty property in document.RootElement.EnumerateObject())
        {
            if (property.Name == "__metadata__")
            {
                Require(metadataSeen++ == 0);
                string[] names = [.. property.Value.EnumerateObject().Select(pair => pair.Name)];
                Require(names.Length == names.Distinct().Count());
                foreach (JsonProperty pair in property.Value.EnumerateObject())
                    Require(pair.Value.GetString() is not null);
                continue;
            }

            string[] fields = [.. property.Value.EnumerateObject().Select(field => field.Name).Order(StringComparer.Ordinal)];
            Require(fields is ["data_offsets", "dtype", "shape"]);
            string type = property.Value.GetProperty("dtype").GetString() ?? "";
            long[] shape = [.. property.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())];
            long[] offsets = [.. property.Value.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt64())];
            Require(shape.Length <= 32 && shape.All(size => size >= 0) && offsets.Length == 2);
            Require(offsets[0] >= 0 && offsets[0] <= offsets[1] && offsets[1] <= data.Length);
            System.Numerics.BigInteger elements = shape.Aggregate(System.Numerics.BigInteger.One, (product, size) => product * size);
            long bytes = offsets[1] - offsets[0];
            Require(IsKnown(type) ? elements * s_sizes[type] == bytes : elements <= bytes * 8);
            Require(tensors.TryAdd(property.Name, new Tensor(type, shape, data[(int)offsets[0]..(int)offsets[1]])));
            places.Add((offsets[0], offsets[1]));
        }

        long end = 0;
        foreach ((long start, long next) in places.Order())
        {
            Require(start == end);
            end = next;
        }

        Require(end == data.Length);
        return tensors;
    }

    private static void Require(bool rule)
    {
        if (!rule)
            throw new InvalidDataException();
    }
}
