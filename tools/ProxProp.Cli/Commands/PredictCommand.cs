using System.Numerics;
using ProxProp.Cli.Files;
using ProxProp.Cli.Options;
using ProxProp.Cli.Output;
using ProxProp.Cli.Parsing;
using ProxProp.Engine.Data;

namespace ProxProp.Cli.Commands;

/// <summary><c>proxprop predict</c>: a CSV line per row with the class and its probability.</summary>
internal sealed class PredictCommand : Command
{
    public PredictCommand(Terminal terminal)
        : base("predict", "Writes a CSV line for every row: its number in the data set, the predicted class, the class's probability, and the label if there is one. "
            + "A CSV file without a label column is told by its number of columns; in one with it, a label may be empty or a question mark.")
    {
        var options = new SavedNetworkOptions();
        Option<string?> file = Parsed.Text("--output", "FILE", "Writes to a file instead of the terminal.");
        options.AddTo(this);
        Add(file);
        SetAction(parsed =>
        {
            options.FilesRead(parsed).Write(file.Name, parsed.GetValue(file));
            return options.IsDouble(parsed)
                ? Run(options.Load<double>(parsed, mayLackLabels: true), parsed.GetValue(file), terminal)
                : Run(options.Load<float>(parsed, mayLackLabels: true), parsed.GetValue(file), terminal);
        });
    }

    private static int Run<T>(SavedNetwork<T> saved, string? path, Terminal terminal)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using SavedNetwork<T> network = saved;
        if (path is null)
        {
            Write(saved, terminal.Output);
            return ExitCode.Done;
        }

        SaveTarget.Check(path, "--output");
        AtomicFile.Write(path, stream =>
        {
            using var writer = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
            Write(saved, writer);
        });
        terminal.Output.WriteLine($"{Texts.Count(saved.Rows.Count, "prediction")} for {saved.What} in {path}");
        return ExitCode.Done;
    }

    private static void Write<T>(SavedNetwork<T> saved, TextWriter output)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        bool labelled = saved.Rows.Count > 0 && saved.HasLabels;
        output.WriteLine(labelled ? "row,class,probability,label" : "row,class,probability");
        saved.Predict((row, label, predicted, probability) =>
        {
            string line = $"{saved.Rows.SourceRow(row) + 1},{Quoted(saved.ClassName(predicted))},{probability:F6}";
            output.WriteLine(labelled ? $"{line},{(label < 0 ? string.Empty : Quoted(saved.ClassName(label)))}" : line);
        });
    }

    private static string Quoted(string field) =>
        field.AsSpan().ContainsAny(",\"\r\n") ? $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : field;
}
