using System.Runtime.CompilerServices;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Training;

namespace ProxProp.Native;

/// <summary>The training of a network that a handle stands for.</summary>
internal sealed class OpenTrainer : NativeObject, IDisposable
{
    // What proxprop_trainer_options_init leaves in weight_decay: 0 is a choice, so it cannot stand for none.
    private const double OptimizersOwn = -1;

    public OpenTrainer(OpenNetwork owner, in TrainerOptions options)
    {
        if (options.MeasureEvery < 0)
            throw new ArgumentException($"options->measure_every is {options.MeasureEvery}; expected 0 or more.");
        if (!(options.WeightDecay is >= 0 or OptimizersOwn))
            throw new ArgumentException($"options->weight_decay is {options.WeightDecay}; expected 0 or more, or -1 for the optimizer's own.");
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
        WeightDecay = OptimizersOwn,
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

    private static Optimizer<float> MakeOptimizer(in TrainerOptions options)
    {
        double? decay = options.WeightDecay == OptimizersOwn ? null : options.WeightDecay;
        return options.Optimizer switch
        {
            OptimizerKind.Sgd => new Sgd<float>(MomentumKind.None, 0, decay ?? 0),
            OptimizerKind.Momentum => new Sgd<float>(MomentumKind.HeavyBall, options.Momentum, decay ?? 0),
            OptimizerKind.Nesterov => new Sgd<float>(MomentumKind.Nesterov, options.Momentum, decay ?? 0),
            OptimizerKind.Adam => new Adam<float>(weightDecay: decay),
            OptimizerKind.AdamW => new Adam<float>(weightDecay: decay, decoupled: true),
            _ => throw Unknown("optimizer", (int)options.Optimizer, (int)OptimizerKind.AdamW),
        };
    }

    private static Loss<float> MakeLoss(LossKind kind) => kind switch
    {
        LossKind.CrossEntropy => new CrossEntropyLoss<float>(),
        LossKind.MeanSquaredError => new MeanSquaredErrorLoss<float>(),
        _ => throw Unknown("loss", (int)kind, (int)LossKind.MeanSquaredError),
    };

    private static ArgumentException Unknown(string member, int found, int last) =>
        new($"options->{member} is {found}; expected 0 to {last}.");
}
