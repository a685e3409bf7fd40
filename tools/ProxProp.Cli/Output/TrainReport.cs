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
    public static void WriteHead<T>(
        Terminal terminal, TrainRequest request, LoadedData<T> data, SplitPlan plan, IReadOnlyList<TrainRun<T>> runs, ComputeContext compute)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TextWriter output = terminal.Output;
        TrainRun<T> first = runs[0];
        int test = data.OwnTest?.Count ?? plan.Test;
        string order = plan.Seed is { } seed ? $"drawn by seed {seed}" : "file order";
        output.WriteLine($"data       {data.Name}: {plan.Train:N0} rows to train, {plan.Validation:N0} to validate, {test:N0} to test ({order})");
        string weights = request.Init is { } init ? $", weights from {init}"
            : request.Checkpoint.Resume is { } resume ? $", resumed from {resume}" : string.Empty;
        output.WriteLine($"network    {Outline(first.Network)}: {Texts.Count(first.Network.ParameterCount, "parameter")}{weights}");
        string batches = $"batches of {Math.Min(request.Batch, plan.Train)}{(request.Shuffle ? string.Empty : " in file order")}";
        output.WriteLine($"training   {first.Settings.OptimizerText}, {batches}, {Texts.Count(first.Epochs, "epoch")}");
        if (runs.Count > 1)
            output.WriteLine($"{string.Empty,-11}two runs from the same starting weights, on the same batches:");
        foreach (TrainRun<T> run in runs)
            output.WriteLine($"{string.Empty,-11}{run.Settings.Title}: {run.Settings.RateText}");
        WriteSolvers(output, first);
        output.WriteLine(
            $"computing  {Texts.Precision<T>()}, {(int)compute.Width}-bit vectors, {Texts.Count(compute.Team.Workers, "thread")}");
        foreach (string choice in PlanText.Within(request))
            output.WriteLine($"{"in budget",-11}{choice}");
        output.WriteLine();
        output.Flush();
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
    public static void WriteResults<T>(Terminal terminal, IReadOnlyList<TrainRun<T>> runs)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TrainRun<T>[] done = [.. runs.Where(r => r.Result is not null)];
        if (done.Length == 0)
            return;
        TextWriter output = terminal.Output;
        output.WriteLine();
        var table = new Table("", "train loss", "acc.", "val. loss", "acc.", "test acc.", "seconds");
        foreach (TrainRun<T> run in done)
        {
            EpochResult last = run.Result!.Epochs.LastOrDefault(new EpochResult(0, double.NaN, double.NaN, double.NaN, double.NaN, double.NaN));
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
        if (done.Any(r => r.Result!.Epochs.Count > 1))
        {
            output.WriteLine();
            new Chart(runs.Count > 1 ? "training loss by epoch" : "loss by epoch", Curves(done), Math.Min(terminal.Width - 1, 100)).Write(output);
        }

        output.WriteLine();
    }

    private static Curve[] Curves<T>(TrainRun<T>[] runs)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        runs = [.. runs.Where(r => r.Result!.Epochs.Count > 0)];
        if (runs.Length > 1)
            return [.. runs.Select((r, i) => new Curve(r.Settings.Title, "*o"[i], [.. r.Result!.Epochs.Select(e => e.TrainLoss)]))];
        IReadOnlyList<EpochResult> epochs = runs[0].Result!.Epochs;
        var train = new Curve("training", '*', [.. epochs.Select(e => e.TrainLoss)]);
        return double.IsNaN(epochs[0].ValidationLoss)
            ? [train]
            : [train, new Curve("validation", 'o', [.. epochs.Select(e => e.ValidationLoss)])];
    }

    private static string Outline<T>(Network<T> network)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        string.Join(" -> ", network.Layers.OfType<ParametricLayer<T>>().Select(l => l.Output.ToString()).Prepend(network.Input.ToString()));
}
