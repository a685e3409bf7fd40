using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Tests.Data;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Training;

/// <summary>A checkpoint of another run, or a damaged one, is refused by name, and leaves the network as it was.</summary>
public sealed class CheckpointRefusalTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ComputeContext _compute = new(1);

    public void Dispose()
    {
        _compute.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Other_settings_are_named()
    {
        CheckpointRun<float> run = new(_compute);
        string path = _folder.File("c");
        run.Train(path, stopAfter: 5);
        TrainerOptions options = run.Options;
        Refuses("batch: 6", "batch: 5", run with { Options = options with { BatchSize = 5 } });
        Refuses("learning rate: 0.3", "learning rate: 0.2", run with { Options = options with { LearningRate = 0.2 } });
        Refuses("schedule: constant", "schedule: cosine to 0", run with { Options = options with { Schedule = Schedule.Cosine() } });
        Refuses("order of the samples: shuffled by seed 5", "order of the samples: shuffled by seed 6", run with { Options = options with { Seed = 6 } });
        Refuses("order of the samples: shuffled by seed 5", "order of the samples: as in the data", run with { Options = options with { Shuffle = false } });
        Refuses("seed of dropout: 3", "seed of dropout: 4", run with { Seed = 4 });
        Refuses("step: exact, tauTheta 0.5", "step: exact, tauTheta 0.25", run with { Step = () => new ExactStep<float>(0.25) });
        Refuses("step: exact, tauTheta 0.5", "step: cg3, tauTheta 0.5, preconditioner None", run with { Step = () => new CgStep<float>(3, 0.5) });
        Refuses("optimizer: nesterov, momentum 0.9", "optimizer: adam, beta1 0.9", run with { Optimizer = () => new Adam<float>() });
        Refuses("training data: 22 rows of 9 features in 3 classes, checksum ", "training data: 22 rows of 9", run with { Data = CheckpointRun<float>.Make(22, 2) });
        Refuses("validation data: 9 rows", "validation data: 10 rows", run with { Validation = CheckpointRun<float>.Make(10, 8) });
        Refuses(
            "layer 2: {\"type\":\"Linear\",\"outputs\":5",
            "layer 2: {\"type\":\"Linear\",\"outputs\":6",
            run with { Layers = () => [new Linear<float>(7), new Tanh<float>(), new Linear<float>(6), new Relu<float>(), new Linear<float>(3)] });
        Refuses(
            "number of layers: 5",
            "number of layers: 3",
            run with { Layers = () => [new Linear<float>(7), new Tanh<float>(), new Linear<float>(3)] });
        Assert.Contains(
            "number type: Single", Assert.Throws<DataFormatException>(() => new CheckpointRun<double>(_compute).Train(resume: path)).Message, StringComparison.Ordinal);

        void Refuses(string found, string expected, CheckpointRun<float> other)
        {
            string message = Assert.Throws<DataFormatException>(() => other.Train(resume: path)).Message;
            Assert.Matches($"found a checkpoint of a run with other settings \\(.*{System.Text.RegularExpressions.Regex.Escape(found)}", message);
            Assert.Matches($"expected those of this run \\(.*{System.Text.RegularExpressions.Regex.Escape(expected)}", message);
        }
    }

    [Fact]
    public void Any_damage_is_noticed_and_nothing_is_changed()
    {
        using var network = new Network<float>(Shape.Vector(3), [new Linear<float>(2), new BatchNorm<float>(), new Linear<float>(2)], 2, 1, _compute);
        using var step = new TrainingStep<float>(
            network, new CgStep<float>(2, Damping.LevenbergMarquardt(1), CgPreconditioner.EarlierFactor), new Adam<float>());
        step.Run([1, 2, 3, -1, 0, 2], new Targets<float>([0, 1]), 2, 0.1);
        string path = _folder.File("c");
        Checkpoint.Save(step, path);
        byte[] whole = File.ReadAllBytes(path);
        step.Run([1, 2, 3, -1, 0, 2], new Targets<float>([0, 1]), 2, 0.1);
        float[] before = network.Parameters.ToArray();
        int noticed = 0;
        for (int at = 0; at < whole.Length; at++)
        {
            byte[] damaged = [.. whole];
            damaged[at] ^= 1;
            try
            {
                using SafetensorsReader reader = SafetensorsReader.Open("damaged", damaged);
                Checkpoint.Restore(step, reader, null);
            }
            catch (DataFormatException)
            {
                noticed++;
            }

            Assert.Equal(before, network.Parameters.ToArray());
            Assert.Equal(2, step.StepsDone);
        }

        Assert.Equal(whole.Length, noticed);
        for (int length = 0; length < whole.Length; length += 7)
        {
            byte[] cut = whole[..length];
            Assert.Throws<DataFormatException>(() =>
            {
                using SafetensorsReader reader = SafetensorsReader.Open("cut", cut);
                Checkpoint.Restore(step, reader, null);
            });
        }

        Assert.Equal(1, Checkpoint.Load(step, path).Step);
    }

    /// <summary>Conjugate gradients go another way where the largest batch makes another form the cheaper one; exact steps look at each batch.</summary>
    [Fact]
    public void Another_solver_is_named()
    {
        Assert.True(Loads(() => new ExactStep<float>(0.5), out _));
        Assert.True(Loads(() => new ExplicitStep<float>(), out _));
        Assert.True(Loads(() => new CgStep<float>(3, 0.5, CgPreconditioner.Jacobi), out _));
        Assert.False(Loads(() => new CgStep<float>(3, 0.5), out string message));
        Assert.Contains("other settings (solver of layer 0: dual cg)", message, StringComparison.Ordinal);
        Assert.Contains("those of this run (solver of layer 0: matrix-free cg)", message, StringComparison.Ordinal);
        Assert.False(Loads(() => new AutoStep<float>(0.5), out message));
        Assert.Contains("other settings (solver of layer 0: exact)", message, StringComparison.Ordinal);
        Assert.Contains("those of this run (solver of layer 0: matrix-free cg, exact stands by)", message, StringComparison.Ordinal);

        bool Loads(Func<ProximalStep<float>> make, out string message)
        {
            foreach (int maxBatch in (int[])[4, 1000])
            {
                using var network = new Network<float>(Shape.Vector(200), [new Linear<float>(4), new Relu<float>(), new Linear<float>(2)], maxBatch, 1, _compute);
                using var step = new TrainingStep<float>(network, make(), new Sgd<float>());
                if (maxBatch == 4)
                {
                    Checkpoint.Save(step, _folder.File("c"));
                    continue;
                }

                try
                {
                    Checkpoint.Load(step, _folder.File("c"));
                }
                catch (DataFormatException e)
                {
                    message = e.Message;
                    return false;
                }
            }

            message = string.Empty;
            return true;
        }
    }

    [Fact]
    public void A_checkpoint_of_before_solvers_were_settings_is_taken()
    {
        SafetensorsWriter writer = Checkpoint.Begin([new("step", "auto")]);
        writer.SetChecksum(Checkpoint.ChecksumKey);
        writer.Save(_folder.File("c"));
        using SafetensorsReader reader = SafetensorsReader.Open(_folder.File("c"));
        Checkpoint.Check(reader, [new("step", "auto"), new("solver of layer 0", "dual cg")]);
        Assert.Throws<DataFormatException>(() => Checkpoint.Check(reader, [new("step", "auto"), new("number of layers", "1")]));
    }

    [Fact]
    public void A_damping_that_differs_in_the_last_digits_is_another_one()
    {
        foreach (Func<double, Damping> make in (Func<double, Damping>[])[Damping.Fixed, Damping.ScaleFree, x => Damping.LevenbergMarquardt(x)])
        {
            Checkpoint.Save(Make(0.0500000001), _folder.File("c"));
            Checkpoint.Load(Make(0.0500000001), _folder.File("c"));
            string message = Assert.Throws<DataFormatException>(() => Checkpoint.Load(Make(0.05), _folder.File("c"))).Message;
            Assert.Contains(" 0.0500000001); expected", message, StringComparison.Ordinal);

            TrainingStep<float> Make(double value)
            {
                var network = new Network<float>(Shape.Vector(3), [new Linear<float>(2), new Linear<float>(2)], 2, 1, _compute);
                return new TrainingStep<float>(network, new ExactStep<float>(make(value)), new Sgd<float>());
            }
        }

        // What six digits hold is written as ever, so that earlier checkpoints go on.
        Assert.Equal(
            ["tauTheta 0.05", "tauTheta 1E-05", "tauTheta 1E+06", "tauTheta 123456", "tauTheta 1234567"],
            ((double[])[0.05, 1e-5, 1e6, 123456, 1234567]).Select(x => Damping.Fixed(x).ToString()));
    }

    [Fact]
    public void A_loss_of_ones_own_takes_part()
    {
        Assert.Equal("MeanSquaredErrorLoss", new MeanSquaredErrorLoss<float>().Settings);
        Assert.Equal("CrossEntropyLoss", new CrossEntropyLoss<double>().Settings);
        Checkpoint.Save(Make(0.5), _folder.File("c"));
        Checkpoint.Load(Make(0.5), _folder.File("c"));
        string message = Assert.Throws<DataFormatException>(() => Checkpoint.Load(Make(0.25), _folder.File("c"))).Message;
        Assert.Contains("other settings (loss: scaled by 0.5); expected those of this run (loss: scaled by 0.25)", message, StringComparison.Ordinal);

        TrainingStep<float> Make(double scale)
        {
            var network = new Network<float>(Shape.Vector(3), [new Linear<float>(2)], 2, 1, _compute);
            return new TrainingStep<float>(network, new ExplicitStep<float>(), new Sgd<float>(), new Scaled(scale));
        }
    }

    [Fact]
    public void A_later_version_is_refused()
    {
        using var network = new Network<float>(Shape.Vector(3), [new Linear<float>(2)], 2, 1, _compute);
        using var step = new TrainingStep<float>(network, new ExplicitStep<float>(), new Sgd<float>());
        SafetensorsWriter writer = Checkpoint.Writer(step, null, null, null);
        writer.SetMetadata("proxprop.checkpoint.version", "2");
        writer.Save(_folder.File("c"));
        Assert.EndsWith(
            "found checkpoint version 2; expected version 1, the one that this program reads.",
            Assert.Throws<DataFormatException>(() => Checkpoint.Load(step, _folder.File("c"))).Message,
            StringComparison.Ordinal);
    }

    private sealed class Scaled(double scale) : Loss<float>
    {
        public override string Settings => $"scaled by {scale}";

        public override void Plan(in PlanContext plan, Shape output)
        {
        }

        public override LossValue Evaluate(in Pass pass, ReadOnlySpan<float> output, Targets<float> targets, Span<float> dOutput) => new(scale, -1);
    }
}
