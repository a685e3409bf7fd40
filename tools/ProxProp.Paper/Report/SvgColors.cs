using OxyPlot;

namespace ProxProp.Paper.Report;

/// <summary>
/// Colours of a chart as names that the page's style gives a value, for light and dark screens and for paper: the plotting library is handed a
/// number for each, which is replaced in what it writes.
/// </summary>
internal static class SvgColors
{
    private const byte Mark = 17;

    /// <summary>Text and axes.</summary>
    public static OxyColor Ink { get; } = OxyColor.FromRgb(Mark, 1, 0);

    /// <summary>The background.</summary>
    public static OxyColor Paper { get; } = OxyColor.FromRgb(Mark, 2, 0);

    /// <summary>Lines of the grid.</summary>
    public static OxyColor Grid { get; } = OxyColor.FromRgb(Mark, 3, 0);

    /// <summary>A line of the chart.</summary>
    public static OxyColor Line(int number) => OxyColor.FromRgb(Mark, 4, (byte)(number % LineLook.Count));

    /// <summary>The style's name for a number that the library wrote; the text itself if it is none of ours.</summary>
    public static string Named(string text) =>
        text.Replace($"rgb({Mark},1,0)", "var(--ink)", StringComparison.Ordinal)
            .Replace($"rgb({Mark},2,0)", "var(--paper)", StringComparison.Ordinal)
            .Replace($"rgb({Mark},3,0)", "var(--grid)", StringComparison.Ordinal)
            .Replace($"rgb({Mark},4,", "var(--line", StringComparison.Ordinal);
}
