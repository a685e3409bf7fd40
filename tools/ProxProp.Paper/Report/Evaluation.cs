using ProxProp.Paper.Curves;
using ProxProp.Paper.Experiments;

namespace ProxProp.Paper.Report;

/// <summary>One experiment and what its runs have given.</summary>
/// <param name="Experiment">What was asked for.</param>
/// <param name="Epochs">Epochs of its runs.</param>
/// <param name="Seeds">Runs of a line.</param>
/// <param name="Series">Its lines.</param>
internal sealed record ExperimentResult(Experiment Experiment, int Epochs, int Seeds, IReadOnlyList<SeriesResult> Series)
{
    /// <summary>A line by its name.</summary>
    public SeriesResult this[string label] => Series.Single(s => s.Label == label);

    /// <summary>Runs that are done, and all of them.</summary>
    public (int Done, int All) Progress => (Series.Sum(s => s.Runs.Count(r => r is not null && r.Covers(s.Curves[0] with { FullLossEachEpoch = false }))), Series.Sum(s => s.Runs.Count));

    /// <summary>Whether any run has begun.</summary>
    public bool HasBegun => Series.Any(s => s.Reached > 0 || s.Runs.Any(r => r is not null));
}

/// <summary>The whole evaluation as it stands in its folder.</summary>
/// <param name="Data">The data.</param>
/// <param name="Times">Step times; null where none were measured.</param>
/// <param name="Experiments">All four experiments in the report's order.</param>
internal sealed record Evaluation(PaperData Data, StepTimes? Times, IReadOnlyList<ExperimentResult> Experiments)
{
    /// <summary>An experiment by its name.</summary>
    public ExperimentResult this[string name] => Experiments.Single(e => e.Experiment.Name == name);

    /// <summary>Reads a folder.</summary>
    /// <param name="data">The data that its runs are on.</param>
    /// <param name="store">The folder.</param>
    /// <param name="asked">Experiments as this call asked for them; the other ones are taken as the folder has them.</param>
    /// <param name="defaultEpochs">Epochs of an experiment that nobody asked for yet.</param>
    public static Evaluation Read(PaperData data, CurveStore store, IReadOnlyList<Experiment> asked, int defaultEpochs)
    {
        IReadOnlyDictionary<string, CurveResult> stored = store.All();
        StepTimes? times = store.ReadNamed<StepTimes>(StepTimes.FileName);
        return new Evaluation(data, times, [.. PaperExperiments.Names.Select(name =>
            ResultOf(asked.FirstOrDefault(e => e.Name == name) ?? AsStored(name, stored, defaultEpochs), stored, times, data))]);
    }

    private static ExperimentResult ResultOf(
        Experiment experiment, IReadOnlyDictionary<string, CurveResult> stored, StepTimes? times, PaperData data)
    {
        int epochs = experiment.Runs.First().Epochs;
        SeriesResult Of(Series series) => new(
            series, [.. series.Runs.Select(r => stored.GetValueOrDefault(r.Id))], epochs, times?.EpochSeconds(series.Runs[0], data) ?? double.NaN);
        int seeds = experiment.Runs.Select(r => r.Seed).Distinct().Count();
        return new ExperimentResult(experiment, epochs, seeds, [.. experiment.Series.Select(Of)]);
    }

    /// <summary>
    /// An experiment as a folder has it: as long as most of its runs, with as many seeds as every line that has begun has; beyond the paper,
    /// where one line takes one seed, as any line has.
    /// </summary>
    private static Experiment AsStored(string name, IReadOnlyDictionary<string, CurveResult> stored, int defaultEpochs)
    {
        const int MostSeeds = 100;
        Experiment widest = PaperExperiments.Make(name, defaultEpochs, MostSeeds)!;
        CurveResult[] runs = [.. widest.Runs.Select(r => stored.GetValueOrDefault(r.Id)).OfType<CurveResult>()];
        if (runs.Length == 0)
            return PaperExperiments.Make(name, defaultEpochs, null)!;
        int epochs = runs.GroupBy(r => r.Curve.Epochs).OrderByDescending(g => g.Count()).ThenBy(g => g.Key).First().Key;
        int[] seeds = [.. widest.Series.Select(s => s.Runs.Count(r => stored.ContainsKey(r.Id))).Where(n => n > 0)];
        return PaperExperiments.Make(name, epochs, name == "beyond" ? seeds.Max() : seeds.Min())!;
    }
}
