using System.Xml.Linq;

namespace ProxProp.Paper.Report;

/// <summary>Figures 2 and 3.</summary>
internal static class FigureSections
{
    /// <summary>Section 5.1 of the paper.</summary>
    public static IEnumerable<XElement> Figure2(Evaluation evaluation)
    {
        ExperimentResult figure = evaluation["fig2"];
        var charts = new FigureCharts(figure);
        yield return Html.H2("fig2", figure.Experiment.Title);
        yield return Html.P(
            $"The network {Widths(evaluation)} with ReLU and softmax cross-entropy; batches of {evaluation.Data.Batch}; Nesterov's momentum 0.95. BackProp at learning "
            + "rate 0.05; ProxProp at learning rate 1 and τ_θ = 0.05 with the exact step and with 3, 5 and 10 conjugate-gradient iterations. "
            + "\"published\" is the recurrence that the published code runs in their place (see below): dotted lines, hollow markers.");
        yield return Standing(figure);
        yield return Charts(charts, charts.PerEpoch("Mean loss of an epoch's batches, before their updates", "loss", e => e.TrainLoss, log: true));
        yield return FinalTable(figure, s => s.Label == "BackProp" ? Format.Percent(PaperNumbers.Figure2BackProp)
            : s.IsPublished ? $"about {Format.Percent(PaperNumbers.Figure2ProxProp)}" : Format.None, null);
        yield return Html.C("p", "rule", "The paper states one test accuracy for ProxProp, about 56 %; its curves were computed with the published recurrence.");
    }

    /// <summary>Section 5.3 of the paper.</summary>
    public static IEnumerable<XElement> Figure3(Evaluation evaluation)
    {
        ExperimentResult figure = evaluation["fig3"];
        var charts = new FigureCharts(figure);
        yield return Html.H2("fig3", figure.Experiment.Title);
        yield return Html.P(
            $"Three convolutions with pooling and one fully connected layer; batches of {evaluation.Data.Batch}; Adam at learning rate 0.001, once on gradients and once on "
            + "proximal directions with τ_θ = 1 and 3 or 10 conjugate-gradient iterations, true ones and as published.");
        yield return Standing(figure);
        yield return Charts(charts, charts.PerSecond("Validation accuracy, per second", "accuracy", e => e.ValidationAccuracy, percent: true));
        yield return FinalTable(
            figure,
            s => s.Label == "BackProp" ? Format.Percent(PaperNumbers.Figure3BackPropTest) : s.IsPublished ? Format.Percent(PaperNumbers.Figure3ProxPropTest) : Format.None,
            s => s.Label == "BackProp" ? Format.Percent(PaperNumbers.Figure3BackPropValidation)
                : s.IsPublished ? Format.Percent(PaperNumbers.Figure3ProxPropValidation) : Format.None);
        yield return Html.C("p", "rule", "The paper states one number for ProxProp in each column; it was computed with the published recurrence and stands beside both of its lines.");
    }

    /// <summary>How far an experiment is, with its epochs and seeds.</summary>
    public static XElement Standing(ExperimentResult figure)
    {
        (int done, int all) = figure.Progress;
        string standing = done == all ? "all done" : done == 0 && !figure.HasBegun ? "not run yet" : $"{done} done; the other ones are shown as far as they are";
        string seeds = Format.Count(figure.Seeds, "seed") + (figure.Seeds > 1 ? " (lines are means)" : "");
        return Html.C("p", "caption", $"{Format.Count(figure.Epochs, "epoch")}, {seeds}; {Format.Count(all, "run")}: {standing}.");
    }

    private static XElement Charts(FigureCharts charts, XElement last) => Html.C(
        "div", "charts",
        charts.PerEpoch("Loss over all training rows, per epoch", "loss", e => e.FullLoss, log: true),
        charts.PerSecond("Loss over all training rows, per second", "loss", e => e.FullLoss, log: true),
        charts.PerEpoch("Validation accuracy, per epoch", "accuracy", e => e.ValidationAccuracy, percent: true),
        last);

    private static string Widths(Evaluation evaluation) =>
        $"{evaluation.Data.Train.Features}-{string.Join('-', evaluation.Data.Hidden)}-{evaluation.Data.Train.Classes}";

    private static XElement FinalTable(ExperimentResult figure, Func<SeriesResult, string> paperTest, Func<SeriesResult, string>? paperValidation)
    {
        object[] head =
        [
            "method", Html.NumberHead("loss, all training rows"), Html.NumberHead("best validation"), .. Paper(paperValidation is not null, "best validation, paper"),
            Html.NumberHead("last validation"), Html.NumberHead("test"), Html.NumberHead("test, paper"), Html.NumberHead("seconds an epoch"),
        ];
        string caption = $"After {Format.Count(figure.Epochs, "epoch")}; the paper's numbers are after 50. Seconds are step time × steps.";
        return Html.Table(caption, head, figure.Series.Select(s => (IEnumerable<object>)
        [
            Html.RowHead(s.Label), Html.Number(Format.Loss(s.FullLoss), s.State), Html.Number(Format.Percent(s.BestValidation)),
            .. paperValidation is null ? [] : new object[] { Html.Number(paperValidation(s)) },
            Html.Number(Format.Percent(s.FinalValidation)), Html.Number(Format.Percent(s.TestAccuracy)), Html.Number(paperTest(s)),
            Html.Number(double.IsNaN(s.EpochSeconds) ? "not measured" : Format.Seconds(s.EpochSeconds)),
        ]));
    }

    private static object[] Paper(bool there, string head) => there ? [Html.NumberHead(head)] : [];
}
