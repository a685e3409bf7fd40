using System.Numerics;
using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Solvers;
using ProxProp.Engine.Tests.Data;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Training;

/// <summary>A run that is stopped anywhere and goes on from its checkpoint ends as one that never stopped, to the bit.</summary>
public sealed class CheckpointTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ComputeContext _compute = new(1);

    public static TheoryData<string> Steps =>
    [
        "gradient", "exact", "cg", "cg matrix-free", "cg joint", "pcg jacobi", "pcg factor", "pcg own", "auto", "scale-free", "lm exact", "lm pcg factor",
    ];

    public static TheoryData<string> Optimizers => ["sgd", "momentum", "nesterov", "adam", "adamw", "own"];

    public static TheoryData<string> Nets => ["dropout", "batch norm", "convolution", "dropout, batch norm and convolution"];

    public static TheoryData<string> Schedules => ["step", "cosine", "warm-up"];

    [Theory]
    [MemberData(nameof(Steps))]
    public void Every_step_goes_on(string name)
    {
        CheckRun(new CheckpointRun<float>(_compute) { Step = () => MakeStep<float>(name) });
        CheckRun(new CheckpointRun<double>(_compute) { Step = () => MakeStep<double>(name) });
    }

    /// <summary>With two units an iteration is cheaper than a factorisation, but not as many as are needed: exact steps follow.</summary>
    [Fact]
    public void An_automatic_step_that_has_changed_its_way_goes_on() => CheckRun(new CheckpointRun<double>(_compute)
    {
        Layers = () => [new Linear<double>(2), new Tanh<double>(), new Linear<double>(3)],
        Step = () => new AutoStep<double>(0.5) { LikelyIterations = 1, Tolerance = 1e-4 },
    });

    [Theory]
    [MemberData(nameof(Optimizers))]
    public void Every_optimizer_goes_on(string name) => CheckRun(new CheckpointRun<float>(_compute)
    {
        Optimizer = () => name switch
        {
            "sgd" => new Sgd<float>(MomentumKind.None, weightDecay: 0.01),
            "momentum" => new Sgd<float>(MomentumKind.HeavyBall, 0.8),
            "nesterov" => new Sgd<float>(MomentumKind.Nesterov, 0.8),
            "adam" => new Adam<float>(),
            "adamw" => new Adam<float>(weightDecay: 0.1, decoupled: true),
            _ => new LargestSoFar<float>(),
        },
    });

    [Theory]
    [MemberData(nameof(Nets))]
    public void Every_layer_goes_on(string name) => CheckRun(new CheckpointRun<float>(_compute)
    {
        Layers = () => name switch
        {
            "dropout" => [new Linear<float>(9), new Dropout<float>(0.4), new Tanh<float>(), new Dropout<float>(0.2), new Linear<float>(3)],
            "batch norm" => [new Linear<float>(6), new BatchNorm<float>(), new Relu<float>(), new Linear<float>(3)],
            "convolution" => [new Conv2d<float>(2, 2), new Relu<float>(), new Flatten<float>(), new Linear<float>(3)],
            _ =>
            [
                new Conv2d<float>(3, 2), new BatchNorm<float>(), new Relu<float>(), new Dropout<float>(0.3), new Flatten<float>(), new Linear<float>(4),
                new BatchNorm<float>(), new Linear<float>(3),
            ],
        },
        Step = () => MakeStep<float>("pcg factor"),
    });

    [Theory]
    [MemberData(nameof(Schedules))]
    public void Every_schedule_goes_on(string name)
    {
        var run = new CheckpointRun<float>(_compute);
        Schedule schedule = name switch
        {
            "step" => Schedule.Step(3, 0.5),
            "cosine" => Schedule.Cosine(0.1),
            _ => Schedule.WarmUp(6, Schedule.Cosine()),
        };
        CheckRun(run with { Options = run.Options with { Schedule = schedule } });
        CheckRun(run with { Options = run.Options with { Schedule = schedule, Shuffle = false } });
    }

    [Fact]
    public void A_run_may_be_stopped_after_every_single_step()
    {
        CheckpointRun<float> run = new(_compute) { Optimizer = () => new Adam<float>(), Step = () => MakeStep<float>("lm pcg factor") };
        CheckpointRun<float>.Outcome whole = run.Train(), part = null!;
        string path = _folder.File("c");
        var losses = new List<double>();
        for (int step = 1; step <= CheckpointRun<float>.TotalSteps; step++)
        {
            part = run.Train(path, step == 1 ? null : path, stopAfter: step);
            Assert.Equal(step, part.Result.Steps);
            losses.AddRange(part.Losses);
        }

        Assert.Equal(whole.Losses, losses);
        Same(whole, part);
        Assert.Equal(TrainingStatus.Completed, part.Result.Status);
        Assert.Empty(run.Train(path, path).Losses);
    }

    [Fact]
    public void The_checkpoint_of_any_step_leads_to_the_same_end()
    {
        CheckpointRun<float> run = new(_compute) { Step = () => MakeStep<float>("lm pcg factor") };
        string path = _folder.File("c");
        CheckpointRun<float>.Outcome whole = run.Train(path, every: 1, afterStep: step => KeepBefore(step));
        KeepBefore(CheckpointRun<float>.TotalSteps + 1);
        for (long step = 1; step <= CheckpointRun<float>.TotalSteps; step++)
            Same(whole, run.Train(resume: _folder.File($"{step}")));

        // A step is told before it is saved.
        void KeepBefore(long step)
        {
            if (step > 1)
                File.Copy(path, _folder.File($"{step - 1}"));
        }
    }

    [Fact]
    public void A_run_at_a_constant_rate_may_be_lengthened()
    {
        CheckpointRun<float> run = new(_compute);
        string path = _folder.File("c");
        (run with { Options = run.Options with { Epochs = 1 } }).Train(path);
        Same(run.Train(), run.Train(resume: path));

        CheckpointRun<float> cosine = run with { Options = run.Options with { Schedule = Schedule.Cosine() } };
        (cosine with { Options = cosine.Options with { Epochs = 1 } }).Train(path);
        Assert.Contains("steps of the whole run: 4", Assert.Throws<DataFormatException>(() => cosine.Train(resume: path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_must_not_be_shorter_than_its_checkpoint()
    {
        CheckpointRun<float> run = new(_compute);
        string path = _folder.File("c");
        run.Train(path);
        Assert.Equal(CheckpointRun<float>.TotalSteps, Checkpoint.StepsDone(path));
        ArgumentException e = Assert.Throws<ArgumentException>(() => (run with { Options = run.Options with { MaxSteps = 7 } }).Train(resume: path));
        Assert.Equal($"The checkpoint {path} already has 16 steps, of which Epochs and MaxSteps ask 7.", e.Message);
    }

    [Fact]
    public void Weights_are_loaded_from_a_checkpoint()
    {
        CheckpointRun<float> run = new(_compute);
        string path = _folder.File("c");
        float[] learnt = run.Train(path, stopAfter: 5).Learnt;
        using var network = new Network<float>(Shape.Image(1, 3, 3), run.Layers(), 2, compute: _compute);
        Weights.Load(network, path);
        Assert.Equal(learnt, network.Parameters.ToArray());
        string weights = _folder.File("w");
        Weights.Save(network, weights);
        Assert.Contains("weights alone cannot be resumed", Assert.Throws<DataFormatException>(() => run.Train(resume: weights)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_loop_of_ones_own_saves_and_loads_a_step()
    {
        float[] samples = [.. Enumerable.Range(0, 18).Select(i => (float)Math.Sin(i))];
        int[] labels = [1, 2];
        string path = _folder.File("c");
        float[] Go(int first, int last, bool load)
        {
            using var network = new Network<float>(Shape.Vector(9), [new Linear<float>(4), new Dropout<float>(), new Linear<float>(3)], 2, 7, _compute);
            using var step = new TrainingStep<float>(network, MakeStep<float>("pcg factor"), new Adam<float>());
            if (load)
                Assert.Equal(first, Checkpoint.Load(step, path).Step);
            for (int i = first; i < last; i++)
                step.Run(samples, new Targets<float>(labels), 2, 0.1);
            Checkpoint.Save(step, path);
            return network.Parameters.ToArray();
        }

        float[] whole = Go(0, 9, load: false);
        Go(0, 4, load: false);
        Assert.Equal(whole, Go(4, 9, load: true));
    }

    public void Dispose()
    {
        _compute.Dispose();
        _folder.Dispose();
    }

    internal static ProximalStep<T> MakeStep<T>(string name)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => name switch
        {
            "gradient" => new ExplicitStep<T>(),
            "exact" => new ExactStep<T>(0.5),
            "cg" => new CgStep<T>(3, 0.5),
            "cg matrix-free" => new CgStep<T>(3, 0.5) { MatrixFree = true },
            "cg joint" => new CgStep<T>(3, 0.5, joint: true),
            "pcg jacobi" => new CgStep<T>(2, 0.5, CgPreconditioner.Jacobi),
            "pcg factor" => new CgStep<T>(1, 0.5, CgPreconditioner.EarlierFactor) { RefreshEvery = 5, StaleResidual = 0.5 },
            "pcg own" => new CgStep<T>(2, 0.5) { CustomPreconditioner = layer => new Wearing<T>() },
            "auto" => new AutoStep<T>(0.5),
            "scale-free" => new ExactStep<T>(Damping.ScaleFree(0.1)),
            "lm exact" => new ExactStep<T>(Damping.LevenbergMarquardt(0.1, every: 2)),
            "lm pcg factor" => new CgStep<T>(2, Damping.LevenbergMarquardt(0.1, every: 2), CgPreconditioner.EarlierFactor) { RefreshEvery = 4 },
            _ => throw new ArgumentException(name, nameof(name)),
        };

    private void CheckRun<T>(CheckpointRun<T> run)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CheckpointRun<T>.Outcome whole = run.Train();
        Assert.Equal(TrainingStatus.Completed, whole.Result.Status);
        foreach (int stop in (int[])[1, 3, 4, 6, 9])
        {
            string path = _folder.File("c");
            CheckpointRun<T>.Outcome first = run.Train(path, stopAfter: stop);
            Assert.Equal((TrainingStatus.Cancelled, (long)stop), (first.Result.Status, first.Result.Steps));
            CheckpointRun<T>.Outcome rest = run.Train(resume: path);
            Assert.Equal(whole.Losses, [.. first.Losses, .. rest.Losses]);
            Same(whole, rest);
        }
    }

    internal static void Same<T>(CheckpointRun<T>.Outcome whole, CheckpointRun<T>.Outcome resumed)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Assert.Equal(whole.Learnt, resumed.Learnt);
        Assert.Equal(whole.Figures, resumed.Figures);
        Assert.Equal(whole.Result.Steps, resumed.Result.Steps);
    }

    /// <summary>Divides by the largest direction seen so far, element by element: state that a user's optimizer may have.</summary>
    private sealed class LargestSoFar<T> : Optimizer<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private Slot<T> _largest;

        public override string Name => "largest so far";

        public override void Plan(Arena arena, int count) => _largest = ReserveState(arena, "largest", count);

        protected override void Apply(ComputeContext context, Span<T> theta, ReadOnlySpan<T> v, double learningRate)
        {
            Span<T> largest = _largest.Span;
            for (int i = 0; i < theta.Length; i++)
            {
                largest[i] = T.Max(largest[i], T.Abs(v[i]));
                theta[i] -= T.CreateChecked(0.01 * learningRate) * v[i] / (largest[i] + T.One);
            }
        }
    }

    /// <summary>A preconditioner that changes with every use.</summary>
    private sealed class Wearing<T> : IPreconditioner<T>, IStateful
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private long _uses;

        public void Apply(ReadOnlySpan<T> r, Span<T> z)
        {
            T scale = T.CreateChecked(1 + (_uses++ / 4 * 0.125));
            for (int i = 0; i < r.Length; i++)
                z[i] = r[i] * (i % 2 == 0 ? T.One : scale);
        }

        public void VisitState(IStateVisitor visitor, string prefix) => visitor.Visit($"{prefix}.uses", ref _uses);
    }
}
