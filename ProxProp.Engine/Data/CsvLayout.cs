namespace ProxProp.Engine.Data;

/// <summary>What the first line of a CSV file says about all of them.</summary>
/// <param name="Columns">Fields in every line.</param>
/// <param name="LabelColumn">The label's column, the first being 1; 0 if there are no labels.</param>
/// <param name="HasHeader">Whether the first line holds names.</param>
internal readonly record struct CsvLayout(int Columns, int LabelColumn, bool HasHeader)
{
    /// <summary>Number of feature columns.</summary>
    public int Features => Columns - (LabelColumn > 0 ? 1 : 0);

    /// <summary>Looks at the first line that is not blank.</summary>
    public static CsvLayout Find(ReadOnlySpan<byte> text, string file, CsvOptions options)
    {
        if (!CsvOptions.CanSeparate(options.Separator))
        {
            string message = $"The separator '{options.Separator}' cannot separate numbers; expected a character such as , ; or tab.";
            throw new ArgumentException(message, nameof(options));
        }

        CsvScanner scanner = new(text, options.Separator, file);
        if (!scanner.NextLine())
            throw new DataFormatException(file, "", text.IsEmpty ? "an empty file" : "blank lines only", "at least one sample");
        int line = scanner.Line;
        string? name = options.Label.ColumnName;
        ReadOnlySpan<byte> wanted = name is null ? [] : System.Text.Encoding.UTF8.GetBytes(name);
        int named = 0;
        while (scanner.NextField(out ReadOnlySpan<byte> field))
        {
            if (name is null || !field.SequenceEqual(wanted))
                continue;
            if (named > 0)
                throw scanner.Error($"the column name '{name}' again", "it once");
            named = scanner.Column;
        }

        int columns = scanner.Column;
        int label = options.Label.IsAbsent ? 0 : name is not null ? named : options.Label.Index == 0 ? columns : options.Label.Index;
        if (name is not null && named == 0)
            throw new DataFormatException(file, $"line {line}", $"no column '{name}'", "a header that names the label column");
        if (label > columns)
            throw new DataFormatException(file, $"line {line}", $"{columns} columns", $"a label in column {label}");
        return new CsvLayout(columns, label, options.Header ?? (name is not null || LooksLikeHeader(text, file, options, label)));
    }

    /// <summary>Moves past the header, if there is one.</summary>
    public void SkipHeader(ref CsvScanner scanner)
    {
        if (HasHeader)
            scanner.NextLine();
    }

    // Features may have numbers for names, as data frames write them; text where the next line's label is a number is the label's name.
    private static bool LooksLikeHeader(ReadOnlySpan<byte> text, string file, CsvOptions options, int label)
    {
        CsvScanner scanner = new(text, options.Separator, file);
        scanner.NextLine();
        bool numbers = false, named = false;
        while (scanner.NextField(out ReadOnlySpan<byte> field))
        {
            bool number = CsvScanner.TryParse(field, out _);
            if (scanner.Column == label)
                named = !number && !field.IsEmpty;
            else
                numbers |= number;
        }

        if (!numbers || !named || !scanner.NextLine())
            return !numbers;
        while (scanner.NextField(out ReadOnlySpan<byte> field))
        {
            if (scanner.Column == label)
                return CsvScanner.TryParse(field, out _);
        }

        return false;
    }
}
