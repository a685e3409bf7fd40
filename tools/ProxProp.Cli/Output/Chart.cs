namespace ProxProp.Cli.Output;

/// <summary>One curve of a chart.</summary>
/// <param name="Name">What the legend says.</param>
/// <param name="Mark">The character it is drawn with.</param>
/// <param name="Values">One value per epoch.</param>
internal sealed record Curve(string Name, char Mark, IReadOnlyList<double> Values);

/// <summary>Curves over epochs in plain characters, the vertical axis logarithmic. Where curves meet, the first one is drawn.</summary>
internal sealed class Chart(string title, Curve[] curves, int width = 72, int height = 14)
{
    private const int LabelWidth = 9;

    public void Write(TextWriter output)
    {
        double least = double.PositiveInfinity, most = 0;
        int epochs = 0;
        foreach (Curve curve in curves)
        {
            epochs = Math.Max(epochs, curve.Values.Count);
            foreach (double value in curve.Values)
            {
                if (value > 0 && double.IsFinite(value))
                    (least, most) = (Math.Min(least, value), Math.Max(most, value));
            }
        }

        if (most == 0 || epochs < 2)
            return;
        double low = Math.Log10(least), high = Math.Log10(most);
        if (high - low < 1e-3)
            (low, high) = (low - 0.5, high + 0.5);
        int columns = Math.Max(16, width - LabelWidth - 2);
        char[][] grid = Draw(epochs, columns, low, high);

        output.WriteLine($"{title} ({string.Join(", ", Array.ConvertAll(curves, c => $"{c.Mark} {c.Name}"))}; logarithmic)");
        for (int row = 0; row < height; row++)
        {
            bool labelled = row % 3 == 0 || row == height - 1;
            double value = Math.Pow(10, high - ((high - low) * row / (height - 1)));
            string label = labelled ? value.ToString(value is >= 0.01 and < 1000 ? "0.###" : "0.0E+0") : string.Empty;
            output.WriteLine($"{label.PadLeft(LabelWidth)} {(labelled ? '+' : '|')}{new string(grid[row]).TrimEnd()}");
        }

        output.WriteLine($"{new string(' ', LabelWidth)} +{new string('-', columns)}");
        string last = $"epoch {epochs}";
        output.WriteLine($"{new string(' ', LabelWidth + 2)}1{last.PadLeft(columns - 1)}");
    }

    private char[][] Draw(int epochs, int columns, double low, double high)
    {
        var grid = new char[height][];
        for (int row = 0; row < height; row++)
            Array.Fill(grid[row] = new char[columns], ' ');
        for (int i = curves.Length - 1; i >= 0; i--)
        {
            Curve curve = curves[i];
            for (int column = 0; column < columns; column++)
            {
                // Between two epochs the curve is a straight line in the logarithm.
                double at = (double)column * (epochs - 1) / (columns - 1);
                int left = Math.Min((int)at, epochs - 2);
                if (left + 1 >= curve.Values.Count)
                    break;
                double from = Math.Log10(curve.Values[left]), to = Math.Log10(curve.Values[left + 1]);
                double value = from + ((at - left) * (to - from));
                if (double.IsFinite(value))
                    grid[(int)Math.Round((high - value) / (high - low) * (height - 1))][column] = curve.Mark;
            }
        }

        return grid;
    }
}
