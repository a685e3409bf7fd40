using System.Text.Json;
using ProxProp.Cli;
using ProxProp.Engine.Tests.Data;

namespace ProxProp.Engine.Tests.Cli;

/// <summary><c>proxprop verify</c>: the claims on the digits, in words and for machines.</summary>
public sealed class VerifyTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("exact")]
    [InlineData("cg3")]
    [InlineData("pcg2")]
    [InlineData("gradient")]
    public void The_digits_pass(string step)
    {
        string output = CliRun.Done("verify", "--step", step, "--model", "mlp:24,12", "--threads", "2");
        Assert.Contains("claims hold.", output, StringComparison.Ordinal);
        Assert.DoesNotContain("FAIL", output, StringComparison.Ordinal);
        Assert.Contains("layer 0: Linear 64 -> 24", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Json_has_an_object_per_layer_and_claim_for_every_step_checked()
    {
        string output = CliRun.Done(
            "verify", "--model", "mlp:12", "--during-training", "10", "--max-steps", "21", "--json", "--precision", "double", "--threads", "2");
        JsonElement[] entries = [.. output.TrimEnd().Split('\n').Select(l => JsonDocument.Parse(l).RootElement)];
        Assert.Equal([1, 11, 21], entries.Select(e => e.GetProperty("step").GetInt32()).Distinct());
        Assert.Equal([0, 2], entries.Select(e => e.GetProperty("layer").GetInt32()).Distinct().Order());
        Assert.All(entries, e => Assert.True(e.GetProperty("passed").GetBoolean(), e.ToString()));
        Assert.All(entries, e => Assert.True(e.GetProperty("margin").GetDouble() >= 0));
    }

    [Fact]
    public void Weights_bring_the_network_that_their_file_describes_and_a_csv_file_s_classes_and_scaling()
    {
        string weights = _folder.File("w"), csv = _folder.Add("a.csv", Rows("blue", "red")), part = _folder.Add("b.csv", Rows("red"));
        CliRun.Done("train", "--dataset", "csv", "--data", csv, "--model", "mlp:24", "--epochs", "1", "--save", weights);
        string output = CliRun.Done("verify", "--dataset", "csv", "--data", part, "--init", weights, "--threads", "1");
        Assert.Contains("layer 0: Linear 2 -> 24", output, StringComparison.Ordinal);
        Assert.Contains("layer 2: Linear 24 -> 2", output, StringComparison.Ordinal);
        Assert.EndsWith(
            "found the label 'green'; expected one of the 2 known classes.",
            CliRun.Fails(1, "verify", "--dataset", "csv", "--data", _folder.Add("c.csv", Rows("green")), "--init", weights),
            StringComparison.Ordinal);
        Assert.Contains("0.weight", CliRun.Fails(1, "verify", "--dataset", "csv", "--data", csv, "--model", "mlp:25", "--init", weights), StringComparison.Ordinal);
    }

    [Fact]
    public void Steps_without_training_are_refused() =>
        Assert.StartsWith("--max-steps is for --during-training.", CliRun.Fails(ExitCode.Usage, "verify", "--max-steps", "3"), StringComparison.Ordinal);

    private static string Rows(params string[] classes) =>
        string.Concat(Enumerable.Range(0, 40).Select(i => $"{i % 9},{i * 7 % 11},{classes[i % classes.Length]}\n"));
}
