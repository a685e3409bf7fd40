using ProxProp.Paper.Curves;
using ProxProp.Paper.Experiments;
using ProxProp.Paper.Report;

namespace ProxProp.Engine.Tests.Paper;

/// <summary>Verdicts and conclusions follow from the numbers by the rules that the report states.</summary>
public sealed class VerdictTests
{
    private const string PerEpoch = "Per epoch, ProxProp's loss falls faster than BackProp's (true CG).";
    private const string PerSecond = "Per second, ProxProp's loss falls faster than BackProp's (true CG).";

    [Theory]
    [InlineData(0.1, 0.1, "Reproduced")]
    [InlineData(0.1, 0.9, "Partly")]
    [InlineData(0.9, 0.9, "NotReproduced")]
    public void A_comparison_of_losses_takes_every_line(double cg3, double cg10, string verdict)
    {
        using var made = new MadeUpEvaluation(papers: true, 50);
        made.AddTimes(_ => 10);
        made.Add("fig3", c => c.Step switch { "gradient" => 0.5, "cg3 1" => cg3, _ => cg10 });
        Claim claim = Figure3(made, PerEpoch);
        Assert.Equal((verdict, string.Empty), (claim.Verdict.ToString(), claim.Reason));
        Assert.Contains("BackProp 0.500, cg3", claim.Ours, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(10, "Reproduced")]
    [InlineData(100, "NotReproduced")]
    [InlineData(10_000, "NotReproduced")]
    public void The_same_curves_lose_when_their_steps_take_longer(double milliseconds, string verdict)
    {
        using var made = new MadeUpEvaluation(papers: true, 50);
        made.AddTimes(c => c.Step == "gradient" ? 10 : milliseconds);
        made.Add("fig3", c => c.Step == "gradient" ? 0.5 : 0.4);
        Assert.Equal(verdict, Figure3(made, PerSecond).Verdict.ToString());
        Assert.Equal("Reproduced", Figure3(made, PerEpoch).Verdict.ToString());
    }

    [Fact]
    public void Fewer_epochs_leave_orders_comparable_and_numbers_not()
    {
        using var made = new MadeUpEvaluation(papers: true, 12);
        made.AddTimes(_ => 10);
        made.Add("fig3", c => c.Step == "gradient" ? 0.5 : 0.1);
        Claim order = Figure3(made, PerEpoch), number = Figure3(made, "ProxProp's test accuracy is higher than BackProp's (true CG).");
        Assert.Equal(Verdict.Reproduced, order.Verdict);
        Assert.Contains("after 12 epochs; the paper has 50", order.Reason, StringComparison.Ordinal);
        Assert.Equal(Verdict.NotComparable, number.Verdict);
        Assert.Contains("12 epochs instead of 50; by the rule alone: partly", number.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.68, 0.726, "Reproduced")]
    [InlineData(0.696, 0.72, "Partly")]
    [InlineData(0.696, 0.80, "Partly")]
    [InlineData(0.696, 0.69, "NotReproduced")]
    [InlineData(0.696, 0.70, "Partly")]
    public void An_accuracy_must_be_ahead_by_more_than_chance_and_near_the_papers(double backProp, double proxProp, string verdict)
    {
        using var made = new MadeUpEvaluation(papers: true, 50);
        made.AddTimes(_ => 10);
        made.Add("fig3", c => -Math.Log(c.Step == "gradient" ? backProp : proxProp));
        Assert.Equal(verdict, Figure3(made, "ProxProp's test accuracy is higher than BackProp's (true CG).").Verdict.ToString());
    }

    [Fact]
    public void The_papers_own_table_is_reproduced_by_itself_and_not_by_another()
    {
        using var made = new MadeUpEvaluation(papers: true, 50);
        foreach (Series method in PaperExperiments.Table1(50).Series)
        {
            foreach ((Curve curve, double loss) in method.Runs.Zip(PaperNumbers.Table1For(method.Label)))
                made.Add(curve, double.IsNaN(loss) ? 1 : loss, double.IsNaN(loss) ? 1 : 50, double.IsNaN(loss) ? CurveStatus.Diverged : null);
        }

        Assert.All(Table1(made), c => Assert.Equal((Verdict.Reproduced, c.Text), (c.Verdict, c.Text)));
        made.Add("table1", _ => 2.3);
        Assert.All(Table1(made).Where(c => !c.Text.StartsWith("The same runs", StringComparison.Ordinal)), c => Assert.Equal((Verdict.NotReproduced, c.Text), (c.Verdict, c.Text)));
    }

    [Fact]
    public void A_loss_above_twice_that_of_guessing_counts_as_diverged()
    {
        using var made = new MadeUpEvaluation(papers: true, 50);
        Curve[] runs = [.. PaperExperiments.Table1(50).Series[0].Runs];
        made.Add(runs[0], 2 * Math.Log(10) * 1.001, 50);
        made.Add(runs[1], 2 * Math.Log(10) * 0.999, 50);
        made.Add(runs[2], 1, 20);
        Cell[] row = new StabilityTable(made.Read()["table1"], 10).Row("BackProp");
        Assert.Equal([CellKind.Diverged, CellKind.Trained, CellKind.Unknown, CellKind.Unknown], row[..4].Select(c => c.Kind));
        Assert.Equal(["4.610 (-)", "4.601", "20 of 50 epochs", "not run yet"], row[..4].Select(c => c.Text));
    }

    [Fact]
    public void Differences_count_when_ranges_do_not_touch()
    {
        Spread low = Spread.Of([0.1, 0.2]), middle = Spread.Of([0.19, 0.3]), high = Spread.Of([0.4, 0.5]), one = Spread.Of([0.1]);
        Assert.Equal(Difference.Better, low.Against(high, lowerIsBetter: true));
        Assert.Equal(Difference.Worse, low.Against(high, lowerIsBetter: false));
        Assert.Equal(Difference.Within, low.Against(middle, lowerIsBetter: true));
        Assert.Equal(Difference.BetterOneSeed, one.Against(high, lowerIsBetter: true));
        Assert.Equal(Difference.Unknown, Spread.Of([double.NaN]).Against(high, lowerIsBetter: true));
        Assert.Equal((0.15, 0.05, 2), (Math.Round(low.Mean, 12), Math.Round(low.HalfRange, 12), low.Count));
    }

    [Fact]
    public void Conclusions_name_who_is_ahead_plain_Adam_too_and_after_the_same_time_who_was_quick()
    {
        using var made = new MadeUpEvaluation(papers: true, 10);
        made.AddTimes(c => c.Step == "gradient" ? 10 : 40);
        double Loss(Curve c) => c switch { { Step: "exact 1" } => 0.2, { Step: "gradient", Optimizer: "adam", Rate: 0.001 } => 0.3, _ => 1 };
        made.Add("beyond", c => Loss(c) + (0.001 * c.Seed), seeds: 2);
        ExperimentResult beyond = made.Read()["beyond"];
        var conclusions = new Conclusions(beyond.Series, beyond["Adam"]);
        string[] sentences = [.. conclusions.Sentences()];
        Assert.Contains(sentences, s => s.StartsWith("Test accuracy after the same epochs: exact + Adam", StringComparison.Ordinal)
            && s.Contains("larger than the seeds' spread", StringComparison.Ordinal));
        Assert.Contains(sentences, s => s.StartsWith("Best validation accuracy after the same time: plain Adam is ahead", StringComparison.Ordinal));
        Assert.Equal(2, EqualTime.Of(beyond["exact + Adam"], beyond["Adam"]).Epochs);
        Assert.Equal(10, EqualTime.Of(beyond["Muon"], beyond["Adam"]).Epochs);
        Assert.Contains(conclusions.Tallies(), t => t.StartsWith("exact + Adam: clearly better than plain Adam in loss over all training rows", StringComparison.Ordinal)
            && t.Contains("clearly worse in batch loss, best validation accuracy after the same time", StringComparison.Ordinal));
    }

    private static Claim Figure3(MadeUpEvaluation made, string text) => CurveClaims.Figure3(made.Read()).Single(c => c.Text == text);

    private static IEnumerable<Claim> Table1(MadeUpEvaluation made)
    {
        Evaluation evaluation = made.Read();
        return StabilityClaims.Of(evaluation, new StabilityTable(evaluation["table1"], 10));
    }
}
