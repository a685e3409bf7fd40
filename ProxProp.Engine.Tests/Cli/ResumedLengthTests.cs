using ProxProp.Engine.Tests.Data;

namespace ProxProp.Engine.Tests.Cli;

/// <summary>A run goes on from a checkpoint only to a step that this has not passed.</summary>
public sealed class ResumedLengthTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string[] _training;

    public ResumedLengthTests()
    {
        // 1,259 rows to train on: 7 steps in an epoch.
        _training = ["train", "--model", "mlp:4", "--step", "gradient", "--batch", "200", "--save", _folder.File("w"), "--checkpoint", Checkpoint];
        CliRun.Done([.. _training, "--max-steps", "20"]);
    }

    private string Checkpoint => _folder.File("c");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("--max-steps asks 19", "--max-steps", "19")]
    [InlineData("--max-steps asks 19", "--epochs", "4", "--max-steps", "19")]
    [InlineData("--epochs asks 14", "--epochs", "2")]
    [InlineData("--epochs asks 14", "--epochs", "2", "--max-steps", "30")]
    public void Fewer_steps_are_refused_and_nothing_is_written(string asked, params string[] length)
    {
        File.Delete(_folder.File("w"));
        byte[] before = File.ReadAllBytes(Checkpoint);
        Assert.Equal(
            $"{Checkpoint} already has 20 steps, of which {asked}; give it a larger number, or leave --resume out. See: proxprop train --help",
            CliRun.Fails(2, [.. _training, "--resume", Checkpoint, .. length]));
        Assert.False(File.Exists(_folder.File("w")));
        Assert.Equal(before, File.ReadAllBytes(Checkpoint));
    }

    [Theory]
    [InlineData("--max-steps", "20")]
    [InlineData("--epochs", "3")]
    public void As_many_or_more_are_taken(params string[] length) => CliRun.Done([.. _training, "--resume", Checkpoint, .. length]);
}
