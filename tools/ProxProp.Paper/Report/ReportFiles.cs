using System.Globalization;
using System.Text;
using ProxProp.Engine.Data;
using ProxProp.Paper.Curves;

namespace ProxProp.Paper.Report;

/// <summary>One run in <c>report.json</c>.</summary>
internal sealed record RunRecord(string Id, IReadOnlyList<string> Experiments, IReadOnlyList<string> Labels, double? SecondsPerEpochByStepTime, CurveResult Result);

/// <summary>What <c>report.json</c> holds.</summary>
internal sealed record ReportRecord(
    IReadOnlyDictionary<string, string> Head, string? Note, IReadOnlyList<Claim> Claims, StepTimes? StepTimes, IReadOnlyList<EnergyLeft> EnergyLeft,
    IReadOnlyList<RunRecord> Runs);

/// <summary>The numbers behind the report: <c>curves.csv</c> and <c>report.json</c>.</summary>
internal static class ReportFiles
{
    private const string CsvHead =
        "experiments,labels,run,network,step,optimizer,rate,seed,status,epoch,train_loss,train_accuracy,full_loss,validation_loss,validation_accuracy,seconds_by_step_time,seconds_by_clock";

    /// <summary>Every run that has begun, once, with the lines that it belongs to.</summary>
    public static IReadOnlyList<RunRecord> Runs(Evaluation evaluation)
    {
        var places = from experiment in evaluation.Experiments
                     from line in experiment.Series
                     from run in line.Runs.OfType<CurveResult>()
                     select (experiment.Experiment.Name, line.Label, line.EpochSeconds, Run: run);
        return [.. places.GroupBy(p => p.Run.Curve.Id).Select(g => new RunRecord(
            g.Key, [.. g.Select(p => p.Name).Distinct()], [.. g.Select(p => p.Label).Distinct()],
            double.IsNaN(g.First().EpochSeconds) ? null : g.First().EpochSeconds, g.First().Run))];
    }

    /// <summary>Writes a row for each run and epoch.</summary>
    public static void WriteCsv(string path, IReadOnlyList<RunRecord> runs)
    {
        var text = new StringBuilder(CsvHead).Append('\n');
        foreach (RunRecord run in runs)
        {
            Curve c = run.Result.Curve;
            string status = run.Result.Status.ToString().ToLowerInvariant();
            foreach (EpochPoint p in run.Result.Epochs)
            {
                text.Append(CultureInfo.InvariantCulture, $"{Quoted(string.Join("; ", run.Experiments))},{Quoted(string.Join("; ", run.Labels))},{run.Id},");
                text.Append(CultureInfo.InvariantCulture, $"{c.Net},{c.Step},{c.Optimizer},{c.Rate},{c.Seed},{status},{p.Epoch},");
                text.Append(CultureInfo.InvariantCulture, $"{Number(p.TrainLoss)},{Number(p.TrainAccuracy)},{Number(p.FullLoss)},{Number(p.ValidationLoss)},");
                text.Append(CultureInfo.InvariantCulture, $"{Number(p.ValidationAccuracy)},{Number(p.Epoch * run.SecondsPerEpochByStepTime)},{Number(p.Seconds)}\n");
            }
        }

        AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text.ToString())));
    }

    // What is no finite number stays empty.
    private static string Number(double? value) => value is { } number && double.IsFinite(number) ? number.ToString("R", CultureInfo.InvariantCulture) : string.Empty;

    private static string Quoted(string text) => text.AsSpan().IndexOfAny(',', '"') < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
