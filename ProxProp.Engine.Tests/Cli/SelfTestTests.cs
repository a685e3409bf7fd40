namespace ProxProp.Engine.Tests.Cli;

/// <summary>The program's check of itself, at every width, with the reference traces.</summary>
public sealed class SelfTestTests
{
    [Fact]
    public void All_checks_pass_at_every_width()
    {
        string[] lines = CliRun.Done("selftest", "--traces", Path.Combine(AppContext.BaseDirectory, "Reference", "traces.safetensors")).TrimEnd().Split('\n');
        Assert.Matches(@"^[1-9]\d* passed, 0 failed\r?$", lines[^1]);
        Assert.Matches(@"^checksum [0-9a-f]{16}\r?$", lines[^2]);
        Assert.Equal(9, lines.Count(l => l.StartsWith("ok     double losses", StringComparison.Ordinal)));
        Assert.Equal(9, lines.Count(l => l.StartsWith("ok     double trace", StringComparison.Ordinal)));
        Assert.Equal(3, lines.Count(l => l.StartsWith("ok     bits at width", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_file_without_traces_is_refused() => Assert.Contains(
        "expected the reference traces",
        CliRun.Fails(1, "selftest", "--traces", Path.Combine(AppContext.BaseDirectory, "Reference", "layers.safetensors")),
        StringComparison.Ordinal);
}
