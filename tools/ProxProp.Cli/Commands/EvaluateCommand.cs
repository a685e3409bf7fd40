using System.Numerics;
using ProxProp.Cli.Output;
using ProxProp.Cli.Parsing;
using ProxProp.Engine.Training;

namespace ProxProp.Cli.Commands;

/// <summary><c>proxprop evaluate</c>: loss, accuracy and the confusion matrix.</summary>
internal sealed class EvaluateCommand : Command
{
    private const int MostClassesInMatrix = 16;
    private const int LongestHeading = 5;

    public EvaluateCommand(Terminal terminal)
        : base("evaluate", "Tells how well saved weights do: loss, accuracy, accuracy by class and what is taken for what.")
    {
        var options = new SavedNetworkOptions();
        options.AddTo(this);
        SetAction(parsed => options.IsDouble(parsed)
            ? Run(options.Load<double>(parsed, mayLackLabels: false), terminal)
            : Run(options.Load<float>(parsed, mayLackLabels: false), terminal));
    }

    private static int Run<T>(SavedNetwork<T> saved, Terminal terminal)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using SavedNetwork<T> network = saved;
        if (saved.Rows.Count == 0)
            throw new FailureException("There are no rows in that part; use --part all.");
        if (saved.Rows.Labels.Contains(-1))
            throw new FailureException($"{saved.Rows.Name} has rows without a label; evaluation needs labels (or use: proxprop predict).");
        using var evaluator = new Evaluator<T>(saved.Network);
        Evaluation evaluation = evaluator.Evaluate(saved.Rows);
        int classes = saved.Network.Output.Size;
        var counts = new int[classes, classes];
        saved.Predict((_, label, predicted, _) => counts[label, predicted]++);
        TextWriter output = terminal.Output;
        output.WriteLine($"{saved.What}: {Texts.Count(evaluation.Count, "row")}");
        output.WriteLine($"loss {Texts.Loss(evaluation.Loss)}, accuracy {Texts.Percent(evaluation.Accuracy)}");
        output.WriteLine();
        WriteClasses(output, saved.ClassName, counts, classes);
        return ExitCode.Done;
    }

    private static void WriteClasses(TextWriter output, Func<int, string> nameOf, int[,] counts, int classes)
    {
        int columns = classes <= MostClassesInMatrix ? classes : 0;
        List<string> cells = [columns > 0 ? "true class, as:" : "class"];
        for (int predicted = 0; predicted < columns; predicted++)
            cells.Add(Heading(nameOf(predicted)));
        var table = new Table([.. cells, "rows", "accuracy"]);
        for (int label = 0; label < classes; label++)
        {
            int rows = 0;
            cells = [nameOf(label)];
            for (int predicted = 0; predicted < classes; predicted++)
            {
                int count = counts[label, predicted];
                rows += count;
                if (predicted < columns)
                    cells.Add(count == 0 ? "." : count.ToString());
            }

            table.Add([.. cells, rows.ToString(), Texts.Percent(rows == 0 ? double.NaN : (double)counts[label, label] / rows)]);
        }

        table.Write(output);
    }

    private static string Heading(string name) => name.Length <= LongestHeading ? name : name[..LongestHeading];
}
