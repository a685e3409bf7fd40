using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Solvers;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Layers;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Proximal;

/// <summary>A layer from outside the engine that says only how it is applied and adjoined gets conjugate-gradient steps, and no more.</summary>
public sealed class UserLayerTests
{
    private const int Batch = 20;

    [Fact]
    public void It_is_trained_by_conjugate_gradients()
    {
        using var compute = new ComputeContext(1);
        using Network<double> network = MakeNetwork(new LocallyConnected<double>(3), compute);
        using var step = new TrainingStep<double>(network, new CgStep<double>(3, 1), new Sgd<double>());
        double[] samples = Values.Uniform<double>(Batch * 10, 1);
        int[] labels = [.. Enumerable.Range(0, Batch).Select(i => samples[i * 10] > 0 ? 1 : 0)];
        double first = step.Run(samples, new Targets<double>(labels), Batch, 0.5).Loss;
        Assert.Equal(SolverKind.MatrixFreeCg, step.Reports[0].Solver);
        Assert.Equal(3, step.Reports[0].Iterations);
        Assert.InRange(step.Reports[0].RelativeResidual, 1e-12, 0.9);
        for (int i = 0; i < 200; i++)
            step.Run(samples, new Targets<double>(labels), Batch, 0.5);
        double last = step.Run(samples, new Targets<double>(labels), Batch, 0.5).Loss;
        Assert.True(last < 0.5 * first, $"{first} to {last}");
    }

    [Fact]
    public void An_exact_step_refuses_it_and_says_what_would_do()
    {
        using var compute = new ComputeContext(1);
        using Network<double> network = MakeNetwork(new LocallyConnected<double>(3), compute);
        var e = Assert.Throws<NotSupportedException>(() => new TrainingStep<double>(network, new ExactStep<double>(1), new Sgd<double>()));
        Assert.Contains("LocallyConnected", e.Message, StringComparison.Ordinal);
        Assert.Contains("IGramLayer", e.Message, StringComparison.Ordinal);
        Assert.Contains("TrainExplicitly", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_jacobi_preconditioner_refuses_it_too()
    {
        using var compute = new ComputeContext(1);
        using Network<double> network = MakeNetwork(new LocallyConnected<double>(3), compute);
        var e = Assert.Throws<NotSupportedException>(
            () => new TrainingStep<double>(network, new CgStep<double>(4, 1, CgPreconditioner.Jacobi), new Sgd<double>()));
        Assert.Contains("LocallyConnected", e.Message, StringComparison.Ordinal);
        Assert.Contains("cg4 without", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Set_to_explicit_it_takes_its_gradient_beside_exact_layers()
    {
        using var compute = new ComputeContext(1);
        using Network<double> network = MakeNetwork(new LocallyConnected<double>(3) { TrainExplicitly = true }, compute);
        using var step = new TrainingStep<double>(network, new ExactStep<double>(1), new Sgd<double>());
        step.Run(Values.Uniform<double>(Batch * 10, 1), new Targets<double>(new int[Batch]), Batch, 0.1);
        Assert.Equal(SolverKind.Gradient, step.Reports[0].Solver);
        Assert.Equal(SolverKind.PrimalCholesky, step.Reports[2].Solver);
        Assert.Equal(SolverKind.Gradient, step.Reports[4].Solver);
    }

    private static Network<double> MakeNetwork(LocallyConnected<double> own, ComputeContext compute) => new(
        Shape.Vector(10),
        [own, new Tanh<double>(), new Linear<double>(6), new Tanh<double>(), new Linear<double>(2)],
        Batch,
        compute: compute);
}
