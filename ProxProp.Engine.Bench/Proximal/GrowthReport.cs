using System.Globalization;
using System.Text;
using ProxProp.Engine.Bench.Training;
using ProxProp.Engine.Kernels;

namespace ProxProp.Engine.Bench.Proximal;

/// <summary>
/// The command <c>growth [--widths A;B] [--batches A;B] [--rounds N] [--into FOLDER]</c>: the exact step's cost over the plain one's, by batch and
/// width, as a table <c>growth.md</c> and a picture <c>growth.svg</c>. What the table has already stays unless it is measured again, so that
/// it can be measured in pieces. FOLDER is the current one unless given.
/// </summary>
internal static class GrowthReport
{
    private const int Threads = 2;

    public static int Run(string[] arguments)
    {
        string? Option(string name) => Array.IndexOf(arguments, name) is int at and >= 0 && at + 1 < arguments.Length ? arguments[at + 1] : null;
        int[] Numbers(string name, string otherwise) =>
            [.. (Option(name) ?? otherwise).Split(';', StringSplitOptions.RemoveEmptyEntries).Select(n => int.Parse(n, CultureInfo.InvariantCulture))];
        string folder = Option("--into") ?? ".";
        int rounds = Numbers("--rounds", "5")[0];
        Directory.CreateDirectory(folder);
        string table = Path.Combine(folder, "growth.md");
        SortedDictionary<(int Width, int Batch), GrowthCell> cells = Read(table);
        using (var compute = new ComputeContext(Threads))
        {
            foreach (int width in Numbers("--widths", "256;512;1024;2048;4096"))
            {
                foreach (int batch in Numbers("--batches", "50;100;200;500;1000;2000"))
                {
                    cells[(width, batch)] = Measure(compute, width, batch, rounds);
                    Console.WriteLine($"width {width} batch {batch}: {cells[(width, batch)]}");
                    File.WriteAllText(table, Table(cells, compute));
                    File.WriteAllText(Path.Combine(folder, "growth.svg"), GrowthPicture.Draw(cells));
                }
            }

            File.WriteAllText(table, Table(cells, compute));
        }

        File.WriteAllText(Path.Combine(folder, "growth.svg"), GrowthPicture.Draw(cells));
        return 0;
    }

    private static GrowthCell Measure(ComputeContext compute, int width, int batch, int rounds)
    {
        using var plain = new StepCase(compute, $"even:{width}", "gradient", batch);
        using var exact = new StepCase(compute, $"even:{width}", "exact", batch);
        exact.Step.MeasureEvery = plain.Step.MeasureEvery = 0;
        plain.Time(0.05);
        exact.Time(0.05);
        var seconds = new (double Plain, double Exact)[rounds];
        for (int i = 0; i < rounds; i++)
            seconds[i] = (plain.Time(0.1), exact.Time(0.1));
        double Median(IEnumerable<double> values) => values.Order().ElementAt(rounds / 2);
        return new GrowthCell(
            Median(seconds.Select(s => s.Plain)) * 1e3,
            Median(seconds.Select(s => s.Exact)) * 1e3,
            Median(seconds.Select(s => s.Exact / s.Plain)),
            exact.Reports[0].Solver == Solvers.SolverKind.DualCholesky ? "dual" : "primal");
    }

    // The lines of the table that this program wrote earlier.
    private static SortedDictionary<(int Width, int Batch), GrowthCell> Read(string path)
    {
        var cells = new SortedDictionary<(int Width, int Batch), GrowthCell>();
        if (!File.Exists(path))
            return cells;
        foreach (string line in File.ReadLines(path))
        {
            string[] fields = line.Trim('|', ' ').Split('|', StringSplitOptions.TrimEntries);
            if (fields.Length != 6 || !int.TryParse(fields[0], out int width))
                continue;
            double[] numbers = [.. fields[2..5].Select(f => double.Parse(f, CultureInfo.InvariantCulture))];
            cells[(width, int.Parse(fields[1], CultureInfo.InvariantCulture))] = new GrowthCell(numbers[0], numbers[1], numbers[2], fields[5]);
        }

        return cells;
    }

    private static string Table(SortedDictionary<(int Width, int Batch), GrowthCell> cells, ComputeContext compute)
    {
        int[] widths = [.. cells.Keys.Select(k => k.Width).Distinct()], batches = [.. cells.Keys.Select(k => k.Batch).Distinct().Order()];
        var text = new StringBuilder($"""
            # What an exact step costs over a plain one, by batch and width

            Whole training steps of a network of three hidden layers, width-width-width-width-10, float, Nesterov, {Threads} threads, {(int)compute.Width}-bit
            vectors; exact with tau_theta = 0.05. Ratio of the exact step's time to the plain one's, median over rounds in which they took turns:

            | width | {string.Join(" | ", batches.Select(b => $"batch {b}"))} |
            |{string.Concat(Enumerable.Repeat(" --- |", batches.Length + 1))}

            """.ReplaceLineEndings("\n"));
        foreach (int width in widths)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {width} ");
            foreach (int batch in batches)
                text.Append(cells.TryGetValue((width, batch), out GrowthCell cell) ? $"| {cell.Ratio:F2} " : "| ");
            text.Append("|\n");
        }

        text.Append("""

            ![the ratio by batch, one line for each width](growth.svg)

            Up to about as many samples as columns the layers are solved in the dual form, with a matrix of batch x batch; beyond, in the primal form,
            with one of columns x columns, whose cost a larger batch spreads over more samples. The ratios carry the machine's noise, a tenth or two where it is
            shared with others; one below 1 is noise. Milliseconds of different rows may be from different runs.

            | width | batch | plain, ms | exact, ms | ratio | form |
            | --- | --- | --- | --- | --- | --- |

            """.ReplaceLineEndings("\n"));
        foreach (((int width, int batch), GrowthCell cell) in cells)
            text.Append(CultureInfo.InvariantCulture, $"| {width} | {batch} | {cell.Plain:F2} | {cell.Exact:F2} | {cell.Ratio:F3} | {cell.Form} |\n");
        text.Append("""

            Measured piece by piece, a few widths or batches at a time:

            ```sh
            dotnet run -c Release --project ProxProp.Engine.Bench -- growth --widths "256;512;1024" --into FOLDER
            ```

            """.ReplaceLineEndings("\n"));
        return text.ToString();
    }
}

/// <summary>One point: times in milliseconds, their ratio, and which form the first layer was solved in.</summary>
internal readonly record struct GrowthCell(double Plain, double Exact, double Ratio, string Form);
