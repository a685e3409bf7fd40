using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace ProxProp.Cli.Options;

/// <summary>Makes options whose errors name the option, what was found and what was expected.</summary>
internal static class Parsed
{
    public static Option<string?> Text(string name, string placeholder, string description) =>
        new(name) { Description = description, HelpName = placeholder };

    public static Option<bool> Flag(string name, string description) => new(name) { Description = description, Arity = ArgumentArity.Zero };

    /// <summary>One of a few words.</summary>
    public static Option<string?> Choice(string name, string description, params string[] words) => new(name)
    {
        Description = description,
        HelpName = string.Join("|", words),
        CustomParser = result => words.Contains(Token(result))
            ? Token(result)
            : Refuse<string?>(result, name, $"one of {string.Join(", ", words)}"),
    };

    /// <summary>A whole number of at least <paramref name="least"/>.</summary>
    public static Option<int?> Count(string name, string description, int least) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result =>
            int.TryParse(Token(result), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) && value >= least
            ? value
            : Refuse<int?>(result, name, $"a whole number of at least {least}"),
    };

    /// <summary>A seed: any whole number from 0 to 2^64 - 1.</summary>
    public static Option<ulong?> Seed(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result => ulong.TryParse(Token(result), NumberStyles.None, CultureInfo.InvariantCulture, out ulong value)
            ? value
            : Refuse<ulong?>(result, name, "a whole number of at least 0"),
    };

    /// <summary>A number for which <paramref name="fits"/> holds.</summary>
    public static Option<double?> Number(string name, string description, Func<double, bool> fits, string expected) => new(name)
    {
        Description = description,
        HelpName = "X",
        CustomParser = result => double.TryParse(Token(result), NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            && double.IsFinite(value) && fits(value)
            ? value
            : Refuse<double?>(result, name, expected),
    };

    /// <summary>Anything that <paramref name="parse"/> understands; it returns null for what it does not.</summary>
    public static Option<TValue?> Value<TValue>(string name, string placeholder, string description, Func<string, TValue?> parse, string expected)
        where TValue : class => new(name)
        {
            Description = description,
            HelpName = placeholder,
            CustomParser = result => parse(Token(result)) ?? Refuse<TValue>(result, name, expected),
        };

    private static string Token(ArgumentResult result) => result.Tokens[0].Value;

    private static TValue? Refuse<TValue>(ArgumentResult result, string name, string expected)
    {
        result.AddError($"{name} must be {expected}, but is '{Token(result)}'.");
        return default;
    }
}
