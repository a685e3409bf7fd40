using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace ProxProp.Paper.Report;

/// <summary>One line of a chart.</summary>
/// <param name="Label">Its name in the legend.</param>
/// <param name="Look">How it is drawn.</param>
/// <param name="Points">Its points; may be none.</param>
internal sealed record ChartLine(string Label, LineLook Look, IReadOnlyList<(double X, double Y)> Points);

/// <summary>What a chart shows.</summary>
/// <param name="Title">What it is, for its caption.</param>
/// <param name="X">Name of the horizontal axis.</param>
/// <param name="Y">Name of the vertical axis.</param>
internal sealed record Chart(string Title, string X, string Y)
{
    /// <summary>Size in the page's pixels.</summary>
    public const int Width = 620, Height = 440;

    private const int FontSize = 13;
    private const double Thickness = 1.8;
    private const double MarkerSize = 4;

    /// <summary>Whether the horizontal axis is logarithmic.</summary>
    public bool LogX { get; init; }

    /// <summary>Whether the vertical axis is logarithmic.</summary>
    public bool LogY { get; init; }

    /// <summary>Whether the horizontal axis counts, so that its marks are whole numbers.</summary>
    public bool WholeX { get; init; }

    /// <summary>Whether vertical values are fractions that are shown in percent.</summary>
    public bool Percent { get; init; }

    /// <summary>The lines as a plot. Lines without points stand in the legend, so that nothing is missing from it.</summary>
    public PlotModel Plot(IEnumerable<ChartLine> lines)
    {
        PlotModel model = Empty();
        Axis horizontal = AxisOf(LogX, AxisPosition.Bottom, X);
        horizontal.MinimumMajorStep = WholeX ? 1 : 0;
        model.Axes.Add(horizontal);
        model.Axes.Add(AxisOf(LogY, AxisPosition.Left, Percent ? Y + ", %" : Y));
        double scale = Percent ? 100 : 1;
        foreach (ChartLine line in lines)
        {
            DataPoint[] points = [.. line.Points.Where(p => IsShown(p.X, LogX) && IsShown(p.Y, LogY)).Select(p => new DataPoint(p.X, scale * p.Y))];
            model.Series.Add(line.Look.Line(points.Length == 0 ? line.Label + " (no data yet)" : line.Label, points));
        }

        return model;
    }

    /// <summary>Means with their ranges, one line of the chart each.</summary>
    /// <param name="rows">From the top.</param>
    public PlotModel Ranges(IReadOnlyList<(string Label, double Low, double Mean, double High)> rows)
    {
        PlotModel model = Empty();
        model.Legends.Clear();
        model.Axes.Add(AxisOf(false, AxisPosition.Bottom, X));
        var names = new CategoryAxis { Position = AxisPosition.Left, GapWidth = 0.5, TextColor = SvgColors.Ink, TicklineColor = SvgColors.Ink, MajorTickSize = 0 };
        names.Labels.AddRange(rows.Reverse().Select(r => r.Label));
        model.Axes.Add(names);
        double scale = Percent ? 100 : 1;
        for (int i = 0; i < rows.Count; i++)
        {
            (_, double low, double mean, double high) = rows[rows.Count - 1 - i];
            if (!double.IsFinite(mean))
                continue;
            var range = new LineSeries { Color = SvgColors.Ink, StrokeThickness = Thickness };
            range.Points.AddRange([new DataPoint(scale * low, i), new DataPoint(scale * high, i)]);
            model.Series.Add(range);
            var middle = new LineSeries { Color = SvgColors.Ink, MarkerType = MarkerType.Circle, MarkerSize = MarkerSize, MarkerFill = SvgColors.Ink };
            middle.Points.Add(new DataPoint(scale * mean, i));
            model.Series.Add(middle);
        }

        return model;
    }

    /// <summary>Whether any line has a point that the axes can show.</summary>
    public bool Shows(IEnumerable<ChartLine> lines) => lines.Any(l => l.Points.Any(p => IsShown(p.X, LogX) && IsShown(p.Y, LogY)));

    private static bool IsShown(double value, bool logarithmic) => double.IsFinite(value) && (!logarithmic || value > 0);

    private static PlotModel Empty()
    {
        var model = new PlotModel
        {
            DefaultFont = "Arial",
            DefaultFontSize = FontSize,
            TextColor = SvgColors.Ink,
            PlotAreaBorderColor = SvgColors.Ink,
            PlotAreaBorderThickness = new OxyThickness(1, 0, 0, 1),
            PlotMargins = new OxyThickness(double.NaN, double.NaN, 14, double.NaN),
        };
        model.Legends.Add(new Legend
        {
            LegendPlacement = LegendPlacement.Outside,
            LegendPosition = LegendPosition.BottomCenter,
            LegendOrientation = LegendOrientation.Horizontal,
            LegendTextColor = SvgColors.Ink,
            LegendSymbolLength = 44,
            LegendItemSpacing = 18,
            LegendLineSpacing = 2,
        });
        return model;
    }

    private static Axis AxisOf(bool logarithmic, AxisPosition position, string title)
    {
        Axis axis = logarithmic ? new LossAxis() : new LinearAxis { MinimumPadding = 0.02, MaximumPadding = 0.03 };
        axis.Position = position;
        axis.Title = title;
        axis.MajorGridlineStyle = LineStyle.Solid;
        axis.MajorGridlineColor = SvgColors.Grid;
        axis.TextColor = axis.TitleColor = axis.TicklineColor = axis.AxislineColor = SvgColors.Ink;
        axis.MinorTickSize = 0;
        axis.AxisTitleDistance = 8;
        return axis;
    }
}
