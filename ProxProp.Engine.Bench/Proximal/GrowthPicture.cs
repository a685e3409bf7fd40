using System.Globalization;
using System.Text;

namespace ProxProp.Engine.Bench.Proximal;

/// <summary>Draws the exact step's cost over the plain one's by batch, a line for each width, as SVG that reads on light and dark pages.</summary>
internal static class GrowthPicture
{
    private const double Left = 70, Right = 620, Top = 40, Bottom = 350;
    private static readonly string[] Colours = ["#2f7fd1", "#c9731f", "#2a9163", "#a64fc4", "#d0454f", "#808080"];

    public static string Draw(SortedDictionary<(int Width, int Batch), GrowthCell> cells)
    {
        int[] widths = [.. cells.Keys.Select(k => k.Width).Distinct()], batches = [.. cells.Keys.Select(k => k.Batch).Distinct().Order()];
        double highest = Math.Max(1.5, Math.Ceiling(cells.Values.Max(c => c.Ratio) * 5) / 5);
        double first = Math.Log(batches[0]), last = Math.Log(Math.Max(batches[^1], batches[0] + 1));
        double X(int batch) => Left + ((Right - Left) * (Math.Log(batch) - first) / (last - first));
        double lowest = Math.Min(1, Math.Floor(cells.Values.Min(c => c.Ratio) * 5) / 5);
        double Y(double ratio) => Bottom - ((Bottom - Top) * (ratio - lowest) / (highest - lowest));
        var svg = new StringBuilder("""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 420" font-family="sans-serif" font-size="13" role="img">
            <title>Cost of an exact step over a plain step by batch, for five widths</title>
            <style>
            text { fill: #24292f } .grid { stroke: #d0d7de } .axis { stroke: #57606a }
            @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .grid { stroke: #30363d } .axis { stroke: #8b949e } }
            </style>
            <text x="70" y="22" font-size="15">time of an exact step / time of a plain step</text>

            """.ReplaceLineEndings("\n"));
        double spacing = highest > 2.6 ? 0.5 : 0.2;
        for (double ratio = lowest; ratio <= highest + 1e-9; ratio += spacing)
        {
            Add(svg, $"<line class=\"grid\" x1=\"{Left}\" y1=\"{Y(ratio):F1}\" x2=\"{Right}\" y2=\"{Y(ratio):F1}\"/>");
            Add(svg, $"<text x=\"{Left - 8}\" y=\"{Y(ratio) + 4:F1}\" text-anchor=\"end\">{ratio:F1}x</text>");
        }

        foreach (int batch in batches)
        {
            Add(svg, $"<line class=\"axis\" x1=\"{X(batch):F1}\" y1=\"{Bottom}\" x2=\"{X(batch):F1}\" y2=\"{Bottom + 5}\"/>");
            Add(svg, $"<text x=\"{X(batch):F1}\" y=\"{Bottom + 20}\" text-anchor=\"middle\">{batch}</text>");
        }

        Add(svg, $"<line class=\"axis\" x1=\"{Left}\" y1=\"{Bottom}\" x2=\"{Right}\" y2=\"{Bottom}\"/>");
        Add(svg, $"<text x=\"{(Left + Right) / 2}\" y=\"{Bottom + 45}\" text-anchor=\"middle\">batch, samples (logarithmic)</text>");
        double[] labels = LabelHeights([.. widths.Select(w => Y(Points(cells, w)[^1].Ratio))]);
        for (int i = 0; i < widths.Length; i++)
        {
            (int Batch, double Ratio)[] points = Points(cells, widths[i]);
            string colour = Colours[i % Colours.Length];
            string line = string.Join(' ', points.Select(p => string.Create(CultureInfo.InvariantCulture, $"{X(p.Batch):F1},{Y(p.Ratio):F1}")));
            Add(svg, $"<polyline points=\"{line}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>");
            foreach ((int batch, double ratio) in points)
                Add(svg, $"<circle cx=\"{X(batch):F1}\" cy=\"{Y(ratio):F1}\" r=\"3\" fill=\"{colour}\"/>");
            Add(svg, $"<text x=\"{X(points[^1].Batch) + 8:F1}\" y=\"{labels[i] + 4:F1}\" style=\"fill:{colour}\">width {widths[i]}</text>");
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static (int Batch, double Ratio)[] Points(SortedDictionary<(int Width, int Batch), GrowthCell> cells, int width) =>
        [.. cells.Where(c => c.Key.Width == width).Select(c => (c.Key.Batch, c.Value.Ratio))];

    // Names of lines that end close together are moved apart, in the lines' order.
    private static double[] LabelHeights(double[] ends)
    {
        const double Apart = 16;
        var heights = (double[])ends.Clone();
        int[] order = [.. Enumerable.Range(0, ends.Length).OrderByDescending(i => ends[i])];
        for (int k = 1; k < order.Length; k++)
            heights[order[k]] = Math.Min(heights[order[k]], heights[order[k - 1]] - Apart);
        return heights;
    }

    private static void Add(StringBuilder svg, FormattableString line) => svg.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
