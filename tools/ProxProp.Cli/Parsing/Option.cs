namespace ProxProp.Cli.Parsing;

/// <summary>A word that begins with two dashes, with a value behind it unless it is a flag.</summary>
/// <param name="name">With its dashes.</param>
internal abstract class Option(string name)
{
    public string Name { get; } = name;

    public string Description { get; init; } = string.Empty;

    /// <summary>What help shows in the value's place; null for a flag.</summary>
    public string? HelpName { get; init; }

    /// <summary>Whether the command makes no sense without it.</summary>
    public bool Required { get; init; }

    /// <summary>Name and placeholder, as help lists them.</summary>
    public string Heading => HelpName is null ? Name : $"{Name} <{HelpName}>";

    /// <summary>Refuses a text that is no value of this option.</summary>
    /// <exception cref="UsageException">It is none.</exception>
    public abstract void Check(string text);
}

/// <summary>An option whose value is a <typeparamref name="TValue"/>.</summary>
/// <param name="name">With its dashes.</param>
/// <param name="parse">Makes the value of a text, or throws a <see cref="UsageException"/>.</param>
internal sealed class Option<TValue>(string name, Func<string, TValue> parse) : Option(name)
{
    /// <summary>The value that a text stands for.</summary>
    /// <exception cref="UsageException">It is none.</exception>
    public TValue Parse(string text) => parse(text);

    public override void Check(string text) => parse(text);
}

/// <summary>A word that must follow the command.</summary>
/// <param name="name">What help calls it.</param>
/// <param name="description">What it is.</param>
internal sealed class Argument(string name, string description)
{
    public string Name { get; } = name;

    public string Description { get; } = description;
}
