namespace ProxProp.Engine.Data;

/// <summary>What the first line of a CSV file says about all of them.</summary>
/// <param name="Columns">Fields in every line.</param>
/// <param name="LabelColumn">The label's column, the first being 1; 0 if there are no labels.</param>
/// <param name="HasHeader">Whether the first line holds names.</param>
/// <param name="Features">Number of feature columns.</param>
internal readonly record struct CsvLayout(int Columns, int LabelColumn, bool HasHeader, int Features)
{
    /// <summary>The feature in each column, the first being 0; -1 where there is none.</summary>
    public required int[] Places { get; init; }

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
        int named = 0;
        while (scanner.NextField(out ReadOnlySpan<byte> field))
        {
            if (name is null || scanner.Name(field) != name)
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
        int[] places = PlaceFeatures(columns, label, options.Columns, file, line);
        bool header = options.Header ?? (name is not null || LooksLikeHeader(text, file, options, label));
        return new CsvLayout(columns, label, header, options.Columns?.Count ?? (columns - (label > 0 ? 1 : 0))) { Places = places };
    }

    /// <summary>Moves past the header, if there is one.</summary>
    public void SkipHeader(ref CsvScanner scanner)
    {
        if (HasHeader)
            scanner.NextLine();
    }

    private static int[] PlaceFeatures(int columns, int label, IReadOnlyList<int>? chosen, string file, int line)
    {
        int[] places = new int[columns];
        Array.Fill(places, -1);
        for (int i = 0, feature = 0; chosen is null && i < columns; i++)
            places[i] = i + 1 == label ? -1 : feature++;
        for (int i = 0; i < chosen?.Count; i++)
        {
            int column = chosen[i];
            if (column >= columns)
                throw new DataFormatException(file, $"line {line}", $"{columns} columns", $"a feature in column {column + 1}");
            if (column < 0 || column + 1 == label || places[column] >= 0)
            {
                string message = $"Feature {i} is said to be column {column}; expected one from 0 up that is no other feature and not the label.";
                throw new ArgumentException(message, nameof(chosen));
            }

            places[column] = i;
        }

        return places;
    }

    // Features may have numbers for names, as data frames write them; text where the next line's label is a number is the label's name,
    // but for a question mark, which stands for a label that is missing.
    private static bool LooksLikeHeader(ReadOnlySpan<byte> text, string file, CsvOptions options, int label)
    {
        CsvScanner scanner = new(text, options.Separator, file);
        scanner.NextLine();
        bool numbers = false, named = false;
        while (scanner.NextField(out ReadOnlySpan<byte> field))
        {
            bool number = CsvScanner.TryParse(field, out _);
            if (scanner.Column == label)
                named = !number && field is not ([] or [(byte)'?']);
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
