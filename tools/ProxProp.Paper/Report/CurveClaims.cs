using ProxProp.Paper.Curves;
using ProxProp.Paper.Experiments;

namespace ProxProp.Paper.Report;

/// <summary>The claims of Figures 2 and 3: how ProxProp's curves lie to backpropagation's.</summary>
internal static class CurveClaims
{
    private const double NumberTolerance = 0.02;

    /// <summary>Those of Figure 2.</summary>
    public static IEnumerable<Claim> Figure2(Evaluation evaluation)
    {
        ExperimentResult figure = evaluation["fig2"];
        SeriesResult backProp = figure["BackProp"];
        foreach ((string kind, SeriesResult[] lines) in Kinds(figure))
        {
            yield return LossPerEpoch(evaluation, "Figure 2", kind, backProp, lines);
            yield return LossPerSecond(evaluation, "Figure 2", kind, backProp, lines);
            yield return Accuracy(
                evaluation, "Figure 2", kind, "test accuracy", backProp, lines, s => s.TestAccuracy, evaluation.Data.Test.Count,
                PaperNumbers.Figure2BackProp, PaperNumbers.Figure2ProxProp);
        }

        yield return MoreIterations(evaluation, figure);
    }

    /// <summary>Those of Figure 3.</summary>
    public static IEnumerable<Claim> Figure3(Evaluation evaluation)
    {
        ExperimentResult figure = evaluation["fig3"];
        SeriesResult backProp = figure["BackProp"];
        foreach ((string kind, SeriesResult[] lines) in Kinds(figure))
        {
            yield return LossPerEpoch(evaluation, "Figure 3", kind, backProp, lines);
            yield return LossPerSecond(evaluation, "Figure 3", kind, backProp, lines);
            yield return Accuracy(
                evaluation, "Figure 3", kind, "best validation accuracy", backProp, lines, s => s.BestValidation, evaluation.Data.Validation.Count,
                PaperNumbers.Figure3BackPropValidation, PaperNumbers.Figure3ProxPropValidation);
            yield return Accuracy(
                evaluation, "Figure 3", kind, "test accuracy", backProp, lines, s => s.TestAccuracy, evaluation.Data.Test.Count,
                PaperNumbers.Figure3BackPropTest, PaperNumbers.Figure3ProxPropTest);
        }
    }

    private static IEnumerable<(string Kind, SeriesResult[] Lines)> Kinds(ExperimentResult figure)
    {
        yield return ("true CG", [.. figure.Series.Where(s => s.Label != "BackProp" && !s.IsPublished)]);
        yield return ("as published", [.. figure.Series.Where(s => s.IsPublished)]);
    }

    private static Claim LossPerEpoch(Evaluation evaluation, string part, string kind, SeriesResult backProp, SeriesResult[] lines)
    {
        int epoch = lines.Append(backProp).Min(s => s.Reached);
        double reference = backProp.At(epoch, e => e.FullLoss);
        return new Claim(
            part, $"Per epoch, ProxProp's loss falls faster than BackProp's ({kind}).",
            "Reproduced if every ProxProp line's loss over all training rows is below BackProp's after the last epoch that all have; partly if one is.",
            "curves",
            epoch == 0 ? Format.None : $"BackProp {Format.Loss(reference)}, {List(lines, s => Format.Loss(s.At(epoch, e => e.FullLoss)))}",
            Verdict.NotRun, string.Empty).Judged(evaluation, epoch, Claim.Of(lines.Select(s => Below(s.At(epoch, e => e.FullLoss), reference))));
    }

    private static Claim LossPerSecond(Evaluation evaluation, string part, string kind, SeriesResult backProp, SeriesResult[] lines)
    {
        static double End(SeriesResult s) => s.Reached == 0 ? double.NaN : s.Reached * s.EpochSeconds;
        double seconds = lines.Append(backProp).Select(End).Aggregate(double.PositiveInfinity, Math.Min);
        double At(SeriesResult s) => s.AtSecond(seconds, e => e.FullLoss);
        string Text(SeriesResult s) => seconds < s.EpochSeconds ? "no epoch yet" : Format.Loss(At(s));
        bool? Ahead(SeriesResult s, double reference) => double.IsNaN(seconds) ? null : seconds < s.EpochSeconds ? false : Below(At(s), reference);
        double reference = At(backProp);
        int epoch = lines.Append(backProp).Min(s => s.Reached);
        return new Claim(
            part, $"Per second, ProxProp's loss falls faster than BackProp's ({kind}).",
            "As for epochs, but after the time, by step times, at which the first line ends; between epochs on a straight line. A line without an epoch by then is not below.",
            "curves, on a GPU",
            double.IsNaN(seconds) ? Format.None : $"after {Format.Seconds(seconds)}: BackProp {Text(backProp)}, {List(lines, Text)}",
            Verdict.NotRun, string.Empty).Judged(evaluation, epoch, Claim.Of(lines.Select(s => Ahead(s, reference))));
    }

    private static Claim Accuracy(
        Evaluation evaluation, string part, string kind, string what, SeriesResult backProp, SeriesResult[] lines, Func<SeriesResult, Spread> figure,
        int rows, double paperBackProp, double paperProxProp)
    {
        Spread reference = figure(backProp);
        SeriesResult best = lines.MaxBy(s => figure(s).Count == 0 ? -1 : figure(s).Mean)!;
        Spread winner = figure(best);
        double gain = winner.Mean - reference.Mean, error = Math.Sqrt(2 * reference.Mean * (1 - reference.Mean) / rows);
        bool known = lines.All(s => figure(s).Count > 0) && reference.Count > 0;
        bool numbers = Math.Abs(reference.Mean - paperBackProp) <= NumberTolerance && Math.Abs(winner.Mean - paperProxProp) <= NumberTolerance;
        bool all = lines.All(s => figure(s).Mean > reference.Mean);
        Verdict verdict = !known ? Verdict.NotRun
            : gain <= 0 ? Verdict.NotReproduced
            : all && gain > 2 * error && numbers ? Verdict.Reproduced
            : Verdict.Partly;
        return new Claim(
            part, $"ProxProp's {what} is higher than BackProp's ({kind}).",
            $"Reproduced if every ProxProp line is ahead, the best by more than two standard errors (of {rows:N0} rows drawn at random; seeds are not in it), and its number and BackProp's are within "
            + $"{100 * NumberTolerance:F0} points of the paper's; partly if the best is ahead at all.",
            $"BackProp {Format.Percent(paperBackProp)}, ProxProp {Format.Percent(paperProxProp)}",
            lines.Append(backProp).Any(s => figure(s).Count > 0) ? $"BackProp {Format.Percent(reference)}, {List(lines, s => Format.Percent(figure(s)))}" : Format.None,
            Verdict.NotRun,
            known
                ? $"{Short(best)} is {(gain < 0 ? "behind" : "ahead of")} BackProp by {100 * Math.Abs(gain):F1} points, two standard errors are {200 * error:F1}; "
                    + $"BackProp is {Format.Points(reference.Mean - paperBackProp)} and {Short(best)} {Format.Points(winner.Mean - paperProxProp)} from the paper"
                : string.Empty)
            .Judged(evaluation, backProp.Epochs, verdict, needsAllEpochs: true);
    }

    private static Claim MoreIterations(Evaluation evaluation, ExperimentResult figure)
    {
        SeriesResult exact = figure["ProxProp exact"];
        SeriesResult[] lines = [figure["ProxProp cg3"], figure["ProxProp cg5"], figure["ProxProp cg10"]];
        int epoch = lines.Append(exact).Min(s => s.Reached);
        double[] distance = [.. lines.Select(s => Math.Abs(Math.Log(s.At(epoch, e => e.FullLoss) / exact.At(epoch, e => e.FullLoss))))];
        return new Claim(
            "Figure 2", "The more conjugate-gradient iterations, the nearer to the exact step.",
            "Reproduced if |log(loss/loss of exact)| falls from cg3 to cg5 to cg10 after the last epoch that all have; partly if it falls in one of the two steps.",
            "curves",
            epoch == 0 ? Format.None : $"exact {Format.Loss(exact.At(epoch, e => e.FullLoss))}, {List(lines, s => Format.Loss(s.At(epoch, e => e.FullLoss)))}",
            Verdict.NotRun, string.Empty).Judged(evaluation, epoch, Claim.Of([Below(distance[1], distance[0]), Below(distance[2], distance[1])]));
    }

    private static bool? Below(double value, double reference) => double.IsNaN(value) || double.IsNaN(reference) ? null : value < reference;

    private static string List(IEnumerable<SeriesResult> lines, Func<SeriesResult, string> text) => string.Join(", ", lines.Select(s => $"{Short(s)} {text(s)}"));

    private static string Short(SeriesResult line) => line.Label.Replace("ProxProp ", "", StringComparison.Ordinal);
}
