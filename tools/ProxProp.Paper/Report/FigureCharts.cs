using System.Xml.Linq;
using ProxProp.Paper.Curves;

namespace ProxProp.Paper.Report;

/// <summary>The charts of one experiment: a figure per epoch and per second, every line with the same look in all of them.</summary>
/// <param name="result">The experiment.</param>
internal sealed class FigureCharts(ExperimentResult result)
{
    private readonly IReadOnlyDictionary<string, LineLook> _looks = LineLook.For(result.Series);
    private int _count;

    /// <summary>A figure over epochs.</summary>
    public XElement PerEpoch(string title, string y, Func<EpochPoint, double?> figure, bool log = false, bool percent = false) => Figure(
        new Chart(title, "epochs", y) { LogY = log, Percent = percent, WholeX = true },
        s => s.Curve(figure).Select(p => ((double)p.Epoch, p.Value)));

    /// <summary>A figure over seconds by step time.</summary>
    public XElement PerSecond(string title, string y, Func<EpochPoint, double?> figure, bool log = false, bool percent = false) => Figure(
        new Chart(title, "seconds of training, by step time", y) { LogY = log, Percent = percent },
        s => double.IsNaN(s.EpochSeconds) ? [] : s.Curve(figure).Select(p => (p.Epoch * s.EpochSeconds, p.Value)));

    /// <summary>A chart of all lines.</summary>
    public XElement Figure(Chart chart, Func<SeriesResult, IEnumerable<(double X, double Y)>> points) =>
        Figure(chart, NextId(), [.. result.Series.Select(s => new ChartLine(s.Label, _looks[s.Label], [.. points(s)]))]);

    /// <summary>A chart of any lines; of its name alone while there is nothing to show.</summary>
    public static XElement Figure(Chart chart, string id, IReadOnlyList<ChartLine> lines) => Framed(
        chart.Title, chart.Shows(lines) ? SvgDrawing.Of(chart.Plot(lines), id, chart.Title) : Html.C("p", "open", "nothing to show yet"));

    /// <summary>A figure's mean and range for each line, one below the other.</summary>
    public XElement Ranges(Chart chart, Func<SeriesResult, IEnumerable<double>> values)
    {
        const int RowHeight = 34, Frame = 70;
        (string, double, double, double)[] rows = [.. result.Series.Select(s =>
        {
            double[] numbers = [.. values(s).Where(double.IsFinite)];
            return numbers.Length == 0 ? (s.Label + " (no data yet)", double.NaN, double.NaN, double.NaN) : (s.Label, numbers.Min(), numbers.Average(), numbers.Max());
        })];
        if (rows.All(r => double.IsNaN(r.Item3)))
            return Framed(chart.Title, Html.C("p", "open", "nothing to show yet"));
        return Framed(chart.Title, SvgDrawing.Of(chart.Ranges(rows), NextId(), chart.Title, (rows.Length * RowHeight) + Frame));
    }

    private static XElement Framed(string title, XElement drawing) => Html.E("figure", Html.E("figcaption", title), drawing);

    private string NextId() => $"{result.Experiment.Name}-{++_count}-";
}
