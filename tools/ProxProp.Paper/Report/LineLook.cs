using OxyPlot;
using OxyPlot.Series;

namespace ProxProp.Paper.Report;

/// <summary>How a line is drawn, so that it can be told from the others in black and white too.</summary>
/// <param name="Number">Number of its colour, its dashes and its marker.</param>
/// <param name="IsPublished">Whether it stands beside the line of that number as the published recurrence: dots for dashes, and a hollow marker.</param>
internal readonly record struct LineLook(int Number, bool IsPublished)
{
    /// <summary>Number of looks; the page's style has as many colours.</summary>
    public const int Count = 9;

    private const double Thickness = 1.8;
    private const double MarkerSize = 4;
    private const int MarkerDistance = 34;
    private const int FewPoints = 12;

    private static readonly LineStyle[] s_dashes =
    [
        LineStyle.Solid, LineStyle.Dash, LineStyle.DashDot, LineStyle.LongDash, LineStyle.DashDotDot, LineStyle.LongDashDot, LineStyle.Solid,
        LineStyle.Dash, LineStyle.DashDot,
    ];

    // In units of the marker's size, y downwards.
    private static readonly ScreenPoint[][] s_markers =
    [
        Polygon(16, 1, 0), Polygon(4, 1.25, 45), Polygon(3, 1.3, -90), Polygon(4, 1.35, 0), Polygon(3, 1.3, 90),
        [new(-1.4, -0.55), new(1.4, -0.55), new(1.4, 0.55), new(-1.4, 0.55)], Star(4), [new(-0.55, -1.4), new(0.55, -1.4), new(0.55, 1.4), new(-0.55, 1.4)], Polygon(3, 1.3, 0),
    ];

    /// <summary>Looks for the lines of one experiment: each of its own, a published recurrence beside the true one.</summary>
    public static IReadOnlyDictionary<string, LineLook> For(IReadOnlyList<SeriesResult> lines)
    {
        var looks = new Dictionary<string, LineLook>();
        int next = 0;
        foreach (SeriesResult line in lines)
        {
            string partner = line.Label.Replace("published", "ProxProp", StringComparison.Ordinal);
            looks[line.Label] = line.IsPublished && looks.TryGetValue(partner, out LineLook known)
                ? known with { IsPublished = true }
                : new LineLook(next++ % Count, false);
        }

        return looks;
    }

    /// <summary>A line of this look; where it has many points, with markers at some of them.</summary>
    public LineSeries Line(string title, IReadOnlyCollection<DataPoint> points)
    {
        OxyColor color = SvgColors.Line(Number);
        var line = new LineSeries
        {
            Title = title,
            Color = color,
            StrokeThickness = Thickness,
            LineStyle = IsPublished ? LineStyle.Dot : s_dashes[Number],
            MarkerType = MarkerType.Custom,
            MarkerOutline = s_markers[Number],
            MarkerSize = MarkerSize,
            MarkerStroke = color,
            MarkerStrokeThickness = 1.4,
            MarkerFill = IsPublished ? SvgColors.Paper : color,
            MarkerResolution = points.Count > FewPoints ? MarkerDistance : 0,
        };
        line.Points.AddRange(points);
        return line;
    }

    private static ScreenPoint[] Polygon(int corners, double radius, double degrees) => [.. Enumerable.Range(0, corners).Select(i => Corner(radius, degrees + (360.0 * i / corners)))];

    private static ScreenPoint[] Star(int rays) => [.. Enumerable.Range(0, 2 * rays).Select(i => Corner(i % 2 == 0 ? 1.7 : 0.6, 180.0 * i / rays))];

    private static ScreenPoint Corner(double radius, double degrees)
    {
        (double sin, double cos) = Math.SinCos(degrees * Math.PI / 180);
        return new ScreenPoint(radius * cos, radius * sin);
    }
}
