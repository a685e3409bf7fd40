using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Cli;

/// <summary>The README's patterns for devices, compiled and run; <see cref="ReadmePatternTests"/> compares them with the README.</summary>
internal static class ReadmePatterns
{
    public static (double Frozen, double Online, double Snapshot) Run(DatasetSplit<float> digits, string path)
    {
        Layer<float>[] layers = [new Linear<float>(64), new Relu<float>(), new Linear<float>(10)];
        using (var network = new Network<float>(Shape.Vector(64), layers, maxBatch: 100))
        {
            Train(network, digits.Train);
            Weights.Save(network, path);
        }

        double frozen = Freeze(digits, path);
        double online = Online(digits);
        return (frozen, online, Snapshot(digits));
    }

    private static double Freeze(DatasetSplit<float> digits, string path)
    {
        // pattern
        using var network = new Network<float>(
            Shape.Vector(64), [new Linear<float>(64), new Relu<float>(), new Linear<float>(10)], maxBatch: 100) { FrozenLayers = 2 };
        Weights.Load(network, path);
        Dataset<float> features = FineTuning.Features(network, digits.Train); // the frozen layers run once
        using Network<float> tail = FineTuning.Tail(network);
        Train(tail, features); // a step and a trainer as above
        FineTuning.CopyBack(tail, network);
        // end
        return Accuracy(network, digits.Test);
    }

    private static double Online(DatasetSplit<float> digits)
    {
        // pattern
        using var online = new OnlineLinear<float>(inputs: 64, outputs: 10, tauTheta: 10);
        float[] sample = new float[64], target = new float[10];
        for (int i = 0; i < digits.Train.Count; i++)
        {
            digits.Train.CopyRange(i, 1, sample, []);
            Array.Clear(target);
            target[digits.Train.Labels[i]] = 1;
            online.Learn(sample, target);
        }

        // end
        using var network = new Network<float>(Shape.Vector(64), [new Linear<float>(10)], 100);
        online.Parameters.CopyTo(network.Parameters);
        return Accuracy(network, digits.Test);
    }

    private static double Snapshot(DatasetSplit<float> digits)
    {
        using var network = new Network<float>(Shape.Vector(64), [new Linear<float>(64), new Relu<float>(), new Linear<float>(10)], maxBatch: 100);
        float[] samples = new float[64], outputs = new float[10];
        Predictor<float>? latest = null;
        // pattern
        // On the thread that trains, between two steps (in the trainer's progress callback, for example):
        Volatile.Write(ref latest, network.Snapshot());

        // On any thread, at any time:
        Volatile.Read(ref latest).Predict(samples, outputs);
        // end
        digits.Test.CopyRange(0, 1, samples, []);
        latest.Predict(samples, outputs);
        var expected = new float[10];
        network.Predict(samples, expected);
        latest.Dispose();
        return outputs.SequenceEqual(expected) ? 1 : 0;
    }

    private static void Train(Network<float> network, Dataset<float> data)
    {
        using var step = new TrainingStep<float>(network, new ExactStep<float>(0.05), new Sgd<float>(MomentumKind.Nesterov, 0.95));
        using var trainer = new Trainer<float>(step, new TrainerOptions { Epochs = 5, LearningRate = 1 });
        trainer.Run(data);
    }

    private static double Accuracy(Network<float> network, Dataset<float> data)
    {
        using var evaluator = new Evaluator<float>(network);
        return evaluator.Evaluate(data).Accuracy;
    }
}
