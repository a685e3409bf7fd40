using ProxProp.Native;

namespace ProxProp.Engine.Tests.Native;

/// <summary>What the C library makes of proxprop_trainer_options.</summary>
public sealed class OpenTrainerTests
{
    private static ReadOnlySpan<byte> Json => """{ "input": [3], "layers": [ { "type": "Linear", "outputs": 2 } ] }"""u8;

    [Theory]
    [InlineData(0, "sgd", 0)]
    [InlineData(1, "momentum", 0)]
    [InlineData(2, "nesterov", 0)]
    [InlineData(3, "adam", 0)]
    [InlineData(4, "adamw", 0.01)]
    public void Weight_decay_is_the_optimizers_own_unless_set(int kind, string name, double decay)
    {
        TrainerOptions options = OpenTrainer.Defaults;
        options.Optimizer = (OptimizerKind)kind;
        Assert.Equal((name, decay), Made(options));
        options.WeightDecay = 0;
        Assert.Equal((name, 0), Made(options));
        options.WeightDecay = 0.25;
        Assert.Equal((name, 0.25), Made(options));
    }

    [Theory]
    [InlineData(-0.5)]
    [InlineData(-2)]
    [InlineData(double.NaN)]
    public void Other_negative_weight_decay_is_refused(double decay)
    {
        TrainerOptions options = OpenTrainer.Defaults;
        options.WeightDecay = decay;
        Assert.Equal(
            FormattableString.Invariant($"options->weight_decay is {decay}; expected 0 or more, or -1 for the optimizer's own."),
            Assert.Throws<ArgumentException>(() => Made(options)).Message);
    }

    private static (string Name, double Decay) Made(TrainerOptions options)
    {
        using OpenNetwork network = OpenNetwork.Create(Json, 1, 0, 1);
        using var trainer = new OpenTrainer(network, options);
        string settings = trainer.Step.Optimizer.Settings;
        return (trainer.Step.Optimizer.Name, double.Parse(settings[(settings.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture));
    }
}
