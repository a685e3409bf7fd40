using System.Globalization;
using System.Text.Json;

namespace ProxProp.Cli.Output;

/// <summary>
/// Fractions in JSON, as short as they can be without loss, by way of a string: the writer's own way would put a second formatter of numbers, to bytes, into
/// the native program.
/// </summary>
internal static class JsonNumber
{
    /// <summary>Writes a value; it must be finite.</summary>
    public static void WriteFraction(this Utf8JsonWriter json, double value) =>
        json.WriteRawValue(value.ToString("R", CultureInfo.InvariantCulture), skipInputValidation: true);

    /// <summary>Writes a member; its value must be finite.</summary>
    public static void WriteFraction(this Utf8JsonWriter json, string name, double value)
    {
        json.WritePropertyName(name);
        json.WriteFraction(value);
    }
}
