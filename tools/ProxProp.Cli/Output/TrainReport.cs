using System.Numerics;
using ProxProp.Cli.Commands;
using ProxProp.Cli.Options;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Solvers;
using ProxProp.Engine.Training;

namespace ProxProp.Cli.Output;

/// <summary>What <c>proxprop train</c> says before and after training.</summary>
internal static class TrainReport
{
    /// <summary>Says what will be trained on what, and how.</summary>
    /// <param name="terminal">Where it is said.</param>
    /// <param name="request">What was asked for.</param>
    /// <param name="data">The data.</param>
    /// <param name="plan">Which rows do what.</param>
    /// <param name="labels">The labels of the rows to train on.</param>
    /// <param name="runs">The run, or both.</param>
    /// <param name="compute">What it is computed on.</param>
    public static void WriteHead<T>(
        Terminal terminal, TrainRequest request, LoadedData<T> data, SplitPlan plan, ReadOnlySpan<int> labels, TrainRun<T>[] runs, ComputeContext compute)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TextWriter output = terminal.Output;
        TrainRun<T> first = runs[0];
        WriteData(output, data.Name, plan, data.OwnTest?.Count ?? plan.Test);
        WriteLabels(output, labels, data.Rows.Classes);
        WriteNetwork(output, request, Outline(first.Network), first.Network.ParameterCount);
        WriteTraining(output, request, plan, first.Epochs, Array.ConvertAll(runs, r => r.Settings));
        WriteSolvers(output, first);
        WriteMachine(output, request, Texts.Precision<T>(), compute);
        output.WriteLine();
        output.Flush();
    }

    // The lines are apart from what is generic, of which a native program holds one copy for float and one for double.
    private static void WriteData(TextWriter output, string name, SplitPlan plan, int test)
    {
        string order = plan.Seed is { } seed ? $"drawn by seed {seed}" : "file order";
        output.WriteLine($"data       {name}: {plan.Train:N0} rows to train, {plan.Validation:N0} to validate, {test:N0} to test ({order})");
    }

    // Measurements taken for classes: hardly two rows have the same.
    private static void WriteLabels(TextWriter output, ReadOnlySpan<int> labels, int classes)
    {
        int[] rows = new int[classes];
        foreach (int label in labels)
            rows[label]++;
        int some = 0, single = 0;
        foreach (int count in rows)
        {
            some += count > 0 ? 1 : 0;
            single += count == 1 ? 1 : 0;
        }

        const string Meaning = "labels are classes, numbers too; regression is not supported by this program";
        if (2 * single > some)
            output.WriteLine($"labels     {single:N0} of {some:N0} classes have one row to train on: {Meaning}");
    }

    private static void WriteNetwork(TextWriter output, TrainRequest request, string outline, long parameters)
    {
        string weights = request.Init is { } init ? $", weights{(request.Data.Scaling is null ? string.Empty : ", classes and scaling")} from {init}"
            : request.Checkpoint.Resume is { } resume ? $", resumed from {resume}" : string.Empty;
        output.WriteLine($"network    {outline}: {Texts.Count(parameters, "parameter")}{weights}");
    }

    private static void WriteTraining(TextWriter output, TrainRequest request, SplitPlan plan, int epochs, RunSettings[] runs)
    {
        string batches = $"batches of {Math.Min(request.Batch, plan.Train)}{(request.Shuffle ? string.Empty : " in file order")}";
        output.WriteLine($"training   {runs[0].OptimizerText}, {batches}, {Texts.Count(epochs, "epoch")}");
        if (runs.Length > 1)
            output.WriteLine($"{string.Empty,-11}two runs from the same starting weights, on the same batches:");
        foreach (RunSettings run in runs)
            output.WriteLine($"{string.Empty,-11}{run.Title}: {run.RateText}");
    }

    private static void WriteMachine(TextWriter output, TrainRequest request, string precision, ComputeContext compute)
    {
        output.WriteLine($"computing  {precision}, {(int)compute.Width}-bit vectors, {Texts.Count(compute.Team.Workers, "thread")}");
        foreach (string choice in PlanText.Within(request))
            output.WriteLine($"{"in budget",-11}{choice}");
    }

    // What was chosen for each layer; a gradient is no choice.
    private static void WriteSolvers<T>(TextWriter output, TrainRun<T> run)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        string heading = "solvers";
        for (int i = 0; i < run.Step.Plans.Count; i++)
        {
            if (run.Step.Plans[i] is not { Solver: not SolverKind.Gradient } plan)
                continue;
            output.WriteLine($"{heading,-11}{i} {run.Network.Layers[i].Kind}: {PlanText.Short(plan)}");
            heading = string.Empty;
        }
    }

    /// <summary>The table and the chart.</summary>
    public static void WriteResults<T>(Terminal terminal, TrainRun<T>[] runs)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TrainRun<T>[] done = Array.FindAll(runs, r => r.Result is not null);
        if (done.Length == 0)
            return;
        TextWriter output = terminal.Output;
        output.WriteLine();
        var table = new Table("", "train loss", "acc.", "val. loss", "acc.", "test acc.", "seconds");
        foreach (TrainRun<T> run in done)
        {
            IReadOnlyList<EpochResult> epochs = run.Result!.Epochs;
            EpochResult last = epochs.Count > 0 ? epochs[^1] : new EpochResult(0, double.NaN, double.NaN, double.NaN, double.NaN, double.NaN);
            table.Add(
                run.Settings.Title,
                Texts.Loss(last.TrainLoss),
                Texts.Percent(last.TrainAccuracy),
                Texts.Loss(last.ValidationLoss),
                Texts.Percent(last.ValidationAccuracy),
                Texts.Percent(run.Test.Accuracy),
                $"{run.Result.Seconds:F2}");
        }

        table.Write(output);
        if (Array.Exists(done, r => r.Result!.Epochs.Count > 1))
        {
            output.WriteLine();
            new Chart(runs.Length > 1 ? "training loss by epoch" : "loss by epoch", Curves(done), Math.Min(terminal.Width - 1, 100)).Write(output);
        }

        output.WriteLine();
    }

    private static Curve[] Curves<T>(TrainRun<T>[] runs)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        runs = Array.FindAll(runs, r => r.Result!.Epochs.Count > 0);
        IReadOnlyList<EpochResult> epochs = runs[0].Result!.Epochs;
        if (runs.Length > 1)
            return [TrainingLoss(runs[0].Settings.Title, '*', epochs), TrainingLoss(runs[1].Settings.Title, 'o', runs[1].Result!.Epochs)];
        Curve train = TrainingLoss("training", '*', epochs);
        return double.IsNaN(epochs[0].ValidationLoss)
            ? [train]
            : [train, new Curve("validation", 'o', Values(epochs, e => e.ValidationLoss))];
    }

    private static Curve TrainingLoss(string name, char mark, IReadOnlyList<EpochResult> epochs) => new(name, mark, Values(epochs, e => e.TrainLoss));

    private static double[] Values(IReadOnlyList<EpochResult> epochs, Func<EpochResult, double> of)
    {
        var values = new double[epochs.Count];
        for (int i = 0; i < values.Length; i++)
            values[i] = of(epochs[i]);
        return values;
    }

    private static string Outline<T>(Network<T> network)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        string outline = network.Input.ToString();
        foreach (Layer<T> layer in network.Layers)
        {
            if (layer is ParametricLayer<T>)
                outline += $" -> {layer.Output}";
        }

        return outline;
    }
}
