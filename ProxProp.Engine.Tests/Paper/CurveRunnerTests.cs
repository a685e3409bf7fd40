using ProxProp.Engine.Data;
using ProxProp.Engine.Tests.Data;
using ProxProp.Paper;
using ProxProp.Paper.Curves;
using ProxProp.Paper.Experiments;

namespace ProxProp.Engine.Tests.Paper;

/// <summary>A run's record: the same whether it was stopped or not, kept, shared by the figures that want it, and refused where it is not one's own.</summary>
public sealed class CurveRunnerTests
{
    private static readonly PaperData Data = PaperData.Digits();

    [Theory]
    [InlineData("Mlp", "published cg3 0.05", "nesterov")]
    [InlineData("ConvNet", "gradient", "muon")]
    public void A_run_that_was_stopped_and_resumed_gives_the_same_to_the_bit(string net, string step, string optimizer)
    {
        var curve = new Curve(Enum.Parse<NetKind>(net), step, optimizer, 0.05, 4) { FullLossEachEpoch = true };
        using var folder = new TemporaryFolder();
        var straight = new CurveStore(folder.File("straight"), Data.Fingerprint);
        var stopped = new CurveStore(folder.File("stopped"), Data.Fingerprint);
        CurveResult expected = new CurveRunner(Data, straight, 2).Run(curve, null, CancellationToken.None);

        using var cancel = new CancellationTokenSource();
        CurveResult half = new CurveRunner(Data, stopped, 1).Run(curve, point =>
        {
            if (point.Epoch == 2)
                cancel.Cancel();
        }, cancel.Token);
        Assert.Equal((CurveStatus.Partial, 2), (half.Status, half.Epochs.Count));
        Assert.True(File.Exists(stopped.CheckpointOf(curve)));
        int epochs = 0;
        CurveResult resumed = new CurveRunner(Data, stopped, 1).Run(curve, _ => epochs++, CancellationToken.None);

        Assert.Equal(2, epochs);
        Assert.Equal(CurveStatus.Completed, expected.Status);
        Assert.Equal(WithoutTime(expected), WithoutTime(resumed));
        Assert.Equal((expected.TestLoss, expected.TestAccuracy), (resumed.TestLoss, resumed.TestAccuracy));
        Assert.All(expected.Epochs, e => Assert.NotNull(e.FullLoss));
        string checkpoints = Path.Combine(stopped.Folder, "checkpoints");
        Assert.Empty(Directory.EnumerateFileSystemEntries(checkpoints));
        stopped.Tidy();
        Assert.False(Directory.Exists(checkpoints));
        Assert.Equal(WithoutTime(resumed), WithoutTime(stopped.Find(curve)!));
    }

    [Fact]
    public void A_finished_run_is_not_run_again()
    {
        using var folder = new TemporaryFolder();
        var store = new CurveStore(folder.Path, Data.Fingerprint);
        var curve = new Curve(NetKind.Mlp, "gradient", "nesterov", 0.05, 2);
        CurveResult first = new CurveRunner(Data, store, 1).Run(curve, null, CancellationToken.None);
        CurveResult second = new CurveRunner(Data, store, 1).Run(curve with { Epochs = 1 }, _ => Assert.Fail("It trained."), CancellationToken.None);
        Assert.Equal(first.Epochs, second.Epochs);
        Assert.False(second.Covers(curve with { Epochs = 3 }));
        Assert.False(second.Covers(curve with { FullLossEachEpoch = true }));
    }

    [Fact]
    public void A_run_on_other_data_is_refused()
    {
        using var folder = new TemporaryFolder();
        var curve = new Curve(NetKind.Mlp, "gradient", "nesterov", 0.05, 1);
        new CurveStore(folder.Path, "other rows").Save(new CurveResult(curve, CurveStatus.Partial, []) { Data = "other rows" });
        string message = Assert.Throws<ArgumentException>(() => new CurveStore(folder.Path, Data.Fingerprint).Find(curve)).Message;
        Assert.Contains("other data (other rows)", message, StringComparison.Ordinal);
        Assert.Contains(Data.Fingerprint, message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new CurveStore(folder.Path, Data.Fingerprint).All());
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{ \"curve\": ")]
    [InlineData("{}")]
    [InlineData("{ \"curve\": { \"net\": \"mlp\", \"step\": \"exact 1\", \"optimizer\": \"sgd\", \"rate\": 1, \"epochs\": 1 }, \"status\": \"partial\", \"epochs\": [] }")]
    [InlineData("{ \"curve\": { \"net\": \"mlp\", \"step\": \"gradient\", \"optimizer\": \"sgd\", \"rate\": 1, \"epochs\": 1 }, \"status\": \"partial\", \"epochs\": [ null ] }")]
    public void A_damaged_record_is_refused_in_one_line_with_its_file(string text)
    {
        using var folder = new TemporaryFolder();
        var store = new CurveStore(folder.Path, Data.Fingerprint);
        var curve = new Curve(NetKind.Mlp, "gradient", "sgd", 1, 1);
        string path = Path.Combine(folder.Path, "curves", curve.Id + ".json");
        File.WriteAllText(path, text);
        string message = Assert.Throws<DataFormatException>(() => store.Find(curve)).Message;
        Assert.StartsWith(path, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        Assert.Throws<DataFormatException>(() => store.All());
    }

    [Fact]
    public void A_run_that_two_figures_want_is_one_run_that_covers_both()
    {
        Experiment figure = PaperExperiments.Figure3(12, 1), beyond = PaperExperiments.Beyond(50, 3);
        IReadOnlyList<Curve> runs = PaperExperiments.Runs([figure, beyond]);
        Assert.Equal(runs.Count, runs.Select(r => r.Id).Distinct().Count());
        Curve shared = Assert.Single(runs, r => r is { Step: "gradient", Optimizer: "adam", Rate: 1e-3, Seed: 0 });
        Assert.Equal((50, true), (shared.Epochs, shared.FullLossEachEpoch));
        Assert.Equal(runs.OrderBy(r => r.Seed).Select(r => r.Id), runs.Select(r => r.Id));
        Assert.Equal(shared, beyond.Runs.First().Cover(figure.Runs.First()));
    }

    [Fact]
    public void Step_times_of_parts_that_are_run_one_by_one_are_all_kept_and_those_of_one_network_measured_in_one_go()
    {
        const double Impossible = -1;
        var known = new StepTimes(1, new Dictionary<string, double> { ["Mlp, gradient, nesterov"] = Impossible, ["ConvNet, gradient, adam"] = Impossible });
        StepTimes times = known.With([new Curve(NetKind.ConvNet, "exact 1", "adam", 1, 1)], Data, CancellationToken.None);
        Assert.Equal(["ConvNet, exact 1, adam", "ConvNet, gradient, adam", "Mlp, gradient, nesterov"], times.Milliseconds.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(Impossible, times.Milliseconds["Mlp, gradient, nesterov"]);
        Assert.True(times.Milliseconds["ConvNet, gradient, adam"] > 0);
        Assert.True(double.IsNaN(times.EpochSeconds(new Curve(NetKind.Mlp, "exact 1", "adam", 1, 1), Data)));
    }

    private static IEnumerable<EpochPoint> WithoutTime(CurveResult result) => [.. result.Epochs.Select(e => e with { Seconds = 0 })];
}
