using System.Numerics;
using ProxProp.Engine.Optimizers;

namespace ProxProp.Cli.Options;

/// <summary>What <c>--optimizer</c> names, with the step sizes that go with it unless others are given.</summary>
internal static class OptimizerChoice
{
    public const string Sgd = "sgd";
    public const string Momentum = "momentum";
    public const string Nesterov = "nesterov";
    public const string Adam = "adam";
    public const string AdamW = "adamw";
    public const double DefaultMomentum = 0.95;

    public static string[] Names { get; } = [Sgd, Momentum, Nesterov, Adam, AdamW];

    public static bool HasMomentum(string name) => name is Momentum or Nesterov;

    /// <summary>The paper's pairs: Nesterov for fully connected networks, Adam for convolutional ones.</summary>
    public static string DefaultFor(bool convolutional) => convolutional ? Adam : Nesterov;

    /// <summary>τ_θ as in the paper: 0.05, or 1 with Adam, which divides the direction's scale out again.</summary>
    public static double DefaultTauTheta(string name) => IsAdam(name) ? 1 : 0.05;

    /// <summary>
    /// The learning rate that goes with an optimizer. A proximal direction carries its own scale, so its rate is 1, as in the paper. Plain
    /// backpropagation has the paper's 0.05 with momentum; on the digits 0.1, the best of 0.05, 0.1, 0.2 there by training and by validation
    /// loss (means over five seeds), so that the comparison does not lean towards ProxProp.
    /// </summary>
    public static double DefaultRate(string name, StepChoice step, string dataset) =>
        IsAdam(name) ? 1e-3
        : step.IsProximal ? 1
        : name == Sgd ? 0.5
        : dataset == DataOptions.Digits ? 0.1
        : 0.05;

    /// <summary>The weight decay of the library's optimizers, and PyTorch's.</summary>
    public static double DefaultDecay(string name) => name == AdamW ? new Adam<float>(decoupled: true).WeightDecay : 0;

    public static Optimizer<T> Make<T>(string name, double momentum, double weightDecay)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => name switch
        {
            Sgd => new Sgd<T>(weightDecay: weightDecay),
            Momentum => new Sgd<T>(MomentumKind.HeavyBall, momentum, weightDecay),
            Nesterov => new Sgd<T>(MomentumKind.Nesterov, momentum, weightDecay),
            _ => new Adam<T>(weightDecay: weightDecay, decoupled: name == AdamW),
        };

    public static bool IsAdam(string name) => name is Adam or AdamW;
}
