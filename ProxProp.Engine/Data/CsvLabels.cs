using System.Globalization;
using System.Text;

namespace ProxProp.Engine.Data;

/// <summary>
/// Turns label fields into class indices. Whole numbers count by value ("1", "01" and "1.0" are one class), everything else by its text.
/// </summary>
internal sealed class CsvLabels
{
    private const int LongestLabel = 256;
    private const int MostClasses = 10_000;

    private static readonly UTF8Encoding s_strictUtf8 = new(false, throwOnInvalidBytes: true);

    private readonly Dictionary<string, int> _indices = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];
    private readonly List<int> _labels = [];
    private readonly bool _fixed, _mayLack;

    /// <summary>Begins with the classes that are known, if they are; labels may be missing if <paramref name="mayLack"/>.</summary>
    public CsvLabels(IReadOnlyList<string>? classNames, bool mayLack = false)
    {
        _mayLack = mayLack;
        if (classNames is null)
            return;
        _fixed = true;
        Span<char> buffer = stackalloc char[LongestLabel];
        foreach (string name in classNames)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(name);
            if (bytes.Length is 0 or > LongestLabel)
            {
                string message = $"The class name '{name}' has {bytes.Length} bytes; expected 1 to {LongestLabel}.";
                throw new ArgumentException(message, nameof(classNames));
            }

            if (!_indices.TryAdd(Canonical(bytes, buffer).ToString(), _names.Count))
                throw new ArgumentException($"The class name '{name}' occurs twice.", nameof(classNames));
            _names.Add(name);
        }
    }

    /// <summary>Takes the label of the next row.</summary>
    public void Add(ReadOnlySpan<byte> field, in CsvScanner scanner)
    {
        if (_mayLack && field.IsEmpty)
        {
            _labels.Add(-1);
            return;
        }

        if (field.Length is 0 or > LongestLabel)
        {
            string found = field.IsEmpty ? "an empty label" : $"a label of {field.Length} bytes";
            throw scanner.Error(found, $"a class of 1 to {LongestLabel} bytes");
        }

        Span<char> buffer = stackalloc char[LongestLabel];
        scoped ReadOnlySpan<char> label;
        try
        {
            label = Canonical(field, buffer);
            if (scanner.HasDoubledQuotes)
                label = label.ToString().Replace("\"\"", "\"", StringComparison.Ordinal);
        }
        catch (DecoderFallbackException)
        {
            throw scanner.Error($"the label {CsvScanner.Quote(field)}", "UTF-8 text");
        }

        if (!_indices.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(label, out int index))
        {
            if (_mayLack && field is [(byte)'?'])
            {
                _labels.Add(-1);
                return;
            }

            if (_fixed)
                throw scanner.Error($"the label {CsvScanner.Quote(field)}", $"one of the {_names.Count} known classes");
            if (_names.Count == MostClasses)
                throw scanner.Error($"different label number {MostClasses + 1}", $"at most {MostClasses} classes");
            index = _names.Count;
            string name = label.ToString();
            _names.Add(name);
            _indices.Add(name, index);
        }

        _labels.Add(index);
    }

    /// <summary>The class names in order, and each row's class; -1 where its label is missing.</summary>
    public (string[] Names, int[] Labels) Finish()
    {
        int[] labels = [.. _labels];
        string[] names = [.. _names];
        if (_fixed)
            return (names, labels);

        bool numeric = Array.TrueForAll(names, name => long.TryParse(name, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _));
        if (numeric)
            Array.Sort(names, (a, b) => long.Parse(a, CultureInfo.InvariantCulture).CompareTo(long.Parse(b, CultureInfo.InvariantCulture)));
        else
            Array.Sort(names, StringComparer.Ordinal);
        int[] rank = new int[names.Length];
        for (int i = 0; i < names.Length; i++)
            rank[_indices[names[i]]] = i;
        for (int i = 0; i < labels.Length; i++)
            labels[i] = labels[i] < 0 ? -1 : rank[labels[i]];
        return (names, labels);
    }

    private static ReadOnlySpan<char> Canonical(ReadOnlySpan<byte> field, Span<char> buffer)
    {
        const double ExactIntegers = 1L << 53;
        int length;
        if (CsvScanner.TryParse(field, out double value) && Math.Abs(value) < ExactIntegers && Math.Floor(value) == value)
            ((long)value).TryFormat(buffer, out length, default, CultureInfo.InvariantCulture);
        else
            length = s_strictUtf8.GetChars(field, buffer);
        return buffer[..length];
    }
}
