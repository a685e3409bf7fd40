namespace ProxProp.Cli.Output;

/// <summary>Rows of text under a header: the first column to the left, the others to the right, each as wide as it needs to be.</summary>
internal sealed class Table(params string[] header)
{
    private readonly List<string[]> _rows = [header];

    public void Add(params string[] cells)
    {
        if (cells.Length != header.Length)
            throw new ArgumentException($"{cells.Length} cells for {header.Length} columns.", nameof(cells));
        _rows.Add(cells);
    }

    public void Write(TextWriter output, string indent = "")
    {
        int[] widths = new int[header.Length];
        foreach (string[] row in _rows)
        {
            for (int i = 0; i < row.Length; i++)
                widths[i] = Math.Max(widths[i], row[i].Length);
        }

        foreach (string[] row in _rows)
        {
            string[] cells = new string[row.Length];
            for (int i = 0; i < row.Length; i++)
                cells[i] = i == 0 ? row[i].PadRight(widths[i]) : row[i].PadLeft(widths[i]);
            output.WriteLine(indent + string.Join("  ", cells).TrimEnd());
        }
    }
}
