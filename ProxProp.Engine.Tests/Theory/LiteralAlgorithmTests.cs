using System.Numerics;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;
using ProxProp.Engine.Theory;

namespace ProxProp.Engine.Tests.Theory;

/// <summary>
/// Props. 1 and 2: one step of training as it is shipped lands where the paper's algorithms, written out literally, land.
/// </summary>
/// <remarks>
/// Both directions are v = (θ − θ⁺)/τ, which does not depend on τ. The literal algorithms take it from differences such as z − (z − τδ), whose rounding
/// depends on τ: how much of the result is rounding is seen by running them at other τ as well, at large ones where those differences are sharp. The bound is 1e-10‖v‖, plus that rounding and that of the gradient itself, plus
/// the error that a backward stable solver may make at the layer's condition number.
/// </remarks>
public sealed class LiteralAlgorithmTests
{
    private const double Relative = 1e-10;
    private static readonly double[] OtherTaus = [0.61, 1e4, 1e8];

    [EngineProperty(Cases = 120)]
    public void Prop1_double(NetworkCase c) => Compare<double>(c, exact: false);

    [EngineProperty(Cases = 40)]
    public void Prop1_float(NetworkCase c) => Compare<float>(c, exact: false);

    [EngineProperty(Cases = 120)]
    public void Prop2_double(NetworkCase c) => Compare<double>(c, exact: true);

    [EngineProperty(Cases = 40)]
    public void Prop2_float(NetworkCase c) => Compare<float>(c, exact: true);

    /// <summary>The bound means something: it is within 1e-8 of the direction for most layers of most networks.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_comparison_is_sharp_for_most_layers(bool exact)
    {
        int sharp = 0, all = 0;
        for (int seed = 0; seed < 60; seed++)
        {
            foreach ((double direction, double allowed) in Compare<double>(NetworkCases.Next(new Random(seed), 50), exact))
            {
                all++;
                sharp += direction == 0 || allowed < 1e-8 * direction ? 1 : 0;
            }
        }

        Assert.True(sharp > 0.7 * all, $"{sharp} of {all} comparisons are sharp.");
    }

    private static List<(double Direction, double Allowed)> Compare<T>(NetworkCase c, bool exact)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var run = new NetworkRun<T>(c, new StepSpec(exact ? StepKind.Exact : StepKind.Gradient));
        double[][] theta = run.Split(run.Network.Parameters);
        double[][] literal = Literal(run, exact, c.Tau, theta, out PenaltyPoint<T> start);
        double[] gradientRounding = run.GradientRounding(out _);
        double[][][] others = [.. OtherTaus.Select(f => Literal(run, exact, f * c.Tau, theta, out _))];
        run.Step.Run(run.Samples, run.Targets, c.Batch, c.Tau);
        double[][] updated = run.Split(run.Network.Parameters);

        double epsilon = Tolerances.Epsilon<T>();
        double relative = Math.Max(Relative, 100 * epsilon);
        var result = new List<(double, double)>();
        ParametricLayer<T>[] layers = [.. run.Network.Layers.OfType<ParametricLayer<T>>()];
        for (int l = 0; l < layers.Length; l++)
        {
            double[] fast = Vectors.Scaled(1 / c.Tau, Vectors.Minus(theta[l], updated[l]));
            double size = Vectors.Norm(literal[l]);
            double spread = others.Max(o => Vectors.Distance(o[l], literal[l]));
            double update = 4 * epsilon * Vectors.Norm(theta[l]) / c.Tau;
            bool proximal = exact && l < layers.Length - 1 && layers[l] is ProximalLayer<T>;
            double solver = proximal ? SolverError(run, (ProximalLayer<T>)layers[l], start, l, literal[l]) : 0;
            double gradient = gradientRounding[l] * (proximal ? run.Case.TauTheta : 1);
            double allowed = (relative * size) + (30 * spread) + update + solver + gradient;
            double distance = Vectors.Distance(fast, literal[l]);
            Assert.True(
                distance <= allowed,
                $"group {l} ({layers[l]}): distance {distance:e2}, allowed {allowed:e2}, size {size:e2}, rounding {spread:e2} and {gradient:e2}, solver {solver:e2}");
            result.Add((size, allowed));
        }

        return result;
    }

    private static double[][] Literal<T>(NetworkRun<T> run, bool exact, double tau, double[][] theta, out PenaltyPoint<T> start)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var energy = new PenaltyEnergy<T>(run.Network, run.Loss, 1 / tau, 1 / tau);
        start = energy.ForwardPass(run.Samples, run.Case.Batch);
        PenaltyPoint<T> end = exact
            ? new Algorithm2<T>(energy, tau, run.Case.TauTheta).Step(run.Samples, run.Targets, run.Case.Batch)
            : new Algorithm1<T>(energy, tau).Step(run.Samples, run.Targets, run.Case.Batch);
        double[][] next = run.Split(end.FlatTheta());
        return [.. theta.Zip(next, (t, n) => Vectors.Scaled(1 / tau, Vectors.Minus(t, n)))];
    }

    // What Cholesky on I/τ_θ + AᵀA or I/τ_θ + AAᵀ may be off, from norms alone: see LayerProbe.SolverError.
    private static double SolverError<T>(NetworkRun<T> run, ProximalLayer<T> layer, PenaltyPoint<T> start, int l, double[] v)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double[,] a = DenseMap.Of(layer, start.Pass, (ReadOnlySpan<T>)start.InputOf(l));
        double tau = run.Case.TauTheta, norm = Vectors.Frobenius(a), condition = 1 + (tau * norm * norm);
        double delta = Delta(run, l);
        double bound = (condition * Vectors.Norm(v)) + (condition * Math.Min(Math.Sqrt(tau) / 2, tau * norm) * delta);
        return Tolerances.ResidualRatio * Math.Max(a.GetLength(0), a.GetLength(1)) * Tolerances.Epsilon<T>() * bound;
    }

    // ‖δ‖ behind layer l, from one literal backward step: z − z⁺ = τδ.
    private static double Delta<T>(NetworkRun<T> run, int l)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double tau = run.Case.Tau;
        using var energy = new PenaltyEnergy<T>(run.Network, run.Loss, 1 / tau, 1 / tau);
        PenaltyPoint<T> start = energy.ForwardPass(run.Samples, run.Case.Batch);
        PenaltyPoint<T> end = new Algorithm1<T>(energy, tau).Step(run.Samples, run.Targets, run.Case.Batch);
        return Vectors.Norm([.. start.Z[l].Zip(end.Z[l], (z, plus) => double.CreateChecked(z - plus) / tau)]);
    }
}
