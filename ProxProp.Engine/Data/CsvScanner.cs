using System.Globalization;
using System.Text;

namespace ProxProp.Engine.Data;

/// <summary>
/// Walks through the lines and fields of CSV text. Lines end with LF or CRLF, blank ones are skipped. A field may stand in double quotes, a
/// quote in it doubled; it may then hold the separator but no line break.
/// </summary>
internal ref struct CsvScanner
{
    private const int LongestExcerpt = 40;

    /// <summary>A whole number of at most this many digits is exact in double.</summary>
    private const int ExactDigits = 15;

    private readonly ReadOnlySpan<byte> _text;
    private readonly byte _separator;
    private readonly ReadOnlySpan<byte> _blank;
    private readonly string _file;
    private int _next;
    private int _end;
    private int _at;
    private bool _more;

    public CsvScanner(ReadOnlySpan<byte> text, char separator, string file)
    {
        _text = text;
        _separator = (byte)separator;
        _blank = separator == '\t' ? " "u8 : " \t"u8;
        _file = file;
        if (text.StartsWith("\uFEFF"u8))
            _next = 3;
    }

    /// <summary>The current line, the first being 1.</summary>
    public int Line { get; private set; }

    /// <summary>The current field's column, the first being 1.</summary>
    public int Column { get; private set; }

    /// <summary>Whether the current field stands in quotes and has doubled ones in it.</summary>
    public bool HasDoubledQuotes { get; private set; }

    /// <summary>Moves to the next line that is not blank.</summary>
    public bool NextLine()
    {
        while (_next < _text.Length)
        {
            int length = _text[_next..].IndexOf((byte)'\n');
            _at = _next;
            _end = length < 0 ? _text.Length : _next + length;
            _next = length < 0 ? _text.Length : _end + 1;
            Line++;
            if (_end > _at && _text[_end - 1] == '\r')
                _end--;
            if (_text[_at.._end].ContainsAnyExcept((byte)' ', (byte)'\t'))
            {
                Column = 0;
                _more = true;
                return true;
            }
        }

        return false;
    }

    /// <summary>Moves to the next field of the line.</summary>
    /// <param name="field">Its bytes without white space around it or quotes; doubled quotes are still doubled.</param>
    public bool NextField(out ReadOnlySpan<byte> field)
    {
        field = default;
        HasDoubledQuotes = false;
        if (!_more)
            return false;
        Column++;
        ReadOnlySpan<byte> rest = _text[_at.._end];
        if (rest.TrimStart(_blank) is [(byte)'"', .. var quoted])
        {
            int close = ClosingQuote(quoted);
            field = quoted[..close];
            HasDoubledQuotes = field.Contains((byte)'"');
            rest = quoted[(close + 1)..].TrimStart(_blank);
            if (!rest.IsEmpty && rest[0] != _separator)
                throw Error($"{Quote(rest)} after a closing quote", "the separator or the end of the line");
            Advance(rest.IsEmpty ? -1 : 0, rest.Length);
            return true;
        }

        int length = rest.IndexOf(_separator);
        field = (length < 0 ? rest : rest[..length]).Trim(_blank);
        Advance(length, rest.Length);
        return true;
    }

    /// <summary>Parses a number; true also for NaN and infinities, which the caller refuses.</summary>
    public static bool TryParse(ReadOnlySpan<byte> field, out double value)
    {
        bool negative = field is [(byte)'-', ..];
        ReadOnlySpan<byte> digits = negative ? field[1..] : field;
        if (digits.Length is 0 or > ExactDigits)
            return double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
        long whole = 0;
        foreach (byte digit in digits)
        {
            int d = digit - '0';
            if ((uint)d > 9)
                return double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
            whole = (whole * 10) + d;
        }

        value = negative ? -(double)whole : whole;
        return true;
    }

    /// <summary>The current field as a name: as text, with a doubled quote once.</summary>
    public readonly string Name(ReadOnlySpan<byte> field)
    {
        string text = Encoding.UTF8.GetString(field);
        return HasDoubledQuotes ? text.Replace("\"\"", "\"", StringComparison.Ordinal) : text;
    }

    /// <summary>An excerpt of bytes for a message.</summary>
    public static string Quote(ReadOnlySpan<byte> bytes)
    {
        string text = Encoding.UTF8.GetString(bytes[..Math.Min(bytes.Length, LongestExcerpt)]);
        return bytes.Length > LongestExcerpt ? $"'{text}…'" : $"'{text}'";
    }

    /// <summary>A failure in the current field.</summary>
    public readonly DataFormatException Error(string found, string expected) => new(_file, $"line {Line}, column {Column}", found, expected);

    private readonly int ClosingQuote(ReadOnlySpan<byte> quoted)
    {
        int at = 0;
        while (true)
        {
            int quote = quoted[at..].IndexOf((byte)'"');
            if (quote < 0)
                throw Error("a quote that does not close on its line", "a closing quote");
            at += quote;
            if (at + 1 == quoted.Length || quoted[at + 1] != '"')
                return at;
            at += 2;
        }
    }

    private void Advance(int separator, int restLength)
    {
        _more = separator >= 0;
        _at = _more ? _end - restLength + separator + 1 : _end;
    }
}
