using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace ProxProp.Engine.Training;

/// <summary>
/// A JSON text as a tree. The platform's own <see cref="JsonDocument"/> would bring a random generator and OpenSSL into a program that is
/// compiled ahead of time, for a defence that a model file of a few layers does not need.
/// </summary>
internal sealed class JsonValue
{
    private static readonly List<JsonValue> s_none = [];

    private readonly ReadOnlyMemory<byte> _raw;
    private readonly List<JsonValue> _items = s_none;
    private readonly List<string> _names = [];

    // Text is unescaped while it is at hand; what else a value holds is read from its bytes when it is asked for.
    private JsonValue(ref Utf8JsonReader reader, ReadOnlyMemory<byte> source)
    {
        int start = (int)reader.TokenStartIndex;
        Kind = reader.TokenType switch
        {
            JsonTokenType.StartObject => JsonValueKind.Object,
            JsonTokenType.StartArray => JsonValueKind.Array,
            JsonTokenType.String => JsonValueKind.String,
            JsonTokenType.Number => JsonValueKind.Number,
            JsonTokenType.True => JsonValueKind.True,
            JsonTokenType.False => JsonValueKind.False,
            _ => JsonValueKind.Null,
        };
        if (Kind == JsonValueKind.String)
            Text = reader.GetString()!;
        if (Kind is JsonValueKind.Object or JsonValueKind.Array)
            _items = [];
        while (Kind is JsonValueKind.Object or JsonValueKind.Array && reader.Read() && reader.TokenType is not (JsonTokenType.EndObject or JsonTokenType.EndArray))
        {
            if (Kind == JsonValueKind.Object)
            {
                _names.Add(reader.GetString()!);
                reader.Read();
            }

            _items.Add(new JsonValue(ref reader, source));
        }

        _raw = source[start..(int)reader.BytesConsumed];
    }

    public JsonValueKind Kind { get; }

    /// <summary>A text's characters; empty for all else.</summary>
    public string Text { get; } = string.Empty;

    /// <summary>The elements of an array, or the values of an object's members.</summary>
    public IReadOnlyList<JsonValue> Items => _items;

    /// <summary>The names of an object's members, one for each of <see cref="Items"/>.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>Reads a text; comments and trailing commas are passed over.</summary>
    /// <param name="json">UTF-8.</param>
    /// <param name="maxDepth">Deepest nesting that is accepted, which also bounds the recursion.</param>
    /// <exception cref="JsonException">It is no JSON.</exception>
    /// <exception cref="InvalidOperationException">A text in it is no valid Unicode.</exception>
    public static JsonValue Parse(ReadOnlyMemory<byte> json, int maxDepth)
    {
        var reader = new Utf8JsonReader(
            json.Span, new JsonReaderOptions { MaxDepth = maxDepth, CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        reader.Read();
        var root = new JsonValue(ref reader, json);
        reader.Read(); // throws if more follows
        return root;
    }

    public bool TryGetInt(out int value) => Utf8Parser.TryParse(_raw.Span, out value, out int read) && read == _raw.Length;

    public bool TryGetDouble(out double value) => Utf8Parser.TryParse(_raw.Span, out value, out int read) && read == _raw.Length;

    /// <summary>As it stands in the text.</summary>
    public override string ToString() => Encoding.UTF8.GetString(_raw.Span);
}
