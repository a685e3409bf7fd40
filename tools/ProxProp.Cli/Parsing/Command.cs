namespace ProxProp.Cli.Parsing;

/// <summary>The first word of a command line, with the options that go with it and what it does.</summary>
/// <param name="name">The word.</param>
/// <param name="description">What it does, for help.</param>
internal class Command(string name, string description)
{
    private readonly List<Option> _options = [];
    private readonly List<Argument> _arguments = [];
    private Func<ParseResult, int>? _action;

    public string Name { get; } = name;

    public string Description { get; } = description;

    public IReadOnlyList<Option> Options => _options;

    public IReadOnlyList<Argument> Arguments => _arguments;

    public void Add(Option option) => _options.Add(option);

    public void Add(Argument argument) => _arguments.Add(argument);

    /// <summary>What the command does; it answers with the exit code.</summary>
    protected void SetAction(Func<ParseResult, int> action) => _action = action;

    public int Invoke(ParseResult parsed) => _action!(parsed);
}
