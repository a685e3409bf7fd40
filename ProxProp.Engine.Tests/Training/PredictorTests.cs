using System.Runtime.ExceptionServices;
using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Layers;
using ProxProp.Engine.Tests.Oracles;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Training;

/// <summary>A snapshot predicts what the network predicted when it was taken, from any thread, whatever training does meanwhile.</summary>
public sealed class PredictorTests
{
    private const int Features = 12, Batch = 8, Rows = 40, Classes = 3;

    private static readonly float[] Questions = Values.Uniform<float>(19 * Features, 5);

    [Fact]
    public void A_snapshot_keeps_its_answers()
    {
        using var compute = new ComputeContext(2);
        using Network<float> network = Make(compute);
        using var step = new TrainingStep<float>(network, new ExactStep<float>(0.5), new Sgd<float>());
        using var trainer = new Trainer<float>(step, new TrainerOptions { Epochs = 1, LearningRate = 0.5 });
        trainer.Run(Data());
        float[] expected = Answers(network);
        using Predictor<float> predictor = network.Snapshot(), small = network.Snapshot(maxBatch: 3);
        trainer.Run(Data());
        Assert.NotEqual(expected, Answers(network));
        Assert.Equal(expected, Answers(predictor));
        Assert.Equal(expected, Answers(small));
        Assert.Equal((network.Input, network.Output, Batch), (predictor.Input, predictor.Output, predictor.MaxBatch));
        Assert.Throws<ArgumentException>(() => predictor.Predict(new float[Features + 1], new float[Classes]));
        Assert.Throws<ArgumentException>(() => predictor.Predict(new float[Features], new float[Classes - 1]));
        predictor.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Answers(predictor));
    }

    /// <summary>Each snapshot is published with its answers; every reader, all the time, compares what it gets with them.</summary>
    [Fact]
    public void Many_threads_predict_while_training_goes_on()
    {
        const int Readers = 4, Snapshots = 60;
        using var compute = new ComputeContext(2);
        using Network<float> network = Make(compute);
        using var step = new TrainingStep<float>(network, new CgStep<float>(2, 0.5), new Adam<float>());
        using var trainer = new Trainer<float>(step, new TrainerOptions { Epochs = Snapshots, LearningRate = 0.01 });
        var published = new Published(network.Snapshot(), Answers(network));
        var all = new List<Published> { published };
        using var first = new CountdownEvent(Readers);
        bool done = false;
        var failures = new Exception?[Readers];
        long[] counts = new long[Readers], different = new long[Readers];
        Thread[] readers = [.. Enumerable.Range(0, Readers).Select(r => new Thread(() =>
        {
            try
            {
                Published? seen = null;
                do
                {
                    Published now = Volatile.Read(ref published);
                    different[r] += now == seen ? 0 : 1;
                    seen = now;
                    Assert.Equal(now.Answers, Answers(now.Predictor));
                    if (counts[r]++ == 0)
                        first.Signal();
                }
                while (!Volatile.Read(ref done));
            }
            catch (Exception e)
            {
                failures[r] = e;
                if (counts[r] == 0)
                    first.Signal();
            }
        }))];
        foreach (Thread reader in readers)
            reader.Start();
        first.Wait();
        trainer.Run(Data(), null, new Record(p =>
        {
            if (p.EpochEnd is null)
                return;
            var next = new Published(network.Snapshot(), Answers(network));
            all.Add(next);
            Volatile.Write(ref published, next);
        }));
        Volatile.Write(ref done, true);
        foreach (Thread reader in readers)
            reader.Join();
        if (failures.FirstOrDefault(f => f is not null) is { } failure)
            ExceptionDispatchInfo.Throw(failure);
        Assert.Equal(Snapshots + 1, all.Select(p => p.Answers[0]).Distinct().Count());
        Assert.True(different.Sum() > Readers, "No reader has seen a second snapshot.");
        foreach (Published p in all)
            p.Predictor.Dispose();
    }

    [Fact]
    public void Predicting_allocates_nothing_after_the_first_time()
    {
        using var compute = new ComputeContext(1);
        using Network<float> network = Make(compute);
        using Predictor<float> predictor = network.Snapshot();
        var answers = new float[19 * Classes];
        SameBits.AllocatesNothing(() => predictor.Predict(Questions, answers));
    }

    /// <summary>Which is more than a hundred times what this network takes.</summary>
    [Fact]
    public void Snapshots_that_follow_each_other_share_their_packing_memory()
    {
        using var compute = new ComputeContext(1);
        using Network<float> network = Make(compute);
        float[] expected = Answers(network);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++)
            Assert.Equal(expected, Answers(network.Snapshot()));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, compute.WorkspaceBytes, 2 * compute.WorkspaceBytes);
    }

    private static Dataset<float> Data() => new(
        "toy", 1, 1, Features, ["a", "b", "c"], Values.Uniform<float>(Rows * Features, 1), Values.Labels(Rows, Classes, 2));

    private static Network<float> Make(ComputeContext compute) => new(
        Shape.Vector(Features),
        [new Linear<float>(20), new BatchNorm<float>(), new Relu<float>(), new Dropout<float>(0.2), new Linear<float>(10), new Tanh<float>(), new Linear<float>(Classes)],
        Batch,
        compute: compute);

    private static float[] Answers(Network<float> network)
    {
        var answers = new float[19 * Classes];
        network.Predict(Questions, answers);
        return answers;
    }

    private static float[] Answers(Predictor<float> predictor)
    {
        var answers = new float[19 * Classes];
        predictor.Predict(Questions, answers);
        return answers;
    }

    private sealed record Published(Predictor<float> Predictor, float[] Answers);
}
