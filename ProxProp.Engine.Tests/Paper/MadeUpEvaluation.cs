using ProxProp.Engine.Tests.Data;
using ProxProp.Paper;
using ProxProp.Paper.Curves;
using ProxProp.Paper.Experiments;
using ProxProp.Paper.Report;

namespace ProxProp.Engine.Tests.Paper;

/// <summary>An evaluation's folder with made-up records, so that a report can be had without training.</summary>
internal sealed class MadeUpEvaluation : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly int _epochs;

    /// <param name="papers">Whether the data pass for the paper's.</param>
    /// <param name="epochs">Epochs of every experiment.</param>
    public MadeUpEvaluation(bool papers, int epochs)
    {
        // As many test rows as can be had, so that an accuracy can be ahead by more than chance and yet near the paper's.
        Data = PaperData.Digits();
        if (papers)
            Data = Data with { Name = "CIFAR-10", Test = Data.Train };
        _epochs = epochs;
        Store = new CurveStore(_folder.Path, Data.Fingerprint);
    }

    public PaperData Data { get; }

    public CurveStore Store { get; }

    public string Page => File.ReadAllText(Path.Combine(_folder.Path, PaperReport.FileName));

    public string Csv => File.ReadAllText(Path.Combine(_folder.Path, "curves.csv"));

    public string Json => File.ReadAllText(Path.Combine(_folder.Path, "report.json"));

    /// <summary>Writes every run of some experiments: losses start at 2 and fall to <paramref name="lastLoss"/>, accuracy rises with them.</summary>
    public void Add(string experiment, Func<Curve, double> lastLoss, int seeds = 1, int? reached = null)
    {
        foreach (Curve curve in PaperExperiments.Make(experiment, _epochs, seeds)!.Runs)
            Add(curve, lastLoss(curve), reached ?? _epochs);
    }

    /// <summary>Writes one run.</summary>
    public void Add(Curve curve, double lastLoss, int reached, CurveStatus? status = null)
    {
        double At(int epoch) => 2 * Math.Pow(lastLoss / 2, epoch / (double)curve.Epochs);
        EpochPoint[] points = [.. Enumerable.Range(1, reached).Select(e => new EpochPoint(e, At(e), 0.5, At(e), At(e), Math.Exp(-At(e)), e))];
        bool done = reached == curve.Epochs;
        Store.Save(new CurveResult(curve, status ?? (done ? CurveStatus.Completed : CurveStatus.Partial), points)
        {
            TestAccuracy = done ? Math.Exp(-lastLoss) : null,
            TestLoss = done ? lastLoss : null,
            Data = Data.Fingerprint,
            Threads = 1,
        });
    }

    /// <summary>Writes step times: so many milliseconds by run.</summary>
    public void AddTimes(Func<Curve, double> milliseconds) => Store.WriteNamed(StepTimes.FileName, new StepTimes(2, PaperExperiments.Names
        .SelectMany(n => PaperExperiments.Make(n, 1, 1)!.Runs).DistinctBy(StepTimes.KeyOf).ToDictionary(StepTimes.KeyOf, milliseconds)));

    public Evaluation Read() => Evaluation.Read(Data, Store, [], _epochs);

    /// <summary>Writes the report and gives its page.</summary>
    public string Report(string? note = null)
    {
        PaperReport.Write(Store, Read(), new ReportHead("1.2.3", "proxprop paper", note, DateTimeOffset.UnixEpoch));
        return Page;
    }

    public void Dispose() => _folder.Dispose();
}
