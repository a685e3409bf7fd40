using OxyPlot;

namespace ProxProp.Paper.Report;

/// <summary>How a line is drawn, so that it can be told from the others in black and white too.</summary>
/// <param name="Color">Number of its colour.</param>
/// <param name="Dash">Its dashes.</param>
/// <param name="Marker">Its marker.</param>
/// <param name="IsOpen">Whether the marker is hollow.</param>
internal readonly record struct LineLook(int Color, LineStyle Dash, MarkerType Marker, bool IsOpen)
{
    /// <summary>Number of colours that the page's style defines.</summary>
    public const int Colors = 9;

    private static readonly LineStyle[] s_dashes =
    [
        LineStyle.Solid, LineStyle.Dash, LineStyle.DashDot, LineStyle.LongDash, LineStyle.DashDotDot, LineStyle.LongDashDot, LineStyle.Solid,
        LineStyle.Dash, LineStyle.DashDot,
    ];

    private static readonly MarkerType[] s_markers = [MarkerType.Circle, MarkerType.Square, MarkerType.Triangle, MarkerType.Diamond];

    /// <summary>
    /// Looks for the lines of one experiment: each of its own; a published recurrence has the colour and marker of the true one that it stands
    /// beside, with dots for a line and a hollow marker.
    /// </summary>
    public static IReadOnlyDictionary<string, LineLook> For(IReadOnlyList<SeriesResult> lines)
    {
        var looks = new Dictionary<string, LineLook>();
        foreach (SeriesResult line in lines)
        {
            string partner = line.Label.Replace("published", "ProxProp", StringComparison.Ordinal);
            int next = looks.Values.Where(l => l.Dash != LineStyle.Dot).Select(l => l.Color + 1).DefaultIfEmpty(0).Max();
            looks[line.Label] = line.IsPublished && looks.TryGetValue(partner, out LineLook known)
                ? known with { Dash = LineStyle.Dot, IsOpen = true }
                : new LineLook(next, s_dashes[next % s_dashes.Length], s_markers[next % s_markers.Length], next >= s_markers.Length);
        }

        return looks;
    }
}
