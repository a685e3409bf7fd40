using System.Numerics;

namespace ProxProp.Engine.Data;

/// <summary>
/// Reads a data set from CSV text, plain or compressed by gzip: one sample per line, a column with the label, all others features, numbers in
/// the invariant culture. Features are normalised to the unit interval, by default each column by its own smallest and largest value.
/// </summary>
/// <remarks>
/// The text is gone through twice, first to check it all and to measure the columns, then to fill the array: numbers are parsed and normalised
/// in double and rounded to <c>T</c> once. Memory: the text, and the samples as <c>T</c>.
/// </remarks>
public static class CsvDataset
{
    /// <summary>Loads a file.</summary>
    /// <param name="path">Path of the file; recognised as gzip by its contents.</param>
    /// <param name="options">How to read it; null for the defaults.</param>
    /// <exception cref="DataFormatException">
    /// The file is missing or damaged, or does not fit the options; the message names line and column.
    /// </exception>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    public static Dataset<T> Load<T>(string path, CsvOptions? options = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using ByteSource source = ByteSource.Open(path);
        return Read<T>(source, Path.GetFileName(path), options ?? new CsvOptions());
    }

    /// <summary>Number of fields in the first line of a file: what tells a file without labels from one that has them.</summary>
    /// <param name="path">Path of the file; recognised as gzip by its contents.</param>
    /// <param name="options">How to read it; null for the defaults.</param>
    /// <exception cref="DataFormatException">The file is missing, damaged or empty.</exception>
    public static int CountColumns(string path, CsvOptions? options = null)
    {
        using ByteSource source = ByteSource.Open(path);
        return CsvLayout.Find(source.ReadToEnd("text"), source.Name, (options ?? new CsvOptions()) with { Label = CsvLabel.None }).Columns;
    }

    /// <summary>The names of all columns of a file, the label's among them; null if it has no header.</summary>
    /// <param name="path">Path of the file; recognised as gzip by its contents.</param>
    /// <param name="options">How to read it; null for the defaults.</param>
    /// <exception cref="DataFormatException">The file is missing, damaged or empty, or has not the label's column.</exception>
    public static string[]? ReadHeader(string path, CsvOptions? options = null)
    {
        using ByteSource source = ByteSource.Open(path);
        options ??= new CsvOptions();
        ReadOnlySpan<byte> text = source.ReadToEnd("text");
        CsvLayout layout = CsvLayout.Find(text, source.Name, options);
        if (!layout.HasHeader)
            return null;
        string[] names = new string[layout.Columns];
        CsvScanner scanner = new(text, options.Separator, source.Name);
        scanner.NextLine();
        while (scanner.NextField(out ReadOnlySpan<byte> field))
            names[scanner.Column - 1] = scanner.Name(field);
        return names;
    }

    /// <summary>The range of every column over some rows of a file: the scaling of training rows, which the others must not have a say in.</summary>
    /// <param name="path">Path of the file; recognised as gzip by its contents.</param>
    /// <param name="includes">Whether a row, from 0, counts.</param>
    /// <param name="options">How to read it; null for the defaults.</param>
    /// <exception cref="DataFormatException">The file is missing or damaged, or does not fit the options.</exception>
    /// <exception cref="ArgumentException">No row counts.</exception>
    public static FeatureScaling MeasureScaling(string path, Func<int, bool> includes, CsvOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(includes);
        using ByteSource source = ByteSource.Open(path);
        options = (options ?? new CsvOptions()) with { Scaling = null };
        ReadOnlySpan<byte> text = source.ReadToEnd("text");
        CsvLabels labels = new(options.ClassNames, options.MayLackLabels);
        Measure(text, source.Name, options, CsvLayout.Find(text, source.Name, options), labels, includes, out FeatureScaling scaling);
        return scaling;
    }

    internal static Dataset<T> Read<T>(ByteSource source, string name, CsvOptions options)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (options.Header == false && options.Label.ColumnName is not null)
        {
            string message = $"The label column '{options.Label.ColumnName}' is named, but the file is said to have no header.";
            throw new ArgumentException(message, nameof(options));
        }

        ReadOnlySpan<byte> text = source.ReadToEnd("text");
        CsvLayout layout = CsvLayout.Find(text, source.Name, options);
        int features = layout.Features;
        if (features == 0)
        {
            string separator = options.Separator == '\t' ? "a tab" : $"'{options.Separator}'";
            throw new DataFormatException(source.Name, "", $"no column but the label's, with fields separated by {separator}", "at least one feature");
        }

        (int channels, int height, int width) = options.Shape ?? (1, 1, features);
        if ((long)channels * height * width != features)
            throw new DataFormatException(source.Name, "", $"{features} feature columns", $"{channels}x{height}x{width}");
        if (options.Scaling is not null && options.Scaling.Features != features)
        {
            string expected = $"{options.Scaling.Features}, as in the given scaling";
            throw new DataFormatException(source.Name, "", $"{features} feature columns", expected);
        }


        CsvLabels labels = new(options.ClassNames, options.MayLackLabels);
        int rows = Measure(text, source.Name, options, layout, labels, includes: null, out FeatureScaling scaling);
        if ((long)rows * features > Array.MaxLength)
            throw new DataFormatException(source.Name, "", $"{rows} rows of {features} features", $"at most {Array.MaxLength} numbers");

        T[] samples = new T[rows * features];
        Fill(text, source.Name, options, layout, scaling, samples);
        (string[] names, int[] classes) = labels.Finish();
        if (layout.LabelColumn == 0)
        {
            classes = new int[rows];
            Array.Fill(classes, -1);
        }

        return new Dataset<T>(name, channels, height, width, names, new NumberStore<T>(samples, features), classes, scaling);
    }

    /// <summary>Checks every row, collects the labels and finds each column's range.</summary>
    private static int Measure(
        ReadOnlySpan<byte> text, string file, CsvOptions options, CsvLayout layout, CsvLabels labels, Func<int, bool>? includes,
        out FeatureScaling scaling)
    {
        int features = layout.Features;
        bool measure = options.Scaling is null;
        double[] minimum = new double[measure ? features : 0];
        double[] maximum = new double[measure ? features : 0];
        Array.Fill(minimum, double.PositiveInfinity);
        Array.Fill(maximum, double.NegativeInfinity);
        int rows = 0;
        CsvScanner scanner = new(text, options.Separator, file);
        layout.SkipHeader(ref scanner);
        while (scanner.NextLine())
        {
            bool counts = measure && (includes is null || includes(rows));
            while (scanner.NextField(out ReadOnlySpan<byte> field))
            {
                if (scanner.Column > layout.Columns)
                    throw scanner.Error("one more field", $"{layout.Columns} fields, as in the first line");
                if (scanner.Column == layout.LabelColumn)
                {
                    labels.Add(field, scanner);
                    continue;
                }

                int feature = layout.Places[scanner.Column - 1];
                if (feature < 0)
                    continue;
                double value = Number(field, scanner);
                if (counts)
                {
                    minimum[feature] = Math.Min(minimum[feature], value);
                    maximum[feature] = Math.Max(maximum[feature], value);
                }
            }

            if (scanner.Column < layout.Columns)
                throw scanner.Error("the end of the line", $"{layout.Columns} fields, as in the first line");
            rows++;
        }

        if (rows == 0)
            throw new DataFormatException(file, "", "no line with data", "at least one sample");
        scaling = options.Scaling ?? new FeatureScaling(minimum, maximum);
        return rows;
    }

    /// <summary>Writes the normalised numbers of a text that <see cref="Measure"/> has accepted.</summary>
    private static void Fill<T>(
        ReadOnlySpan<byte> text, string file, CsvOptions options, CsvLayout layout, FeatureScaling scaling, Span<T> samples)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int at = 0;
        CsvScanner scanner = new(text, options.Separator, file);
        layout.SkipHeader(ref scanner);
        while (scanner.NextLine())
        {
            while (scanner.NextField(out ReadOnlySpan<byte> field))
            {
                int feature = layout.Places[scanner.Column - 1];
                if (feature < 0)
                    continue;
                T value = T.CreateTruncating(scaling.Apply(feature, Number(field, scanner)));
                if (!T.IsFinite(value))
                    throw scanner.Error($"{CsvScanner.Quote(field)}", $"a number that after normalisation fits {typeof(T).Name}");
                samples[at + feature] = value;
            }

            at += layout.Features;
        }
    }

    private static double Number(ReadOnlySpan<byte> field, in CsvScanner scanner)
    {
        if (!CsvScanner.TryParse(field, out double value))
            throw scanner.Error(field.IsEmpty ? "an empty field" : CsvScanner.Quote(field), "a number");
        if (!double.IsFinite(value))
            throw scanner.Error(CsvScanner.Quote(field), "a finite number");
        return value;
    }
}
