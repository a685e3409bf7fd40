namespace ProxProp.Cli.Parsing;

/// <summary>What a command line says: the values of options and arguments, all of them checked.</summary>
/// <remarks>
/// <c>--name value</c>, <c>--name=value</c> and <c>--name:value</c> are the same; words behind <c>--</c> are arguments; the name of an option
/// is never the value of another.
/// </remarks>
internal sealed class ParseResult
{
    private const string EndOfOptions = "--";
    private static readonly char[] Assignment = ['=', ':'];

    private readonly Dictionary<Option, string> _texts = [];
    private readonly List<string> _arguments = [];
    private readonly Command _command;

    private ParseResult(Command command) => _command = command;

    /// <summary>Reads the words behind a command's name.</summary>
    /// <exception cref="UsageException">The first thing that is wrong with them.</exception>
    public static ParseResult Read(Command command, ReadOnlySpan<string> words)
    {
        var result = new ParseResult(command);
        string? error = result.Collect(words);
        if (error is not null)
            throw new UsageException(error);
        foreach ((Option option, string text) in result._texts)
            option.Check(text);
        foreach (Option option in command.Options)
        {
            if (option.Required && !result.Has(option))
                throw new UsageException($"Option '{option.Name}' is required.");
        }

        if (result._arguments.Count < command.Arguments.Count)
            throw new UsageException($"Required argument '{command.Arguments[result._arguments.Count].Name}' missing for command: '{command.Name}'.");
        return result;
    }

    /// <summary>Whether one of the words asks for help.</summary>
    public static bool AsksForHelp(ReadOnlySpan<string> words)
    {
        foreach (string word in words)
        {
            if (word is "--help" or "-h" or "-?")
                return true;
            if (word == EndOfOptions)
                return false;
        }

        return false;
    }

    /// <summary>Whether the option was given.</summary>
    public bool Has(Option option) => _texts.ContainsKey(option);

    /// <summary>The option's value; the type's default if it was not given.</summary>
    public TValue? GetValue<TValue>(Option<TValue> option) => _texts.TryGetValue(option, out string? text) ? option.Parse(text) : default;

    /// <summary>The argument's value.</summary>
    public string GetValue(Argument argument)
    {
        for (int i = 0; i < _arguments.Count; i++)
        {
            if (ReferenceEquals(_command.Arguments[i], argument))
                return _arguments[i];
        }

        throw new ArgumentException($"The command '{_command.Name}' has no argument '{argument.Name}'.", nameof(argument));
    }

    // The error about a word that means nothing says more than one about a word that is missing, so it comes first.
    private string? Collect(ReadOnlySpan<string> words)
    {
        string? error = null;
        bool open = true;
        for (int i = 0; i < words.Length; i++)
        {
            string word = words[i];
            if (open && word == EndOfOptions)
            {
                open = false;
                continue;
            }

            if (!open || Find(word, out string? text) is not { } option)
            {
                if (_arguments.Count == _command.Arguments.Count || (open && word.StartsWith(EndOfOptions, StringComparison.Ordinal)))
                    return $"Unrecognized command or argument '{word}'.";
                _arguments.Add(word);
                continue;
            }

            if (option.HelpName is null)
            {
                if (text is not null)
                    return $"Unrecognized command or argument '{text}'.";
                text = string.Empty;
            }
            else if (text is null)
            {
                bool hasValue = i + 1 < words.Length && words[i + 1] != EndOfOptions && Find(words[i + 1], out _) is null;
                if (!hasValue)
                {
                    error ??= $"Required argument missing for option: '{option.Name}'.";
                    continue;
                }

                text = words[++i];
            }

            if (!_texts.TryAdd(option, text) && option.HelpName is not null)
                error ??= $"Option '{option.Name}' expects a single argument but 2 were provided.";
        }

        return error;
    }

    private Option? Find(string word, out string? text)
    {
        int end = word.StartsWith(EndOfOptions, StringComparison.Ordinal) ? word.IndexOfAny(Assignment) : -1;
        string name = end < 0 ? word : word[..end];
        text = end < 0 ? null : word[(end + 1)..];
        foreach (Option option in _command.Options)
        {
            if (option.Name == name)
                return option;
        }

        return null;
    }
}
