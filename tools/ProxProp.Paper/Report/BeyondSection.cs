using System.Xml.Linq;

namespace ProxProp.Paper.Report;

/// <summary>Beyond the paper: other steps, dampings and optimizers, after the same epochs and after the same time.</summary>
internal static class BeyondSection
{
    /// <summary>The section.</summary>
    public static IEnumerable<XElement> Of(Evaluation evaluation)
    {
        ExperimentResult result = evaluation["beyond"];
        SeriesResult adam = result["Adam"];
        var conclusions = new Conclusions(result.Series, adam);
        var charts = new FigureCharts(result);
        yield return Html.H2("beyond", result.Experiment.Title);
        yield return Html.P(
            "The network of Figure 3. Adam is the paper's plain backpropagation, at learning rate 0.001 and, as it might want more, at 0.003; AdamW has weight decay 0.01; "
            + "SGD with Nesterov's momentum 0.95 at 0.01, and at the 0.05 of the fully connected network; Muon with momentum 0.95 at 0.001. \"exact\" is the exact proximal step for every layer but the last, "
            + "convolutions too; \"auto\" the cheapest way to nearly that, layer by layer; both with τ_θ = 1. \"scale-free\" damps by 1/τ_θ = 10 · trace(AᵀA)/columns. "
            + "Exact steps for convolutions, scale-free damping and the choice by layer are not in the paper. SGD's rate was lowered once, when 0.05 was seen not to train; nothing else was tuned.");
        yield return FigureSections.Standing(result);
        yield return Html.C(
            "div", "charts",
            charts.PerEpoch("Mean loss of an epoch's batches, per epoch", "loss", e => e.TrainLoss, log: true),
            charts.PerSecond("Mean loss of an epoch's batches, per second", "loss", e => e.TrainLoss, log: true),
            charts.PerEpoch("Validation accuracy, per epoch", "accuracy", e => e.ValidationAccuracy, percent: true),
            charts.PerSecond("Validation accuracy, per second", "accuracy", e => e.ValidationAccuracy, percent: true),
            charts.Ranges(
                new Chart($"Test accuracy after {Format.Count(result.Epochs, "epoch")}: mean and range over seeds", "test accuracy, %", "") { Percent = true },
                s => s.Runs.Where(r => r?.TestAccuracy is not null && r.Reached == s.Epochs).Select(r => r!.TestAccuracy!.Value)),
            charts.Ranges(
                new Chart("Best validation accuracy after the time that Adam takes: mean and range over seeds", "validation accuracy, %", "") { Percent = true },
                s => Ends(EqualTime.Of(s, adam).BestValidation)));
        yield return SameEpochs(result, adam, conclusions);
        yield return SameTime(result, adam, conclusions);
        yield return Html.E("h3", "What follows");
        yield return Html.C(
            "p", "rule", "Written by rule from the tables. The best mean is ahead. Two methods differ clearly when their means lie further apart than half ranges of both together; "
            + "with one seed on either side nothing is clear.");
        yield return Html.E("ul", conclusions.Sentences().Select(s => Html.E("li", s)));
        yield return Html.E("ul", conclusions.Tallies().Select(s => Html.E("li", s)));
    }

    private static XElement SameEpochs(ExperimentResult result, SeriesResult adam, Conclusions conclusions) => Html.Table(
        $"After {Format.Count(result.Epochs, "epoch")}: mean ± half of the range over the seeds; below, beside plain Adam.",
        [
            "method", Html.NumberHead("seeds"), .. conclusions.Measures.Take(4).Select(m => Html.NumberHead(m.Name)),
            Html.NumberHead("seconds an epoch"), Html.NumberHead("times Adam's"),
        ],
        result.Series.Select(s => (IEnumerable<object>)
        [
            Html.RowHead(s.Label), Html.Number($"{s.Runs.Count}"),
            .. conclusions.Measures.Take(4).Select((m, i) => Cell(m, s, i == 0 ? s.State : string.Empty, conclusions)),
            Html.Number(double.IsNaN(s.EpochSeconds) ? "not measured" : Format.Seconds(s.EpochSeconds)), Html.Number(Format.Ratio(s.EpochSeconds / adam.EpochSeconds)),
        ]));

    private static XElement SameTime(ExperimentResult result, SeriesResult adam, Conclusions conclusions)
    {
        double seconds = EqualTime.Seconds(adam);
        string time = double.IsNaN(seconds) ? "not measured" : Format.Seconds(seconds);
        return Html.Table(
            $"After the time that plain Adam takes for its {Format.Count(adam.Epochs, "epoch")}, by step times ({time}): whole epochs that fit into it, at most those that were run. "
            + "Test rows are asked after the last epoch alone.",
            ["method", Html.NumberHead("epochs"), .. conclusions.Measures.Skip(4).Select(m => Html.NumberHead(m.Name)), Html.NumberHead("validation accuracy there")],
            result.Series.Select(s =>
            {
                EqualTime there = EqualTime.Of(s, adam);
                string epochs = there.Epochs == 0 ? Format.None : there.Capped ? $"{there.Epochs} (time for more)" : $"{there.Epochs}";
                return (IEnumerable<object>)
                [
                    Html.RowHead(s.Label), Html.Number(epochs), .. conclusions.Measures.Skip(4).Select(m => Cell(m, s, string.Empty, conclusions)),
                    Html.Number(Format.Percent(there.Validation)),
                ];
            }));
    }

    private static XElement Cell(Measure measure, SeriesResult line, string state, Conclusions conclusions)
    {
        string text = measure.Text(measure.Of(line)), beside = conclusions.Beside(line, measure);
        if (text == Format.None)
            return Html.Number(text, state);
        return Html.C(
            "td", "number", text, beside.Length == 0 ? null : new object[] { Html.E("br"), Html.C("span", "second", beside) },
            state.Length == 0 ? null : new object[] { Html.E("br"), Html.C("span", "open", state) });
    }

    private static IEnumerable<double> Ends(Spread spread) => spread.Count == 0 ? [] : [spread.Mean - spread.HalfRange, spread.Mean, spread.Mean + spread.HalfRange];
}
