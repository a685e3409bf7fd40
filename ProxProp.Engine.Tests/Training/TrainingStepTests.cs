using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Solvers;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Training;

/// <summary>One training step: which layers are solved how, what is reported, what is refused.</summary>
public sealed class TrainingStepTests : IDisposable
{
    private const int Batch = 6;
    private readonly ComputeContext _compute = new(1);
    private readonly double[] _samples = Values.Uniform<double>(Batch * 9, 1);
    private readonly int[] _labels = Values.Labels(Batch, 4, 2);

    [Fact]
    public void Hidden_layers_are_proximal_and_the_last_is_explicit()
    {
        using Network<double> network = Make();
        using var step = new TrainingStep<double>(network, new ExactStep<double>(1), new Sgd<double>());
        step.Run(_samples, new Targets<double>(_labels), Batch, 0.1);
        Assert.Equal(
            [SolverKind.DualCholesky, default, SolverKind.Gradient, default, SolverKind.Gradient, default, SolverKind.Gradient],
            step.Reports.ToArray().Select(r => r.Solver));
        Assert.All(step.Reports.ToArray(), r => Assert.Equal(SolveStatus.Solved, r.Status));
    }

    [Fact]
    public void The_step_is_the_optimizer_along_the_directions()
    {
        using Network<double> network = Make();
        using var step = new TrainingStep<double>(network, new CgStep<double>(2, 1), new Sgd<double>());
        double[] before = network.Parameters.ToArray();
        LossValue value = step.ComputeDirections(_samples, new Targets<double>(_labels), Batch);
        Assert.Equal(before, network.Parameters.ToArray());
        double[] directions = step.Directions.ToArray();
        StepResult result = step.Run(_samples, new Targets<double>(_labels), Batch, 0.25);
        Assert.Equal((value.Loss, value.Correct, true), (result.Loss, result.Correct, result.Updated));
        Assert.Equal([.. before.Zip(directions, (t, v) => Math.FusedMultiplyAdd(-0.25, v, t))], network.Parameters.ToArray());
        Assert.Equal(1, step.StepsDone);
        Assert.Equal(2, step.Reports[0].Iterations);
    }

    [Fact]
    public void A_small_enough_step_lowers_the_loss_whatever_the_kind()
    {
        foreach (ProximalStep<double> kind in (ProximalStep<double>[])
            [new ExplicitStep<double>(), new ExactStep<double>(1), new CgStep<double>(1, 1), new CgStep<double>(4, 1, CgPreconditioner.Jacobi)])
        {
            using Network<double> network = Make();
            using var step = new TrainingStep<double>(network, kind, new Sgd<double>());
            double loss = step.Run(_samples, new Targets<double>(_labels), Batch, 1e-4).Loss;
            Assert.True(step.ComputeDirections(_samples, new Targets<double>(_labels), Batch).Loss < loss, kind.Name);
        }
    }

    [Fact]
    public void Mean_squared_error_takes_values_as_targets()
    {
        using var network = new Network<double>(Shape.Vector(9), Models.Mlp<double>(9, [7], 4).Layers, Batch, compute: _compute);
        using var step = new TrainingStep<double>(network, new ExactStep<double>(1), new Adam<double>(), new MeanSquaredErrorLoss<double>());
        double[] targets = Values.Uniform<double>(Batch * 4, 3);
        double[] output = network.Forward(_samples, Batch).ToArray();
        StepResult result = step.Run(_samples, new Targets<double>(targets), Batch, 1e-3);
        Assert.Equal(output.Zip(targets, (z, y) => (z - y) * (z - y)).Average(), result.Loss, 12);
        Assert.Equal(-1, result.Correct);
        Refused("6 x 4 target values, but got 0", () => step.Run(_samples, new Targets<double>(_labels), Batch, 1e-3));
    }

    [Fact]
    public void A_network_without_parameters_has_a_loss_and_no_direction()
    {
        using var network = new Network<double>(Shape.Vector(9), [new Tanh<double>()], Batch, compute: _compute);
        using var step = new TrainingStep<double>(network, new ExactStep<double>(1), new Sgd<double>());
        Assert.True(double.IsFinite(step.Run(_samples, new Targets<double>(_labels), Batch, 0.1).Loss));
        Assert.Equal(0, step.Directions.Length);
    }

    [Fact]
    public void Arguments_that_do_not_fit_are_refused()
    {
        using Network<double> network = Make();
        using var step = new TrainingStep<double>(network, new ExactStep<double>(1), new Adam<double>());
        Refused("1 to 6 samples", () => step.Run(_samples, new Targets<double>(_labels), 7, 0.1));
        Refused("1 to 6 samples", () => step.Run(_samples, new Targets<double>(_labels), -1, 0.1));
        Refused("6 samples of shape 9 have 54 elements, but got 53", () => step.Run(_samples.AsSpan(1), new Targets<double>(_labels), Batch, 0.1));
        Refused("6 were expected, 5 were given", () => step.Run(_samples, new Targets<double>(_labels.AsSpan(1)), Batch, 0.1));
        Refused("Label 4 is out of range", () => step.Run(_samples, new Targets<double>([0, 1, 2, 3, 4, 0]), Batch, 0.1));
        Refused("Label -1 is out of range", () => step.Run(_samples, new Targets<double>([0, 1, 2, 3, -1, 0]), Batch, 0.1));
        Refused("learningRate", () => step.Run(_samples, new Targets<double>(_labels), Batch, double.NaN));
        Refused("learningRate", () => step.Run(_samples, new Targets<double>(_labels), Batch, -1));
        Assert.Equal(0, step.StepsDone);
        Assert.Throws<ArgumentNullException>(() => new TrainingStep<double>(null!, new ExactStep<double>(1), new Sgd<double>()));
        Assert.Throws<ArgumentNullException>(() => new TrainingStep<double>(network, null!, new Sgd<double>()));
        Assert.Throws<ArgumentNullException>(() => new TrainingStep<double>(network, new ExactStep<double>(1), null!));
        Assert.Contains(
            "belongs to a training step already",
            Assert.Throws<InvalidOperationException>(() => new TrainingStep<double>(network, new ExactStep<double>(1), step.Optimizer)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_loss_belongs_to_one_step_and_an_evaluator_makes_what_belongs_to_none_its_own()
    {
        using var network = new Network<double>(Shape.Vector(3), [new Linear<double>(4)], 2, compute: _compute);
        using var other = new Network<double>(Shape.Vector(3), [new Linear<double>(2)], 2, compute: _compute);
        var loss = new CrossEntropyLoss<double>();
        using var step = new TrainingStep<double>(network, new ExplicitStep<double>(), new Sgd<double>(), loss);
        Assert.StartsWith(
            "This CrossEntropyLoss belongs to a training step already",
            Assert.Throws<InvalidOperationException>(() => new TrainingStep<double>(other, new ExplicitStep<double>(), new Sgd<double>(), loss)).Message,
            StringComparison.Ordinal);
        var data = new Dataset<double>("toy", 1, 1, 3, ["a", "b", "c", "d"], [1, 2, 3, 4, 5, 6, 7, 8, 9], [0, 3, 1]);
        using var shared = new Evaluator<double>(network, loss);
        using var own = new Evaluator<double>(network, new CrossEntropyLoss<double>());
        using var plain = new Evaluator<double>(network);
        Assert.Equal(plain.Evaluate(data), shared.Evaluate(data));
        Assert.Equal(plain.Evaluate(data), own.Evaluate(data));
    }

    [Fact]
    public void An_evaluator_refuses_a_loss_made_for_another_network()
    {
        using var network = new Network<double>(Shape.Vector(3), [new Linear<double>(4)], 2, compute: _compute);
        using var narrow = new Network<double>(Shape.Vector(3), [new Linear<double>(3)], 2, compute: _compute);
        using var large = new Network<double>(Shape.Vector(3), [new Linear<double>(4)], 5, compute: _compute);
        using var small = new Network<double>(Shape.Vector(3), [new Linear<double>(4)], 1, compute: _compute);
        var loss = new CrossEntropyLoss<double>();
        using var step = new TrainingStep<double>(network, new ExplicitStep<double>(), new Sgd<double>(), loss);
        Assert.StartsWith(
            "This CrossEntropyLoss belongs to a network of 4 outputs with batches of up to 2 samples, but this network has 3 outputs and batches of up to 2;",
            Assert.Throws<ArgumentException>(() => new Evaluator<double>(narrow, loss)).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "this network has 4 outputs and batches of up to 5;",
            Assert.Throws<ArgumentException>(() => new Evaluator<double>(large, loss)).Message,
            StringComparison.Ordinal);
        new Evaluator<double>(small, loss).Dispose();
    }

    [Fact]
    public void After_disposal_it_refuses_to_run()
    {
        Network<double> network = Make();
        var step = new TrainingStep<double>(network, new ExactStep<double>(1), new Adam<double>());
        step.Dispose();
        step.Dispose();
        Assert.Throws<ObjectDisposedException>(() => step.Run(_samples, new Targets<double>(_labels), Batch, 0.1));
        network.Forward(_samples, Batch);
        network.Dispose();
        network.Dispose();
        Assert.Throws<ObjectDisposedException>(() => network.Forward(_samples, Batch).Length);
    }

    public void Dispose() => _compute.Dispose();

    private static void Refused(string said, Action action) =>
        Assert.Contains(said, Assert.ThrowsAny<ArgumentException>(action).Message, StringComparison.Ordinal);

    private Network<double> Make() => new(
        Shape.Vector(9),
        [
            new Linear<double>(8), new Tanh<double>(), new BatchNorm<double>(), new Relu<double>(), new Linear<double>(7) { TrainExplicitly = true },
            new Sigmoid<double>(), new Linear<double>(4),
        ],
        Batch,
        seed: 5,
        compute: _compute);
}
