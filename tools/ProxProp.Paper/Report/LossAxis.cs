using System.Globalization;
using OxyPlot.Axes;

namespace ProxProp.Paper.Report;

/// <summary>A logarithmic axis with readable marks over any range: powers of ten, or 1-2-5, or even steps where the range is less than a decade.</summary>
internal sealed class LossAxis : LogarithmicAxis
{
    private const int FewestMarks = 3;
    private const int MostMarks = 8;

    /// <inheritdoc/>
    public override void GetTickValues(out IList<double> majorLabelValues, out IList<double> majorTickValues, out IList<double> minorTickValues)
    {
        double from = ActualMinimum, to = ActualMaximum;
        List<double> marks = [];
        foreach (double[] digits in new double[][] { [1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 4, 5, 7] })
        {
            marks = Powers(from, to, digits);
            if (marks.Count >= FewestMarks)
                break;
        }

        if (marks.Count < FewestMarks)
            marks = Even(from, to);
        if (marks.Count > MostMarks)
            marks = [.. marks.Where((_, i) => i % ((marks.Count / MostMarks) + 1) == 0)];
        majorLabelValues = marks;
        majorTickValues = marks;
        minorTickValues = [];
    }

    /// <inheritdoc/>
    protected override string FormatValueOverride(double x) =>
        x is >= 0.001 and < 100_000 ? x.ToString("0.#####", CultureInfo.InvariantCulture) : x.ToString("0e-0", CultureInfo.InvariantCulture);

    private static List<double> Powers(double from, double to, double[] digits)
    {
        var marks = new List<double>();
        for (int power = (int)Math.Floor(Math.Log10(from)); power <= Math.Ceiling(Math.Log10(to)); power++)
            marks.AddRange(digits.Select(d => d * Math.Pow(10, power)).Where(m => m >= from && m <= to));
        return marks;
    }

    private static List<double> Even(double from, double to)
    {
        double step = Math.Pow(10, Math.Floor(Math.Log10((to - from) / FewestMarks)));
        step *= (to - from) / step > 2 * MostMarks ? 5 : (to - from) / step > MostMarks ? 2 : 1;
        return [.. Enumerable.Range((int)Math.Ceiling(from / step), 3 * MostMarks).Select(i => i * step).Where(m => m <= to)];
    }
}
