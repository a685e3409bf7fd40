using System.Globalization;
using System.Text.Json.Serialization;

namespace ProxProp.Paper.Curves;

/// <summary>The two networks of the paper's evaluation.</summary>
internal enum NetKind
{
    /// <summary>Fully connected, 3072-4000-1000-4000-10 on CIFAR-10.</summary>
    Mlp,

    /// <summary>Three convolutions and one fully connected layer.</summary>
    ConvNet,
}

/// <summary>One training run: everything that its numbers depend on but the data. Two figures that want the same run share it.</summary>
/// <param name="Net">The network.</param>
/// <param name="Step">How hidden layers make their directions; a name that <see cref="Methods.StepMethod"/> knows.</param>
/// <param name="Optimizer">What uses the directions; a name that <see cref="Methods.OptimizerMethod"/> knows.</param>
/// <param name="Rate">The learning rate.</param>
/// <param name="Epochs">Passes over the training rows.</param>
/// <param name="Seed">Seed of starting weights and of the order of the rows.</param>
internal sealed record Curve(NetKind Net, string Step, string Optimizer, double Rate, int Epochs, ulong Seed = 0)
{
    /// <summary>Whether the loss over all training rows is taken after every epoch; else after the last one only.</summary>
    public bool FullLossEachEpoch { get; init; }

    /// <summary>The run's name: that of its file, without the number of epochs.</summary>
    [JsonIgnore]
    public string Id => string.Create(
        CultureInfo.InvariantCulture, $"{(Net == NetKind.Mlp ? "mlp" : "convnet")}-{Step.Replace(' ', '-')}-{Optimizer}-lr{Rate}-seed{Seed}");

    /// <summary>One run in place of two that differ in how long they are and what they measure.</summary>
    public Curve Cover(Curve other) => this with
    {
        Epochs = Math.Max(Epochs, other.Epochs),
        FullLossEachEpoch = FullLossEachEpoch || other.FullLossEachEpoch,
    };
}
