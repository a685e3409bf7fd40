using System.Globalization;

namespace ProxProp.Cli.Options;

/// <summary>An amount of memory as it is typed: <c>64MB</c>, <c>1.5GiB</c>, or bytes.</summary>
/// <param name="Bytes">How much.</param>
internal sealed record ByteSize(long Bytes)
{
    public const string Expected = "an amount of memory such as 64MB, 1.5GiB or 50000000";

    private static readonly (string Suffix, double Bytes)[] Units =
        [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("kB", 1e3), ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), (string.Empty, 1)];

    /// <summary>Reads an amount; null if it is none.</summary>
    public static ByteSize? Parse(string text)
    {
        (string suffix, double unit) = Array.Find(Units, u => text.EndsWith(u.Suffix, StringComparison.Ordinal));
        return double.TryParse(text[..^suffix.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)
            && number > 0 && number * unit < 1e15
            ? new ByteSize((long)(number * unit))
            : null;
    }
}
