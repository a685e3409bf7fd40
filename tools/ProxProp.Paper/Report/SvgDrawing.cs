using System.Globalization;
using System.Xml.Linq;
using OxyPlot;

namespace ProxProp.Paper.Report;

/// <summary>A plot as an element of the page: without a size of its own, with colours by name, and identifiers that no other drawing has.</summary>
internal static class SvgDrawing
{
    /// <summary>Draws.</summary>
    /// <param name="model">The plot.</param>
    /// <param name="id">Tells it from the page's other drawings.</param>
    /// <param name="title">What it shows, for who cannot see it.</param>
    /// <param name="height">Its height for <see cref="Chart.Width"/>.</param>
    public static XElement Of(PlotModel model, string id, string title, int height = Chart.Height)
    {
        using var stream = new MemoryStream();
        new SvgExporter { Width = Chart.Width, Height = height, IsDocument = false, TextMeasurer = new PixelMeasure() }.Export(model, stream);
        stream.Position = 0;
        var drawing = XElement.Load(stream);
        foreach (XElement element in drawing.DescendantsAndSelf())
        {
            element.Name = element.Name.LocalName;
            foreach (XAttribute attribute in element.Attributes().ToArray())
            {
                if (attribute.IsNamespaceDeclaration)
                    attribute.Remove();
                else
                    attribute.Value = Value(attribute, id);
            }
        }

        drawing.RemoveAttributes();
        drawing.Add(
            new XAttribute("viewBox", string.Create(CultureInfo.InvariantCulture, $"0 0 {Chart.Width} {height}")),
            new XAttribute("role", "img"), new XAttribute("aria-label", title));
        return drawing;
    }

    // The library's own measure takes a font's size for points of a page, while drawings have it in pixels: four of them are three points.
    private sealed class PixelMeasure() : PdfRenderContext(Chart.Width, Chart.Height, OxyColors.White)
    {
        public override OxySize MeasureText(string text, string fontFamily, double fontSize, double fontWeight) =>
            base.MeasureText(text, fontFamily, fontSize * 4 / 3, fontWeight);
    }

    private static string Value(XAttribute attribute, string id) => attribute.Name.LocalName switch
    {
        "id" => id + attribute.Value,
        "clip-path" => attribute.Value.Replace("#", "#" + id, StringComparison.Ordinal),
        "style" or "fill" or "stroke" => SvgColors.Named(attribute.Value),
        _ => attribute.Value,
    };
}
