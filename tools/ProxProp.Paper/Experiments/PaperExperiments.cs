using ProxProp.Paper.Curves;

namespace ProxProp.Paper.Experiments;

/// <summary>The experiments of the paper, with the settings of its text and of its published scripts, and what lies beyond.</summary>
internal static class PaperExperiments
{
    /// <summary>Names on the command line, in the report's order.</summary>
    public static readonly IReadOnlyList<string> Names = ["fig2", "table1", "fig3", "beyond"];

    /// <summary>Learning rates of Table 1, as the paper lists them.</summary>
    public static readonly IReadOnlyList<double> Table1Rates = [50, 10, 5, 1, 0.5, 0.1, 0.05, 5e-3, 5e-4];

    /// <summary>Epochs of every run in the paper.</summary>
    public const int PaperEpochs = 50;

    private const int BeyondSeeds = 3;
    private const double Figure2TauTheta = 0.05;
    private const double BackpropRate = 0.05;
    private const double AdamRate = 1e-3;

    /// <summary>An experiment by its name; null if there is none of that name.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="epochs">Epochs of every run.</param>
    /// <param name="seeds">Runs of every line but those of Table 1; null for one, beyond the paper three.</param>
    public static Experiment? Make(string name, int epochs, int? seeds) => name switch
    {
        "fig2" => Figure2(epochs, seeds ?? 1),
        "table1" => Table1(epochs),
        "fig3" => Figure3(epochs, seeds ?? 1),
        "beyond" => Beyond(epochs, seeds ?? BeyondSeeds),
        _ => null,
    };

    /// <summary>Section 5.1, Figure 2: the fully connected network with Nesterov's momentum.</summary>
    public static Experiment Figure2(int epochs, int seeds)
    {
        Curve Mlp(string step, double rate) => new(NetKind.Mlp, step, "nesterov", rate, epochs) { FullLossEachEpoch = true };
        string Step(string name) => FormattableString.Invariant($"{name} {Figure2TauTheta}");
        return new Experiment("fig2", "Figure 2: exact and inexact proximal steps against backpropagation, fully connected network", [
            Series.Of("BackProp", Mlp("gradient", BackpropRate), seeds),
            Series.Of("ProxProp exact", Mlp(Step("exact"), 1), seeds),
            Series.Of("ProxProp cg3", Mlp(Step("cg3"), 1), seeds),
            Series.Of("ProxProp cg5", Mlp(Step("cg5"), 1), seeds),
            Series.Of("ProxProp cg10", Mlp(Step("cg10"), 1), seeds),
            Series.Of("published cg3", Mlp(Step("published cg3"), 1), seeds),
            Series.Of("published cg5", Mlp(Step("published cg5"), 1), seeds),
            Series.Of("published cg10", Mlp(Step("published cg10"), 1), seeds),
        ]);
    }

    /// <summary>
    /// Section 5.2, Table 1: the loss over all training rows for learning rates over five orders of magnitude, τ_θ = 1. One iteration of the published
    /// recurrence is one of conjugate gradients but for its ε, so cg1 stands for both.
    /// </summary>
    public static Experiment Table1(int epochs)
    {
        Series Row(string label, string step) =>
            new(label, [.. Table1Rates.Select(rate => new Curve(NetKind.Mlp, step, "nesterov", rate, epochs))]);
        return new Experiment("table1", "Table 1: stability over learning rates, fully connected network", [
            Row("BackProp", "gradient"),
            Row("ProxProp cg1", "cg1 1"),
            Row("ProxProp cg3", "cg3 1"),
            Row("ProxProp cg5", "cg5 1"),
            Row("published cg3", "published cg3 1"),
            Row("published cg5", "published cg5 1"),
        ]);
    }

    /// <summary>Section 5.3, Figure 3: the convolutional network with Adam.</summary>
    public static Experiment Figure3(int epochs, int seeds)
    {
        Curve ConvNet(string step) => new(NetKind.ConvNet, step, "adam", AdamRate, epochs) { FullLossEachEpoch = true };
        return new Experiment("fig3", "Figure 3: proximal directions in Adam, convolutional network", [
            Series.Of("BackProp", ConvNet("gradient"), seeds),
            Series.Of("ProxProp cg3", ConvNet("cg3 1"), seeds),
            Series.Of("ProxProp cg10", ConvNet("cg10 1"), seeds),
            Series.Of("published cg3", ConvNet("published cg3 1"), seeds),
            Series.Of("published cg10", ConvNet("published cg10 1"), seeds),
        ]);
    }

    /// <summary>Beyond the paper: what its network and protocol give with exact steps, other damping and other optimizers.</summary>
    public static Experiment Beyond(int epochs, int seeds)
    {
        Curve ConvNet(string step, string optimizer, double rate) => new(NetKind.ConvNet, step, optimizer, rate, epochs);
        return new Experiment("beyond", "Beyond the paper: exact steps, damping and other optimizers, convolutional network", [
            Series.Of("Adam", ConvNet("gradient", "adam", AdamRate), seeds),
            Series.Of("Adam, rate 0.003", ConvNet("gradient", "adam", 3 * AdamRate), seeds),
            Series.Of("AdamW", ConvNet("gradient", "adamw", AdamRate), seeds),
            Series.Of("SGD, Nesterov", ConvNet("gradient", "nesterov", BackpropRate / 5), seeds),
            Series.Of("SGD, Nesterov, rate 0.05", ConvNet("gradient", "nesterov", BackpropRate), 1),
            Series.Of("Muon", ConvNet("gradient", "muon", AdamRate), seeds),
            Series.Of("exact + Adam", ConvNet("exact 1", "adam", AdamRate), seeds),
            Series.Of("exact + AdamW", ConvNet("exact 1", "adamw", AdamRate), seeds),
            Series.Of("scale-free + Adam", ConvNet("scalefree 10", "adam", AdamRate), seeds),
            Series.Of("auto + Adam", ConvNet("auto 1", "adam", AdamRate), 1),
        ]);
    }

    /// <summary>All runs of some experiments, each once: the first seed of everything before the other seeds.</summary>
    public static IReadOnlyList<Curve> Runs(IEnumerable<Experiment> experiments)
    {
        var runs = new Dictionary<string, Curve>();
        foreach (Curve curve in experiments.SelectMany(e => e.Runs))
            runs[curve.Id] = runs.TryGetValue(curve.Id, out Curve? known) ? known.Cover(curve) : curve;
        return [.. runs.Values.OrderBy(c => c.Seed)];
    }
}
