namespace ProxProp.Cli.Output;

/// <summary>How numbers are written for people.</summary>
internal static class Texts
{
    /// <summary>"1 row", "1,797 rows".</summary>
    public static string Count(long count, string noun) => $"{count:N0} {noun}{(count == 1 ? string.Empty : "s")}";

    /// <summary>A fraction as a percentage with one digit, or a dash where there is none.</summary>
    public static string Percent(double fraction) => double.IsNaN(fraction) ? "-" : $"{100 * fraction:F1}%";

    /// <summary>Four significant digits, or a dash where there is no number.</summary>
    public static string Loss(double loss) => double.IsNaN(loss) ? "-"
        : loss is >= 0.001 and < 1000 ? loss.ToString($"F{3 - (int)Math.Floor(Math.Log10(loss))}")
        : loss.ToString("0.00E+0");

    /// <summary>Samples per second in three digits or so.</summary>
    public static string Rate(double perSecond) => perSecond switch
    {
        < 1000 => $"{perSecond:F0}/s",
        < 10_000 => $"{perSecond / 1e3:F1}k/s",
        < 1_000_000 => $"{perSecond / 1e3:F0}k/s",
        _ => $"{perSecond / 1e6:F1}M/s",
    };

    /// <summary>"float" or "double", as the option has it.</summary>
    public static string Precision<T>() => typeof(T) == typeof(double) ? "double" : "float";

    /// <summary>A number as it would be typed.</summary>
    public static string Plain(double value) => value.ToString("R");

    /// <summary>A word to be pasted into a command line: in quotes unless it has nothing but what no shell takes for more than itself.</summary>
    public static string ForShell(string word)
    {
        bool windows = OperatingSystem.IsWindows(), plain = true;
        foreach (char c in word)
            plain &= char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '_' or '-' or '+' or ':' or ',' || (windows && c == '\\');
        return plain ? word : windows ? $"\"{word}\"" : $"'{word.Replace("'", @"'\''", StringComparison.Ordinal)}'";
    }

    /// <summary>Bytes in the unit that fits.</summary>
    public static string Bytes(long bytes) => bytes switch
    {
        < 1024 => $"{bytes} bytes",
        < 1024 * 1024 => $"{bytes / 1024.0:F1} KiB",
        < 1024L * 1024 * 1024 => $"{bytes / (1024.0 * 1024):F1} MiB",
        _ => $"{bytes / (1024.0 * 1024 * 1024):F2} GiB",
    };

    /// <summary>Floating-point operations in the unit that fits.</summary>
    public static string Flops(double flops) => flops switch
    {
        double.NaN => "flops unknown",
        < 1e3 => $"{flops:F0} flop",
        < 1e6 => $"{flops / 1e3:F1} kflop",
        < 1e9 => $"{flops / 1e6:F1} Mflop",
        < 1e12 => $"{flops / 1e9:F1} Gflop",
        _ => $"{flops / 1e12:F1} Tflop",
    };

    /// <summary>m:ss, or h:mm:ss.</summary>
    public static string Clock(TimeSpan time)
    {
        long seconds = (long)Math.Ceiling(time.TotalSeconds);
        return seconds < 3600 ? $"{seconds / 60}:{seconds % 60:D2}" : $"{seconds / 3600}:{seconds / 60 % 60:D2}:{seconds % 60:D2}";
    }
}
