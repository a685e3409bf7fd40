using ProxProp.Engine.Data;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Cli;

/// <summary>The README's example, compiled; <see cref="ReadmeTests"/> compares it with the README word for word and runs it.</summary>
internal static class ReadmeExample
{
    public static double Run()
    {
        // example
        DatasetSplit<float> digits = Digits.Load<float>().Split(validation: 180, test: 360, seed: 1);

        // 64 pixels, 128 and 64 hidden units, 10 classes. All memory is planned here, for batches of up to 100 samples.
        using var network = new Network<float>(
            Shape.Vector(64),
            [new Linear<float>(128), new Relu<float>(), new Linear<float>(64), new Relu<float>(), new Linear<float>(10)],
            maxBatch: 100);
        using var step = new TrainingStep<float>(network, new ExactStep<float>(tauTheta: 0.05), new Sgd<float>(MomentumKind.Nesterov, 0.95));
        var trainer = new Trainer<float>(step, new TrainerOptions { Epochs = 10, LearningRate = 1 });
        TrainingResult result = trainer.Run(digits.Train, digits.Validation);

        using var evaluator = new Evaluator<float>(network);
        Evaluation test = evaluator.Evaluate(digits.Test);
        Console.WriteLine($"training loss {result.Epochs[^1].TrainLoss:F4}, test accuracy {test.Accuracy:P1}");
        // end
        return test.Accuracy;
    }
}
