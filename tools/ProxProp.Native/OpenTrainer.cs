using System.Runtime.CompilerServices;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Training;

namespace ProxProp.Native;

/// <summary>The training of a network that a handle stands for.</summary>
internal sealed class OpenTrainer : NativeObject, IDisposable
{
    public OpenTrainer(OpenNetwork owner, in TrainerOptions options)
    {
        if (options.MeasureEvery < 0)
            throw new ArgumentException($"options->measure_every is {options.MeasureEvery}; expected 0 or more.");
        Owner = owner;
        Step = new TrainingStep<float>(owner.Network, MakeStep(options), MakeOptimizer(options), MakeLoss(options.Loss));
        Step.MeasureEvery = options.MeasureEvery;
        owner.OpenTrainers++;
    }

    public static TrainerOptions Defaults => new()
    {
        Size = (uint)Unsafe.SizeOf<TrainerOptions>(),
        Step = StepKind.Exact,
        Iterations = 3,
        Optimizer = OptimizerKind.Nesterov,
        Loss = LossKind.CrossEntropy,
        MeasureEvery = 40,
        TauTheta = 0.05,
        Momentum = 0.95,
    };

    public override string Kind => "trainer";

    public override NativeObject Claimed => Owner;

    public OpenNetwork Owner { get; }

    public TrainingStep<float> Step { get; }

    public void Dispose()
    {
        Step.Dispose();
        Owner.OpenTrainers--;
    }

    private static ProximalStep<float> MakeStep(in TrainerOptions options) => options.Step switch
    {
        StepKind.Gradient => new ExplicitStep<float>(),
        StepKind.Exact => new ExactStep<float>(options.TauTheta),
        StepKind.Auto => new AutoStep<float>(options.TauTheta),
        StepKind.Cg => new CgStep<float>(options.Iterations, options.TauTheta),
        StepKind.Pcg => new CgStep<float>(options.Iterations, options.TauTheta, CgPreconditioner.Jacobi),
        _ => throw Unknown("step", (int)options.Step, (int)StepKind.Pcg),
    };

    private static Optimizer<float> MakeOptimizer(in TrainerOptions options) => options.Optimizer switch
    {
        OptimizerKind.Sgd => new Sgd<float>(MomentumKind.None, 0, options.WeightDecay),
        OptimizerKind.Momentum => new Sgd<float>(MomentumKind.HeavyBall, options.Momentum, options.WeightDecay),
        OptimizerKind.Nesterov => new Sgd<float>(MomentumKind.Nesterov, options.Momentum, options.WeightDecay),
        OptimizerKind.Adam => new Adam<float>(weightDecay: options.WeightDecay),
        OptimizerKind.AdamW => new Adam<float>(weightDecay: options.WeightDecay, decoupled: true),
        _ => throw Unknown("optimizer", (int)options.Optimizer, (int)OptimizerKind.AdamW),
    };

    private static Loss<float> MakeLoss(LossKind kind) => kind switch
    {
        LossKind.CrossEntropy => new CrossEntropyLoss<float>(),
        LossKind.MeanSquaredError => new MeanSquaredErrorLoss<float>(),
        _ => throw Unknown("loss", (int)kind, (int)LossKind.MeanSquaredError),
    };

    private static ArgumentException Unknown(string member, int found, int last) =>
        new($"options->{member} is {found}; expected 0 to {last}.");
}
