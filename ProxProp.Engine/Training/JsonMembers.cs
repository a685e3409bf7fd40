using System.Text.Json;
using ProxProp.Engine.Data;

namespace ProxProp.Engine.Training;

/// <summary>The members of one JSON object, taken one by one by name; what nobody took is an error.</summary>
internal sealed class JsonMembers
{
    private readonly Dictionary<string, JsonValue> _members = [];
    private readonly string _where;

    public JsonMembers(JsonValue element, string where)
    {
        _where = where;
        if (element.Kind != JsonValueKind.Object)
            throw new ModelFormatException($"{where} must be an object, but is {element.Kind}.");
        for (int i = 0; i < element.Items.Count; i++)
        {
            if (!_members.TryAdd(element.Names[i], element.Items[i]))
                throw new ModelFormatException($"{where} has two members '{Short(element.Names[i])}'.");
        }
    }

    public static int Int(JsonValue element, string where, int least) =>
        element.Kind == JsonValueKind.Number && element.TryGetInt(out int value) && value >= least
            ? value
            : throw new ModelFormatException($"{where} must be a whole number of at least {least}, but is {Shown(element)}.");

    public JsonValue Required(string name) => _members.Remove(name, out JsonValue? value)
        ? value
        : throw new ModelFormatException($"{_where} lacks the member '{name}'.");

    public IReadOnlyList<JsonValue> RequiredArray(string name)
    {
        JsonValue element = Required(name);
        return element.Kind == JsonValueKind.Array
            ? element.Items
            : throw new ModelFormatException($"{_where}.{name} must be an array, but is {Shown(element)}.");
    }

    public string RequiredString(string name)
    {
        JsonValue element = Required(name);
        return element.Kind == JsonValueKind.String
            ? element.Text
            : throw new ModelFormatException($"{_where}.{name} must be a text, but is {Shown(element)}.");
    }

    public int RequiredInt(string name, int least) => Int(Required(name), $"{_where}.{name}", least);

    public int Int(string name, int otherwise, int least) =>
        _members.Remove(name, out JsonValue? value) ? Int(value, $"{_where}.{name}", least) : otherwise;

    public bool Bool(string name, bool otherwise) => !_members.Remove(name, out JsonValue? value) ? otherwise
        : value.Kind is JsonValueKind.True or JsonValueKind.False ? value.Kind == JsonValueKind.True
        : throw new ModelFormatException($"{_where}.{name} must be true or false, but is {Shown(value)}.");

    public double Number(string name, double otherwise) => !_members.Remove(name, out JsonValue? value) ? otherwise
        : value.Kind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number) ? number
        : throw new ModelFormatException($"{_where}.{name} must be a number, but is {Shown(value)}.");

    public (int Y, int X) Pair(string name, int? otherwise, int least)
    {
        if (!_members.Remove(name, out JsonValue? value))
        {
            return otherwise is { } both
                ? (both, both)
                : throw new ModelFormatException($"{_where} lacks the member '{name}'.");
        }

        if (value.Kind == JsonValueKind.Array && value.Items.Count == 2)
            return (Int(value.Items[0], $"{_where}.{name}[0]", least), Int(value.Items[1], $"{_where}.{name}[1]", least));
        int side = Int(value, $"{_where}.{name}", least);
        return (side, side);
    }

    public void RefuseOthers()
    {
        foreach (string name in _members.Keys) // the first of them, if there is one
            throw new ModelFormatException($"{_where} has the unknown member '{Short(name)}'.");
    }

    /// <summary>The beginning of a text that may be long.</summary>
    public static string Short(string text) => DataFormatException.Short(text, 40);

    private static string Shown(JsonValue element) => Short(element.ToString());
}
