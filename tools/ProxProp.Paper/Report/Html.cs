using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace ProxProp.Paper.Report;

/// <summary>Elements of the page. Text is escaped by the tree that they make, and what is closed is closed right.</summary>
internal static class Html
{
    private const string TauTheta = "τ_θ";

    /// <summary>An element with text, elements and attributes; never written as one tag, which only XML would understand.</summary>
    public static XElement E(string name, params object?[] content) => new(name, content.Append(string.Empty));

    /// <summary>An element with a class.</summary>
    public static XElement C(string name, string classes, params object?[] content) => E(name, content.Prepend(new XAttribute("class", classes)).ToArray());

    /// <summary>A paragraph.</summary>
    public static XElement P(params object?[] content) => E("p", content);

    /// <summary>A section's heading, with its anchor.</summary>
    public static XElement H2(string id, string text, bool first = false) =>
        E("h2", new XAttribute("id", id), first ? new XAttribute("class", "first") : null, text);

    /// <summary>A table in a frame that can be scrolled.</summary>
    /// <param name="caption">What it is.</param>
    /// <param name="head">Cells of the head: texts or elements.</param>
    /// <param name="rows">Cells of each row: texts or cells of their own.</param>
    public static XElement Table(string caption, IEnumerable<object> head, IEnumerable<IEnumerable<object>> rows) => C("div", "wide", E(
        "table",
        E("caption", caption),
        E("thead", E("tr", head.Select(h => h is XElement cell && cell.Name == "th" ? cell : E("th", new XAttribute("scope", "col"), h)))),
        E("tbody", rows.Select(row => E("tr", row.Select(c => c is XElement cell && (cell.Name == "td" || cell.Name == "th") ? cell : E("td", c)))))));

    /// <summary>A column's head over numbers.</summary>
    public static XElement NumberHead(params object[] content) => E("th", [new XAttribute("scope", "col"), new XAttribute("class", "number"), .. content]);

    /// <summary>A row's head.</summary>
    public static XElement RowHead(string text) => E("th", new XAttribute("scope", "row"), text);

    /// <summary>A cell with a number, or with a word where there is none.</summary>
    public static XElement Number(string text) => C("td", "number", text);

    /// <summary>A cell with a number and, where runs are not done, how far they are.</summary>
    public static XElement Number(string text, string state) => state.Length == 0 ? Number(text)
        : text == Format.None ? C("td", "number open", state)
        : C("td", "number", text, E("br"), C("span", "open", state));

    /// <summary>The page as text.</summary>
    public static string Page(string title, IEnumerable<XElement> body)
    {
        var page = new XElement(
            "html", new XAttribute("lang", "en"),
            new XElement(
                "head",
                new XElement("meta", new XAttribute("charset", "utf-8")),
                new XElement("meta", new XAttribute("name", "viewport"), new XAttribute("content", "width=device-width, initial-scale=1")),
                new XElement("title", title),
                new XElement("style", PageStyle.Text)),
            E("body", body));
        foreach (XElement line in page.Descendants("br"))
            line.RemoveNodes();
        foreach (XText written in page.Element("body")!.DescendantNodes().OfType<XText>().Where(t => t.Value.Contains(TauTheta, StringComparison.Ordinal)).ToArray())
            written.ReplaceWith(written.Value.Split(TauTheta).SelectMany((part, i) => i == 0 ? [part] : new object[] { "τ", E("sub", "θ"), part }));
        var text = new StringBuilder("<!DOCTYPE html>\n");
        using (var writer = XmlWriter.Create(text, new XmlWriterSettings { OmitXmlDeclaration = true, Indent = false, NewLineChars = "\n" }))
            page.Save(writer);
        return text.Append('\n').ToString();
    }
}
