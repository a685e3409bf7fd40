using System.Text.Json;
using ProxProp.Engine.Tests.Data;

namespace ProxProp.Engine.Tests.Cli;

/// <summary>What <c>proxprop train</c> chooses, prints, logs and saves.</summary>
public sealed class TrainTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Saved => _folder.File("w.safetensors");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Without_a_choice_of_run_the_digits_are_a_comparison()
    {
        string output = CliRun.Done("train", "--epochs", "3", "--save", Saved);
        Assert.Contains("two runs from the same starting weights, on the same batches:", output, StringComparison.Ordinal);
        Assert.Contains("ProxProp (auto): learning rate 1, tau_theta 0.05", output, StringComparison.Ordinal);
        Assert.Contains("backpropagation: learning rate 0.1", output, StringComparison.Ordinal);
        Assert.Contains("solvers    0 Linear: exact primal, 1.6 Mflop, 195.0 KiB: fewest flops", output, StringComparison.Ordinal);
        Assert.Contains("auto     epoch 3/3  loss", output, StringComparison.Ordinal);
        Assert.Contains("gradient epoch 3/3  loss", output, StringComparison.Ordinal);
        Assert.Contains("training loss by epoch (* ProxProp (auto), o backpropagation; logarithmic)", output, StringComparison.Ordinal);
        Assert.Contains($"Saved to {Saved} (ProxProp (auto)).", output, StringComparison.Ordinal);
        Assert.True(File.Exists(Saved));
    }

    [Theory]
    [InlineData("--step", "exact")]
    [InlineData("--tau-theta", "0.1")]
    [InlineData("--optimizer", "adam")]
    [InlineData("--lr", "0.5")]
    [InlineData("--momentum", "0.9")]
    [InlineData("--weight-decay", "0.001")]
    [InlineData("--damping", "scale-free")]
    public void A_choice_of_run_is_one_run(string option, string value)
    {
        string output = CliRun.Done("train", "--epochs", "1", "--save", Saved, option, value);
        Assert.DoesNotContain("backpropagation", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gradient")]
    [InlineData("exact")]
    [InlineData("cg2")]
    [InlineData("pcg2")]
    [InlineData("auto")]
    public void Every_step_learns(string step)
    {
        JsonElement[] epochs = Epochs("--step", step, "--epochs", "4", "--precision", "double");
        Assert.Equal(4, epochs.Length);
        Assert.True(epochs[^1].GetProperty("trainLoss").GetDouble() < epochs[0].GetProperty("trainLoss").GetDouble());
        Assert.True(epochs[^1].GetProperty("validationAccuracy").GetDouble() > 0.5);
    }

    [Theory]
    [InlineData("sgd")]
    [InlineData("momentum")]
    [InlineData("nesterov")]
    [InlineData("adam")]
    [InlineData("adamw")]
    public void Every_optimizer_learns(string optimizer)
    {
        JsonElement[] epochs = Epochs("--optimizer", optimizer, "--epochs", "4");
        Assert.True(epochs[^1].GetProperty("trainLoss").GetDouble() < epochs[0].GetProperty("trainLoss").GetDouble());
    }

    [Fact]
    public void The_log_has_an_object_per_step_and_per_epoch()
    {
        string log = _folder.File("log.jsonl");
        CliRun.Done("train", "--epochs", "2", "--batch", "500", "--train-samples", "1000", "--validation", "100", "--log", log, "--save", Saved);
        string[] lines = File.ReadAllLines(log);
        Assert.Equal(7, lines.Length);
        string[] kinds = [.. lines.Select(l => string.Join(",", JsonDocument.Parse(l).RootElement.EnumerateObject().Select(p => p.Name)))];
        const string Plan = "plan", First = "step,epoch,loss,layers", Step = "step,epoch,loss", Epoch = "epoch,trainLoss,trainAccuracy,validationLoss,validationAccuracy,seconds";
        Assert.Equal([Plan, First, Step, Epoch, Step, Step, Epoch], kinds);
        JsonElement[] objects = [.. lines.Skip(1).Select(l => JsonDocument.Parse(l).RootElement)];
        Assert.Equal([1, 2, 3, 4], objects.Where(o => o.TryGetProperty("step", out _)).Select(o => o.GetProperty("step").GetInt32()));
        // Two batches of one size: the epoch's loss is the mean of its steps'.
        double mean = (objects[0].GetProperty("loss").GetDouble() + objects[1].GetProperty("loss").GetDouble()) / 2;
        Assert.Equal(mean, objects[2].GetProperty("trainLoss").GetDouble(), 1e-12);
    }

    [Fact]
    public void The_log_says_what_is_planned_for_each_layer_and_what_became_of_it()
    {
        string log = _folder.File("log.jsonl");
        CliRun.Done("train", "--max-steps", "5", "--report-every", "2", "--log", log, "--save", Saved);
        JsonElement[] objects = [.. File.ReadLines(log).Select(l => JsonDocument.Parse(l).RootElement)];
        JsonElement[] plan = [.. objects[0].GetProperty("plan").EnumerateArray()];
        Assert.Equal([0, 2, 4], plan.Select(p => p.GetProperty("layer").GetInt32()));
        Assert.Equal(["PrimalCholesky", "DualCholesky", "Gradient"], plan.Select(p => p.GetProperty("solver").GetString()));
        Assert.StartsWith("fewest flops (", plan[0].GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Equal([1, 3, 5], objects.Where(o => o.TryGetProperty("layers", out _)).Select(o => o.GetProperty("step").GetInt32()));
        JsonElement[] layers = [.. objects[1].GetProperty("layers").EnumerateArray()];
        Assert.Equal(plan.Select(p => p.GetProperty("solver").GetString()), layers.Select(l => l.GetProperty("solver").GetString()));
        Assert.All(layers, l => Assert.InRange(l.GetProperty("cosine").GetDouble(), 0.01, 1 + 1e-6));
        Assert.All(layers[..2], l => Assert.InRange(l.GetProperty("residual").GetDouble(), 0, 1e-4));
        Assert.Equal(20, layers[0].GetProperty("damping").GetDouble());
        Assert.Equal(JsonValueKind.Null, layers[2].GetProperty("damping").ValueKind);
    }

    [Theory]
    [InlineData("scale-free", "0.5", "scale-free lambda 0.5")]
    [InlineData("lm", "2", "lm lambda 2")]
    public void Damping_by_lambda_learns_and_says_so(string damping, string lambda, string words)
    {
        string log = _folder.File("log.jsonl");
        string output = CliRun.Done(
            "train", "--epochs", "4", "--damping", damping, "--lambda", lambda, "--log", log, "--report-every", "1", "--save", Saved);
        Assert.Contains($"ProxProp (auto): learning rate 1, {words}", output, StringComparison.Ordinal);
        JsonElement[] objects = [.. File.ReadLines(log).Select(l => JsonDocument.Parse(l).RootElement)];
        double[] shifts = [.. objects.Where(o => o.TryGetProperty("layers", out _)).Select(o => o.GetProperty("layers")[0].GetProperty("damping").GetDouble())];
        Assert.True(shifts.Distinct().Count() > 10, "The damping follows the batches.");
        Assert.True(objects[^1].GetProperty("validationAccuracy").GetDouble() > 0.5);
    }

    [Theory]
    [InlineData("ProxProp (auto): learning rate 1, lm lambda 1", "training   sgd, ", "--damping", "lm")]
    [InlineData("ProxProp (auto): learning rate 1, scale-free lambda 10", "training   nesterov (momentum 0.95), ", "--damping", "scale-free")]
    [InlineData("ProxProp (auto): learning rate 1, scale-free lambda 0.1", "training   sgd, ", "--damping", "scale-free", "--optimizer", "sgd")]
    [InlineData("ProxProp (auto): learning rate 0.001, tau_theta 1", "training   adam, ", "--damping", "fixed", "--optimizer", "adam")]
    public void Each_damping_has_its_defaults(string run, string optimizer, params string[] options)
    {
        string output = CliRun.Done(["train", "--max-steps", "1", "--save", Saved, .. options]);
        Assert.Contains(run, output, StringComparison.Ordinal);
        Assert.Contains(optimizer, output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("training   nesterov (momentum 0.95), ")]
    [InlineData("training   nesterov (momentum 0.95, weight decay 0.001), ", "--weight-decay", "0.001")]
    [InlineData("training   sgd (weight decay 0.5), ", "--optimizer", "sgd", "--weight-decay", "0.5")]
    [InlineData("training   momentum (momentum 0.9, weight decay 0.5), ", "--optimizer", "momentum", "--momentum", "0.9", "--weight-decay", "0.5")]
    [InlineData("training   adam, ", "--optimizer", "adam", "--weight-decay", "0")]
    [InlineData("training   adam (weight decay 0.5), ", "--optimizer", "adam", "--weight-decay", "0.5")]
    [InlineData("training   adamw (weight decay 0.01), ", "--optimizer", "adamw")]
    [InlineData("training   adamw (weight decay 0), ", "--optimizer", "adamw", "--weight-decay", "0")]
    public void The_head_tells_the_weight_decay(string line, params string[] options) =>
        Assert.Contains(line, CliRun.Done(["train", "--step", "exact", "--max-steps", "1", "--save", Saved, .. options]), StringComparison.Ordinal);

    [Theory]
    [InlineData("sgd", "0")]
    [InlineData("momentum", "0")]
    [InlineData("nesterov", "0")]
    [InlineData("adam", "0")]
    [InlineData("adamw", "0.01")]
    public void Weight_decay_reaches_the_optimizer_and_its_checkpoints(string optimizer, string usual)
    {
        string checkpoint = _folder.File("c");
        string[] args = ["train", "--step", "exact", "--max-steps", "2", "--optimizer", optimizer, "--save", Saved];
        CliRun.Done([.. args, "--checkpoint", checkpoint]);
        CliRun.Done([.. args, "--weight-decay", usual, "--resume", checkpoint]);
        string message = CliRun.Fails(1, [.. args, "--weight-decay", "0.25", "--resume", checkpoint]);
        Assert.Matches($@"other settings \(optimizer: {optimizer}, .*weight decay {usual}\); expected .*weight decay 0\.25\)", message);
    }

    [Fact]
    public void Without_validation_rows_the_log_says_null()
    {
        JsonElement epoch = Epochs("--epochs", "1", "--validation", "0", "--step", "exact")[0];
        Assert.Equal(JsonValueKind.Null, epoch.GetProperty("validationLoss").ValueKind);
        Assert.Equal(JsonValueKind.Null, epoch.GetProperty("validationAccuracy").ValueKind);
    }

    [Fact]
    public void Threads_do_not_change_a_bit()
    {
        CliRun.Done("train", "--epochs", "2", "--step", "exact", "--threads", "1", "--save", _folder.File("1"));
        CliRun.Done("train", "--epochs", "2", "--step", "exact", "--threads", "3", "--save", _folder.File("3"));
        Assert.Equal(File.ReadAllBytes(_folder.File("1")), File.ReadAllBytes(_folder.File("3")));
    }

    [Fact]
    public void The_seed_changes_the_result()
    {
        CliRun.Done("train", "--epochs", "1", "--step", "exact", "--save", _folder.File("0"));
        CliRun.Done("train", "--epochs", "1", "--step", "exact", "--seed", "1", "--save", _folder.File("1"));
        Assert.NotEqual(File.ReadAllBytes(_folder.File("0")), File.ReadAllBytes(_folder.File("1")));
    }

    [Fact]
    public void Max_steps_alone_means_exactly_so_many()
    {
        string log = _folder.File("log.jsonl");
        CliRun.Done("train", "--max-steps", "30", "--step", "exact", "--log", log, "--save", Saved);
        Assert.Equal(30, File.ReadLines(log).Count(l => l.Contains("\"step\"", StringComparison.Ordinal)));
    }

    [Fact]
    public void Training_goes_on_from_saved_weights_without_naming_the_model()
    {
        CliRun.Done("train", "--epochs", "3", "--step", "exact", "--model", "mlp:32", "--save", Saved);
        JsonElement[] epochs = Epochs("--epochs", "1", "--init", Saved);
        Assert.True(epochs[0].GetProperty("trainLoss").GetDouble() < 0.6);
    }

    [Fact]
    public void The_paper_s_convolutional_network_takes_the_digits_as_images()
    {
        string output = CliRun.Done("train", "--model", "convnet", "--max-steps", "2", "--step", "exact", "--save", Saved);
        Assert.Contains("1x8x8 -> 16x8x8 -> 20x4x4 -> 20x2x2 -> 10", output, StringComparison.Ordinal);
        Assert.Contains("training   adam, ", output, StringComparison.Ordinal);
    }

    private JsonElement[] Epochs(params string[] options)
    {
        string log = _folder.File("epochs.jsonl");
        CliRun.Done(["train", "--log", log, "--save", _folder.File("epochs.safetensors"), .. options]);
        return [.. File.ReadLines(log).Select(l => JsonDocument.Parse(l).RootElement).Where(e => e.TryGetProperty("trainLoss", out _))];
    }
}
