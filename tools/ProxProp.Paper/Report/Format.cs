using System.Globalization;

namespace ProxProp.Paper.Report;

/// <summary>How numbers are written in the report.</summary>
internal static class Format
{
    /// <summary>What stands where there is no number.</summary>
    public const string None = "-";

    /// <summary>A loss in three digits, as the paper writes them.</summary>
    public static string Loss(double value) => !double.IsFinite(value) ? None
        : value == 0 ? "0"
        : Math.Abs(value) switch
        {
            < 0.00995 or >= 999.5 => value.ToString("0.0e-0", CultureInfo.InvariantCulture),
            < 0.1 => value.ToString("F4", CultureInfo.InvariantCulture),
            < 9.995 => value.ToString("F3", CultureInfo.InvariantCulture),
            < 99.95 => value.ToString("F1", CultureInfo.InvariantCulture),
            _ => value.ToString("F0", CultureInfo.InvariantCulture),
        };

    /// <summary>A fraction in percent with one digit.</summary>
    public static string Percent(double fraction) =>
        double.IsFinite(fraction) ? string.Create(CultureInfo.InvariantCulture, $"{100 * fraction:F1}\u00a0%") : None;

    /// <summary>A difference of two fractions in points of a percent, with its sign.</summary>
    public static string Points(double difference) =>
        double.IsFinite(difference) ? string.Create(CultureInfo.InvariantCulture, $"{100 * difference:+0.0;-0.0;0.0} points") : None;

    /// <summary>A mean of losses and, where there are several, half of their range.</summary>
    public static string Loss(Spread value) => value.Count < 2 ? Loss(value.Mean) : $"{Loss(value.Mean)} ± {Loss(value.HalfRange)}";

    /// <summary>A mean of fractions and, where there are several, half of their range.</summary>
    public static string Percent(Spread value) => value.Count < 2
        ? Percent(value.Mean)
        : string.Create(CultureInfo.InvariantCulture, $"{100 * value.Mean:F1} ± {100 * value.HalfRange:F1}\u00a0%");

    /// <summary>Seconds.</summary>
    public static string Seconds(double seconds) => !double.IsFinite(seconds) ? None
        : seconds.ToString(seconds < 10 ? "G3" : "F0", CultureInfo.InvariantCulture) + " s";

    /// <summary>A ratio with two digits.</summary>
    public static string Ratio(double ratio) => double.IsFinite(ratio) ? ratio.ToString("F2", CultureInfo.InvariantCulture) : None;

    /// <summary>A learning rate or another setting.</summary>
    public static string Plain(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>"1 epoch", "12 epochs".</summary>
    public static string Count(int count, string noun) => string.Create(CultureInfo.InvariantCulture, $"{count:N0} {noun}{(count == 1 ? "" : "s")}");
}
