using System.Text.Json;
using ProxProp.Engine.Tests.Data;

namespace ProxProp.Engine.Tests.Cli;

/// <summary><c>proxprop plan</c>, and that <c>proxprop train</c> takes what it says.</summary>
public sealed class PlanTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Status => _folder.File("status");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_table_adds_up()
    {
        string output = CliRun.Done("plan", "--model", "mlp:64", "--step", "exact", "--optimizer", "adam", "--threads", "2");
        Assert.Contains("layer 0 (Linear)", output, StringComparison.Ordinal);
        Assert.Contains("gram matrix", output, StringComparison.Ordinal);
        string[] lines = [.. output.Split('\n').SkipWhile(l => !l.StartsWith("purpose", StringComparison.Ordinal)).Skip(1)];
        long Number(string line) => long.Parse(line[line.LastIndexOf("  ", StringComparison.Ordinal)..].Replace(",", "", StringComparison.Ordinal));
        int planned = Array.FindIndex(lines, l => l.StartsWith("planned", StringComparison.Ordinal));
        Assert.Equal(Number(lines[planned]), lines[..planned].Sum(Number));
        Assert.Equal(Number(lines[planned + 3]), lines[planned..(planned + 3)].Sum(Number));
    }

    [Fact]
    public void Json_has_every_buffer()
    {
        using JsonDocument plan = JsonDocument.Parse(CliRun.Done("plan", "--json", "--model", "mlp:64", "--step", "cg3"));
        JsonElement buffers = plan.RootElement.GetProperty("buffers");
        long own = buffers.EnumerateArray().Where(b => !b.GetProperty("shared").GetBoolean()).Sum(b => b.GetProperty("bytes").GetInt64());
        Assert.InRange(plan.RootElement.GetProperty("planned").GetInt64(), own, own + 1_000_000);
        Assert.True(plan.RootElement.GetProperty("process").GetInt64() > 1_000_000);
        Assert.All(buffers.EnumerateArray(), b => Assert.NotEqual(string.Empty, b.GetProperty("owner").GetString()));
    }

    [Fact]
    public void A_last_batch_of_one_is_refused_where_batch_statistics_need_two()
    {
        File.WriteAllText(
            _folder.File("m.json"),
            """{ "input": [2], "layers": [{ "type": "Linear", "outputs": 4 }, { "type": "BatchNorm" }, { "type": "Linear", "outputs": 2 }] }""");
        File.WriteAllLines(_folder.File("d.csv"), Enumerable.Range(0, 401).Select(i => $"{i % 7},{i % 5},{(i % 2 == 0 ? "a" : "b")}"));
        string[] args = ["--dataset", "csv", "--data", _folder.File("d.csv"), "--model", _folder.File("m.json"), "--train-samples", "201", "--no-shuffle"];
        Assert.Contains(
            "201 samples in batches of 100 leave a last batch of 1, and layer 1 (BatchNorm 4 -> 4) needs at least 2; take another batch size, 101 for example.",
            CliRun.Fails(1, ["plan", .. args]),
            StringComparison.Ordinal);
        CliRun.Done(["plan", "--batch", "101", .. args]);
        CliRun.Done(["plan", "--max-steps", "2", .. args]);
    }

    /// <summary>By the difference of two runs, so that the runtime's own memory falls out.</summary>
    [Fact]
    public void Peak_memory_is_what_was_planned()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "A process reads the peak of its resident memory in /proc.");
        string[] common = ["--step", "exact", "--batch", "500", "--max-steps", "3", "--threads", "1"];
        string[] small = ["--model", "mlp:1024", .. common], large = ["--model", "mlp:4000,1500", .. common];
        long planned = Planned(large) - Planned(small), peak = Peak(large) - Peak(small);
        Assert.InRange(peak, 0.9 * planned, 1.1 * planned);
    }

    [Fact]
    public void A_budget_makes_solvers_smaller_and_says_what_is_the_least()
    {
        string[] args = ["--model", "mlp:512,512", "--batch", "300", "--step", "auto", "--optimizer", "sgd", "--threads", "1"];
        long free = Total(args);
        string message = CliRun.Fails(1, ["plan", "--memory-budget", "1MB", .. args]);
        long least = long.Parse(System.Text.RegularExpressions.Regex.Match(message, @"give it at least (\d+),").Groups[1].Value);
        Assert.True(least < free, $"{least} of {free}");
        Assert.Equal(least, Total([.. args, "--memory-budget", $"{least}"]));
        Assert.Contains($"give it at least {least},", CliRun.Fails(1, ["plan", "--memory-budget", $"{least - 1}", .. args]), StringComparison.Ordinal);
        long middle = (least + free) / 2;
        Assert.InRange(Total([.. args, "--memory-budget", $"{middle}"]), least, middle);
        Assert.Equal(free, Total([.. args, "--memory-budget", "1GB"]));

        // Training keeps to the same choice: its solvers are the small ones.
        string[] train = ["train", .. args, "--max-steps", "2", "--save", _folder.File("w"), "--memory-budget"];
        CliRun.Done([.. train, $"{least}"]);
        Assert.Contains("give it at least", CliRun.Fails(1, [.. train, $"{least - 1}"]), StringComparison.Ordinal);
        args[5] = "exact";
        Assert.Contains("or take --step auto", CliRun.Fails(1, ["plan", "--memory-budget", "1MB", .. args]), StringComparison.Ordinal);
    }

    /// <summary>Again by differences: networks of several kinds and steps, without a budget and within a part of what they take then.</summary>
    [Theory]
    [InlineData("images", "gradient", 1200, 1)]
    [InlineData("images", "gradient", 1200, 0.5)]
    [InlineData("images", "exact", 1200, 0.7)]
    [InlineData("images", "cg3", 1200, 1)]
    [InlineData("images", "cg3", 1200, 0.5)]
    [InlineData("mlp:512,512,512", "gradient", 1200, 1)]
    [InlineData("mlp:512,512,512", "exact", 1200, 1)]
    [InlineData("mlp:700,700,700", "auto", 1200, 0.8)]
    [InlineData("mlp:4000,1500", "cg3", 500, 1)]
    public void Peak_memory_is_planned_for_every_kind_of_step_and_budget(string model, string step, int batch, double share)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "A process reads the peak of its resident memory in /proc.");
        // With more τ_θ what stands by for double is touched.
        string[] tau = step == "exact" ? ["--tau-theta", "0.05"] : [];
        string[] common = ["--step", step, .. tau, "--max-steps", "2", "--log", _folder.File("log"), "--report-every", "1", "--threads", "1"];
        string[] Net(string model, int batch) => [.. model == "images" ? Images() : ["--model", model], "--batch", $"{batch}", .. common];
        string[] small = Net(model == "images" ? model : "mlp:16", 16), large = Net(model, batch);
        if (share < 1)
            large = [.. large, "--memory-budget", $"{(long)(share * Total(large))}"];
        long planned = Planned(large) - Planned(small), peak = Peak(large) - Peak(small);
        Assert.True(planned > 15_000_000, $"{planned} bytes are too few to measure.");
        Assert.InRange(peak, 0.9 * planned, 1.1 * planned);
    }

    /// <summary>And the same training without a budget and within half of what it takes then.</summary>
    [Fact]
    public void Peak_memory_within_a_budget_is_what_was_planned()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "A process reads the peak of its resident memory in /proc.");
        // With more τ_θ float will not do for the second layer, and what stands by for double is touched.
        string[] args = [.. Images(), "--step", "exact", "--tau-theta", "0.05", "--batch", "1200", "--max-steps", "2", "--threads", "1"];
        string[] within = [.. args, "--memory-budget", $"{Total(args) / 2}"];
        long planned = Planned(args) - Planned(within), peak = Peak(args) - Peak(within);
        Assert.True(planned > 25_000_000, $"{planned} bytes are too few to measure.");
        Assert.InRange(peak, 0.9 * planned, 1.1 * planned);
    }

    /// <summary>With the program itself, whose code for training the plan has not run.</summary>
    [Theory]
    [InlineData("mlp:16", "16")]
    [InlineData("mlp:500,500", "1400")]
    public void The_whole_process_takes_what_was_planned(string model, string batch)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "A process reads the peak of its resident memory in /proc.");
        string[] args = ["--model", model, "--batch", batch, "--step", "exact", "--max-steps", "4", "--threads", "1"];
        using JsonDocument plan = JsonDocument.Parse(Run(["plan", "--json", .. args]));
        long Of(string name) => plan.RootElement.GetProperty(name).GetInt64();
        long expected = Of("planned") - Of("standby") + Of("process");
        Assert.InRange(Peak(args), 0.9 * expected, 1.1 * expected);
    }

    [Fact]
    public void A_budget_takes_micro_batches_that_give_the_same_losses()
    {
        string[] args = [.. Images(), "--step", "exact", "--batch", "600", "--max-steps", "6", "--threads", "1", "--precision", "double"];
        string budget = $"{Total(args) / 2}";
        string output = CliRun.Done(["plan", .. args, "--memory-budget", budget]);
        Assert.Matches("Within the budget by micro-batches of (300|150|75): the same sums in another order, equal to rounding", output);
        double[] expected = Losses(args), found = Losses([.. args, "--memory-budget", budget]);
        Assert.Equal(6, found.Length);
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 1e-9));

        // Smaller packing is tried before, and enough for a budget just below.
        output = CliRun.Done(["plan", .. args, "--memory-budget", $"{Total(args) - 1000}"]);
        Assert.Contains("504 rows packed at a time", output, StringComparison.Ordinal);
        Assert.DoesNotContain("micro-batches", output, StringComparison.Ordinal);
        Assert.Equal(expected, Losses([.. args, "--memory-budget", $"{Total(args) - 1000}"]));
    }

    [Fact]
    public void A_budget_does_not_part_what_needs_its_batch_as_a_whole()
    {
        File.WriteAllText(
            _folder.File("norm.json"),
            """{ "input": [64], "layers": [ { "type": "Linear", "outputs": 900 }, { "type": "BatchNorm" }, { "type": "ReLU" }, { "type": "Linear", "outputs": 10 } ] }""");
        string[] args = ["plan", "--model", _folder.File("norm.json"), "--step", "gradient", "--batch", "500", "--threads", "1"];
        string message = CliRun.Fails(1, [.. args, "--memory-budget", $"{Total(args[1..]) / 2}"]);
        Assert.Contains("give it at least", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("64MB", 64_000_000L)]
    [InlineData("1.5KiB", 1536L)]
    [InlineData("12", 12L)]
    [InlineData("MB", null)]
    [InlineData("-1MB", null)]
    [InlineData("1e9GB", null)]
    [InlineData("9999999GB", null)]
    public void Amounts_of_memory_are_read(string text, long? bytes) => Assert.Equal(bytes, ProxProp.Cli.Options.ByteSize.Parse(text)?.Bytes);

    /// <summary>A network whose memory is that of its activations.</summary>
    private string[] Images()
    {
        File.WriteAllText(
            _folder.File("images.json"),
            """
            { "input": [1, 8, 8], "layers": [
              { "type": "Conv2d", "filters": 96, "kernel": 3, "padding": 1 }, { "type": "ReLU" },
              { "type": "Conv2d", "filters": 8, "kernel": 3, "padding": 1 }, { "type": "ReLU" }, { "type": "Flatten" }, { "type": "Linear", "outputs": 10 } ] }
            """);
        return ["--model", _folder.File("images.json"), "--optimizer", "adam"];
    }

    private double[] Losses(string[] args)
    {
        string log = _folder.File("log");
        CliRun.Done(["train", .. args, "--save", _folder.File("w"), "--log", log]);
        return [.. File.ReadLines(log).Select(l => JsonDocument.Parse(l).RootElement).Where(e => e.TryGetProperty("loss", out _)).Select(e => e.GetProperty("loss").GetDouble())];
    }

    private static long Total(string[] args)
    {
        using JsonDocument plan = JsonDocument.Parse(CliRun.Done(["plan", "--json", .. args]));
        return plan.RootElement.GetProperty("planned").GetInt64();
    }

    private static long Planned(string[] args)
    {
        using JsonDocument plan = JsonDocument.Parse(CliRun.Done(["plan", "--json", .. args]));
        return plan.RootElement.GetProperty("planned").GetInt64() - plan.RootElement.GetProperty("standby").GetInt64();
    }

    private long Peak(string[] args)
    {
        Run(["train", "--save", "w", .. args]);
        return StartupHook.PeakIn(Status);
    }

    // As a process of its own, which leaves its last status; gives its output.
    private string Run(string[] args)
    {
        using CliProcess process = CliProcess.StartWith(_folder.Path, StartupHook.WritesStatusTo(Status), args);
        CliRun run = process.Finish();
        Assert.True(run.ExitCode == 0, run.Error);
        return run.Output;
    }
}
