namespace ProxProp.Engine.Data;

/// <summary>Which column of a CSV file holds the labels.</summary>
public readonly record struct CsvLabel
{
    private CsvLabel(string? name, int index, bool absent) => (ColumnName, Index, IsAbsent) = (name, index, absent);

    /// <summary>The last column. The default.</summary>
    public static CsvLabel Last => default;

    /// <summary>No column: every column is a feature, and every label is −1.</summary>
    public static CsvLabel None => new(null, 0, true);

    /// <summary>The column's name in the header, or null.</summary>
    public string? ColumnName { get; }

    /// <summary>True if there are no labels.</summary>
    public bool IsAbsent { get; }

    /// <summary>Column number plus one, so that the default value means the last column.</summary>
    internal int Index { get; }

    /// <summary>The column of that name, which the file's header must have.</summary>
    public static CsvLabel Named(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return new CsvLabel(name, 0, false);
    }

    /// <summary>The column of that number, the first being 0.</summary>
    public static CsvLabel At(int column)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(column);
        return new CsvLabel(null, checked(column + 1), false);
    }
}

/// <summary>How to read a CSV file.</summary>
public sealed record CsvOptions
{
    /// <summary>Where the labels are; the last column by default.</summary>
    public CsvLabel Label { get; init; } = CsvLabel.Last;

    /// <summary>
    /// Whether the first line names the columns. Null finds out: it does if no feature field of it is a number, or if its label is text and the
    /// label of the next line that is not blank is a number (feature columns may be named 0, 1, 2).
    /// </summary>
    public bool? Header { get; init; }

    /// <summary>
    /// The columns that hold the features, the first being 0, in the order wanted; what is in others does not matter. Null takes all but the label's, in
    /// their order. See <see cref="CsvDataset.ReadHeader"/>.
    /// </summary>
    public IReadOnlyList<int>? Columns { get; init; }

    /// <summary>The character between fields.</summary>
    public char Separator { get; init; } = ',';

    /// <summary>Channels, height and width of a sample, whose product is the number of features; null for plain vectors.</summary>
    public (int Channels, int Height, int Width)? Shape { get; init; }

    /// <summary>
    /// The classes, in order; other labels in the file are refused. Null takes the labels found, each once: ascending if all are integers,
    /// otherwise in ordinal order of the text. Give the training file's names when reading a test file.
    /// </summary>
    public IReadOnlyList<string>? ClassNames { get; init; }

    /// <summary>Whether the label of a row may be missing, an empty field or a question mark that is no class; it is −1 then.</summary>
    public bool MayLackLabels { get; init; }

    /// <summary>
    /// The normalisation; null measures the smallest and largest value of every column of this file. Give the training file's
    /// <see cref="Dataset{T}.Scaling"/> when reading a test file.
    /// </summary>
    public FeatureScaling? Scaling { get; init; }

    /// <summary>Whether a character can stand between numbers: not if it may be in one, in a quoted field or at a line's end.</summary>
    public static bool CanSeparate(char character) =>
        character is not (> '~' or '"' or '.' or '-' or '+' or '\n' or '\r' or (>= '0' and <= '9') or (>= 'A' and <= 'z'));
}
