using System.Text.Json;
using ProxProp.Cli;

namespace ProxProp.Engine.Tests.Cli;

/// <summary><c>proxprop verify</c>: the claims on the digits, in words and for machines.</summary>
public sealed class VerifyTests
{
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
    public void Steps_without_training_are_refused() =>
        Assert.StartsWith("--max-steps is for --during-training.", CliRun.Fails(ExitCode.Usage, "verify", "--max-steps", "3"), StringComparison.Ordinal);
}
