using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Theory;

/// <summary>
/// The paper's point, on convex problems whose minimiser is known: J(θ) = ½‖Aθ − Aθ*‖². At step sizes where gradient steps diverge, the same optimizer
/// converges on proximal directions.
/// </summary>
/// <remarks>
/// Gradient steps of size η diverge where η·λ > 2. On proximal directions the eigenvalues of I − ηM⁻¹AᵀA are 1 − ηλτ/(1 + λτ), inside (−1, 1)
/// for every η &lt; 2, whatever A and τ_θ.
/// </remarks>
public sealed class OptimizerConvergenceTests
{
    public static TheoryData<string, double> Problems() => new()
    {
        { "sgd", 1.0 }, { "sgd", 1.9 }, { "nesterov", 1.0 }, { "momentum", 0.5 }, { "adam", 0.3 },
    };

    [Theory]
    [MemberData(nameof(Problems))]
    public void Proximal_directions_converge(string optimizer, double rate)
    {
        foreach (int seed in (int[])[1, 2, 3])
        {
            (double start, double end) = Minimise(optimizer, rate, new ExactStep<double>(10), seed, 3000);
            Assert.True(end < 1e-6 * start, $"{optimizer} at {rate}, seed {seed}: distance {end:e2} of {start:e2}");
            (start, end) = Minimise(optimizer, rate, new CgStep<double>(12, 10), seed, 3000);
            Assert.True(end < 1e-6 * start, $"{optimizer} at {rate} with cg, seed {seed}: distance {end:e2} of {start:e2}");
        }
    }

    [Theory]
    [InlineData("sgd", 1.0)]
    [InlineData("sgd", 1.9)]
    [InlineData("nesterov", 1.0)]
    [InlineData("momentum", 0.5)]
    public void Gradient_steps_of_the_same_size_diverge(string optimizer, double rate)
    {
        foreach (int seed in (int[])[1, 2, 3])
        {
            (double start, double end) = Minimise(optimizer, rate, new ExplicitStep<double>(), seed, 60);
            Assert.True(!(end < 1e6 * start), $"{optimizer} at {rate}, seed {seed}: distance {end:e2} of {start:e2}");
        }
    }

    /// <summary>Adam divides by the size of what it is given, and so cannot run away: but where plain gradient descent diverges at its rate it still converges.</summary>
    [Fact]
    public void Plain_gradient_descent_diverges_at_the_rate_at_which_adam_converges() =>
        Gradient_steps_of_the_same_size_diverge("sgd", 0.3);

    /// <summary>The whole range of the paper: any τ_θ, any size of data, step size 1.</summary>
    [EngineProperty(Cases = 40)]
    public void A_step_of_size_one_never_moves_away_from_the_minimiser(LayerCase c)
    {
        using var probe = new LayerProbe<double>(c with { Delta = DeltaKind.InRange });
        double[] v = probe.Direction(new StepSpec(StepKind.Exact));
        // δ = A(θ − θ*): ‖A(θ − θ* − v)‖ ≤ ‖A(θ − θ*)‖ = ‖δ‖.
        double before = Vectors.Norm(probe.Delta), after = Vectors.Norm(Vectors.Minus(probe.Delta, Vectors.Apply(probe.A, v)));
        Assert.True(after <= (before * (1 + 1e-9)) + (probe.AFrobenius * probe.SolverError), $"misfit {after:e3} after a step, {before:e3} before");
    }

    private static (double Start, double End) Minimise(string name, double rate, ProximalStep<double> step, int seed, int steps)
    {
        const int Batch = 24, Inputs = 6, Outputs = 3;
        var random = new Random(seed);
        var layer = new Linear<double>(Outputs);
        using var network = new Network<double>(Shape.Vector(Inputs), [layer], Batch, (ulong)seed, SharedCompute.OneThread);
        var pass = new Pass(network.Compute, Batch);
        double[] input = BatchData.Normals(random, Batch * Inputs), minimiser = BatchData.Normals(random, layer.ParameterCount);
        double[] theta = BatchData.Normals(random, layer.ParameterCount), target = new double[Batch * Outputs], z = new double[Batch * Outputs];
        layer.Apply(pass, input, minimiser, target);

        Optimizer<double> optimizer = name switch
        {
            "sgd" => new Sgd<double>(),
            "momentum" => new Sgd<double>(MomentumKind.HeavyBall, 0.5),
            "nesterov" => new Sgd<double>(MomentumKind.Nesterov, 0.5),
            _ => new Adam<double>(),
        };
        using var arena = new Arena();
        IDirection<double> direction = step.Bind(layer, new PlanContext(arena, network.Compute, Batch));
        optimizer.Plan(arena, layer.ParameterCount);
        arena.Commit();
        var v = new double[layer.ParameterCount];
        double start = Vectors.Distance(theta, minimiser);
        for (int i = 0; i < steps; i++)
        {
            layer.Apply(pass, input, theta, z);
            direction.Compute(pass, input, Vectors.Minus(z, target), v);
            // Adam's steps have the length of its rate: it needs a falling one to come to rest.
            double factor = name == "adam" ? Schedule.Cosine().Factor(i, steps) : 1;
            optimizer.Update(network.Compute, theta, v, rate * factor);
        }

        return (start, Vectors.Distance(theta, minimiser));
    }
}
