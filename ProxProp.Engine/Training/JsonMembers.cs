using System.Text.Json;

namespace ProxProp.Engine.Training;

/// <summary>The members of one JSON object, taken one by one by name; what nobody took is an error.</summary>
internal sealed class JsonMembers
{
    private readonly Dictionary<string, JsonElement> _members = [];
    private readonly string _where;

    public JsonMembers(JsonElement element, string where)
    {
        _where = where;
        if (element.ValueKind != JsonValueKind.Object)
            throw new ModelFormatException($"{where} must be an object, but is {element.ValueKind}.");
        foreach (JsonProperty property in element.EnumerateObject())
        {
            if (!_members.TryAdd(property.Name, property.Value))
                throw new ModelFormatException($"{where} has two members '{Short(property.Name)}'.");
        }
    }

    public static int Int(JsonElement element, string where, int least) =>
        element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out int value) && value >= least
            ? value
            : throw new ModelFormatException($"{where} must be a whole number of at least {least}, but is {Shown(element)}.");

    public JsonElement Required(string name) => _members.Remove(name, out JsonElement value)
        ? value
        : throw new ModelFormatException($"{_where} lacks the member '{name}'.");

    public IEnumerable<JsonElement> RequiredArray(string name)
    {
        JsonElement element = Required(name);
        return element.ValueKind == JsonValueKind.Array
            ? element.EnumerateArray()
            : throw new ModelFormatException($"{_where}.{name} must be an array, but is {Shown(element)}.");
    }

    public string RequiredString(string name)
    {
        JsonElement element = Required(name);
        return element.ValueKind == JsonValueKind.String
            ? element.GetString()!
            : throw new ModelFormatException($"{_where}.{name} must be a text, but is {Shown(element)}.");
    }

    public int RequiredInt(string name, int least) => Int(Required(name), $"{_where}.{name}", least);

    public int Int(string name, int otherwise, int least) =>
        _members.Remove(name, out JsonElement value) ? Int(value, $"{_where}.{name}", least) : otherwise;

    public bool Bool(string name, bool otherwise) => !_members.Remove(name, out JsonElement value) ? otherwise
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
        : throw new ModelFormatException($"{_where}.{name} must be true or false, but is {Shown(value)}.");

    public double Number(string name, double otherwise) => !_members.Remove(name, out JsonElement value) ? otherwise
        : value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number) ? number
        : throw new ModelFormatException($"{_where}.{name} must be a number, but is {Shown(value)}.");

    public (int Y, int X) Pair(string name, int? otherwise, int least)
    {
        if (!_members.Remove(name, out JsonElement value))
        {
            return otherwise is { } both
                ? (both, both)
                : throw new ModelFormatException($"{_where} lacks the member '{name}'.");
        }

        if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 2)
            return (Int(value[0], $"{_where}.{name}[0]", least), Int(value[1], $"{_where}.{name}[1]", least));
        int side = Int(value, $"{_where}.{name}", least);
        return (side, side);
    }

    public void RefuseOthers()
    {
        if (_members.Count > 0)
            throw new ModelFormatException($"{_where} has the unknown member '{Short(_members.Keys.First())}'.");
    }

    /// <summary>The beginning of a text that may be long.</summary>
    public static string Short(string text) => text.Length <= 40 ? text : string.Concat(text.AsSpan(0, 40), "...");

    private static string Shown(JsonElement element) => Short(element.GetRawText());
}
