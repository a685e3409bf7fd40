using System.Globalization;
using ProxProp.Cli.Output;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Cli;

public sealed class OutputTests
{
    [Theory]
    [InlineData(0.00005, "5.00E-5")]
    [InlineData(0.0012346, "0.001235")]
    [InlineData(0.12345, "0.1235")]
    [InlineData(2.30259, "2.303")]
    [InlineData(123.456, "123.5")]
    [InlineData(123456, "1.23E+5")]
    [InlineData(double.NaN, "-")]
    public void Losses(double loss, string text) => Assert.Equal(text, Texts.Loss(loss));

    [Theory]
    [InlineData(0, "0:00")]
    [InlineData(0.2, "0:01")]
    [InlineData(61, "1:01")]
    [InlineData(3661, "1:01:01")]
    public void Times(double seconds, string text) => Assert.Equal(text, Texts.Clock(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(999, "999/s")]
    [InlineData(1500, "1.5k/s")]
    [InlineData(234_567, "235k/s")]
    [InlineData(2_345_678, "2.3M/s")]
    public void Rates(double rate, string text) => Assert.Equal(text, Texts.Rate(rate));

    [Fact]
    public void Columns_are_as_wide_as_they_need_to_be()
    {
        var table = new Table("", "a", "long");
        table.Add("name", "123", "4");
        Assert.Equal("        a  long\nname  123     4\n", Written(o => table.Write(o)));
    }

    [Fact]
    public void Curves_fall_from_the_top_left_and_the_first_one_covers_the_others()
    {
        var chart = new Chart("loss", [new Curve("fast", '*', [1, 0.1, 0.01]), new Curve("slow", 'o', [1, 0.5, 0.25])], width: 31, height: 3);
        string expected = """
            loss (* fast, o slow; logarithmic)
                    1 +*****ooooooooooo
                      |     ********** oooo
                 0.01 +               *****
                      +--------------------
                       1            epoch 3

            """;
        Assert.Equal(expected.ReplaceLineEndings("\n"), Written(o => chart.Write(o)));
    }

    [Fact]
    public void One_epoch_makes_no_curve() => Assert.Equal(string.Empty, Written(new Chart("loss", [new Curve("x", '*', [1])]).Write));

    [Fact]
    public void A_pipe_gets_a_line_per_epoch_and_a_screen_one_line_rewritten()
    {
        string plain = Shown(rewrites: false);
        Assert.Equal(
            "exact    epoch 1/2  loss   0.5000  acc  75.0% val  50.0%  1.5k/s  0:03 left\n"
            + "exact    epoch 2/2  loss   0.2500  acc  80.0% val  60.0%  1.5k/s\n",
            plain);
        string screen = Shown(rewrites: true);
        Assert.Single(screen.TrimEnd().Split('\n'));
        string[] states = screen.TrimEnd('\n').Split('\r', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(states, s => Assert.Equal(79, s.Length));
        Assert.StartsWith("exact    epoch 2/2  loss   0.2500", states[^1], StringComparison.Ordinal);
    }

    private static string Shown(bool rewrites) => Written(output =>
    {
        var display = new ProgressDisplay(new Terminal(output, TextWriter.Null, rewrites), "exact", 2);
        display.Report(At(1, 1, 0.6, null));
        display.Report(At(2, 1, 0.4, new EpochResult(1, 0.5, 0.75, 1, 0.5, 1)));
        display.Report(At(3, 2, 0.3, null));
        display.Report(At(4, 2, 0.2, new EpochResult(2, 0.25, 0.8, 1, 0.6, 2)));
        display.Finish();
    });

    private static TrainingProgress At(long step, int epoch, double loss, EpochResult? end) =>
        new(step, 4, epoch, loss, 0.5, 1, 1500, TimeSpan.FromSeconds(step == 4 ? 0 : 3), end);

    private static string Written(Action<TextWriter> write)
    {
        using var writer = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        write(writer);
        return writer.ToString();
    }
}
