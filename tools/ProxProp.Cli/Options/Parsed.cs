using System.Globalization;
using ProxProp.Cli.Parsing;

namespace ProxProp.Cli.Options;

/// <summary>Makes options whose errors name the option, what was found and what was expected.</summary>
internal static class Parsed
{
    /// <summary>Any text but none.</summary>
    public static Option<string?> Text(string name, string placeholder, string description, bool required = false) =>
        new(name, text => text.Length > 0 ? text : throw new UsageException($"{name} is empty; expected {placeholder}."))
        {
            Description = description,
            HelpName = placeholder,
            Required = required,
        };

    public static Option<bool> Flag(string name, string description) => new(name, _ => true) { Description = description };

    /// <summary>One of a few words.</summary>
    public static Option<string?> Choice(string name, string description, params string[] words) =>
        new(name, text => words.Contains(text) ? text : throw Refusal(name, $"one of {string.Join(", ", words)}", text))
        {
            Description = description,
            HelpName = string.Join("|", words),
        };

    /// <summary>A whole number of at least <paramref name="least"/> and at most <paramref name="most"/>.</summary>
    public static Option<int?> Count(string name, string description, int least, int most = int.MaxValue) =>
        new(name, text => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) && value >= least && value <= most
            ? value
            : throw Refusal(name, most == int.MaxValue ? $"a whole number of at least {least}" : $"a whole number from {least} to {most}", text))
        {
            Description = description,
            HelpName = "N",
        };

    /// <summary>A seed: any whole number from 0 to 2^64 - 1.</summary>
    public static Option<ulong?> Seed(string name, string description) =>
        new(name, text => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value)
            ? value
            : throw Refusal(name, "a whole number of at least 0", text))
        {
            Description = description,
            HelpName = "N",
        };

    /// <summary>A number for which <paramref name="fits"/> holds.</summary>
    public static Option<double?> Number(string name, string description, Func<double, bool> fits, string expected) =>
        new(name, text => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            && double.IsFinite(value) && fits(value)
            ? value
            : throw Refusal(name, expected, text))
        {
            Description = description,
            HelpName = "X",
        };

    /// <summary>Anything that <paramref name="parse"/> understands; it returns null for what it does not.</summary>
    public static Option<TValue?> Value<TValue>(string name, string placeholder, string description, Func<string, TValue?> parse, string expected)
        where TValue : class => new(name, text => parse(text) ?? throw Refusal(name, expected, text))
        {
            Description = description,
            HelpName = placeholder,
        };

    private static UsageException Refusal(string name, string expected, string text) => new($"{name} must be {expected}, but is '{text}'.");
}
