using ProxProp.Engine.Data;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Training;
using ProxProp.Paper.Curves;

namespace ProxProp.Paper;

/// <summary>The rows that an evaluation trains, validates and tests on, and the networks for them.</summary>
/// <param name="Name">What the report calls them.</param>
/// <param name="Train">Training rows.</param>
/// <param name="Validation">Validation rows.</param>
/// <param name="Test">Test rows.</param>
/// <param name="Batch">Rows of a step.</param>
/// <param name="Hidden">Hidden widths of the fully connected network.</param>
internal sealed record PaperData(
    string Name, Dataset<float> Train, Dataset<float> Validation, Dataset<float> Test, int Batch, IReadOnlyList<int> Hidden)
{
    private const string PapersName = "CIFAR-10";

    /// <summary>CIFAR-10 as the paper divides it: the first 45,000 training rows for training, the last 5,000 for validation; batches of 500.</summary>
    public static PaperData Cifar10(string folder)
    {
        TrainTest<float> data = Engine.Data.Cifar10.Load<float>(folder);
        return new PaperData(PapersName, data.Train.Slice(0, 45_000), data.Train.Slice(45_000, 5_000), data.Test, 500, [4000, 1000, 4000]);
    }

    /// <summary>The embedded digits with small networks: the whole evaluation in a minute, its claims not to be expected.</summary>
    public static PaperData Digits()
    {
        DatasetSplit<float> split = Engine.Data.Digits.Load<float>().Split(validation: 180, test: 360, seed: 0);
        return new PaperData("digits", split.Train, split.Validation, split.Test, 100, [128, 32, 128]);
    }

    /// <summary>Whether these are the rows and the networks of the paper, so that its numbers can be held against ours.</summary>
    public bool IsPapers => Name == PapersName;

    /// <summary>Steps of one epoch.</summary>
    public int StepsPerEpoch => (Train.Count + Batch - 1) / Batch;

    /// <summary>Names the data so that a record of other data is not taken for one of these.</summary>
    public string Fingerprint => $"{Name} {Train.Count}/{Validation.Count}/{Test.Count}, batch {Batch}, hidden {string.Join('-', Hidden)}";

    /// <summary>A new network of a kind.</summary>
    public Model<float> Model(NetKind kind) => kind == NetKind.Mlp
        ? Models.Mlp<float>(Train.Features, [.. Hidden], Train.Classes)
        : Models.ConvNet<float>(Shape.Image(Train.Channels, Train.Height, Train.Width), Train.Classes);
}
