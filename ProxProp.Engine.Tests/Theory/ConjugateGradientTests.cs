using System.Numerics;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Theory;

/// <summary>Prop. 5 and the theory of conjugate gradients, for every iterate of every variant the engine has.</summary>
public sealed class ConjugateGradientTests
{
    private const int Most = 24;
    private static readonly StepKind[] Kinds = [.. StepSpecs.Cg, StepKind.PcgOwn];

    [EngineProperty(Cases = 60)]
    public void Every_iterate_is_a_descent_direction_double(LayerCase c) => Descent<double>(c);

    [EngineProperty(Cases = 60)]
    public void Every_iterate_is_a_descent_direction_float(LayerCase c) => Descent<float>(c);

    [EngineProperty(Cases = 60)]
    public void The_error_in_the_energy_norm_never_rises_and_obeys_Chebyshevs_bound_double(LayerCase c) => Error<double>(c);

    [EngineProperty(Cases = 60)]
    public void The_error_in_the_energy_norm_never_rises_and_obeys_Chebyshevs_bound_float(LayerCase c) => Error<float>(c);

    [EngineProperty(Cases = 60)]
    public void The_first_iterate_is_the_steepest_descent_step_to_the_minimum(LayerCase c)
    {
        using var probe = new LayerProbe<double>(c);
        double[] v = probe.Direction(new StepSpec(StepKind.CgJoint, 1));
        double curvature = Vectors.Dot(probe.G, probe.ApplyM(probe.G));
        double[] expected = Vectors.Scaled(curvature == 0 ? 0 : Vectors.Dot(probe.G, probe.G) / curvature, probe.G);
        double rounding = probe.Order * 1e-15 * c.TauTheta * probe.AFrobenius * Vectors.Norm(probe.Delta);
        Assert.True(Vectors.Distance(v, expected) <= (1e-12 * Vectors.Norm(expected)) + rounding);
    }

    // v_k minimises F(v) = ½⟨v,Mv⟩ − ⟨g,v⟩ over its Krylov space. F(v_k) ≤ F(0) = 0 gives ⟨v,g⟩ ≥ ½⟨v,Mv⟩ ≥ ‖v‖²/(2τ_θ): positive, and by how much.
    // The minimum gives twice that, ⟨v,g⟩ = ⟨v,Mv⟩, which rounding leaves alone only as long as the recurrence spans all of the space: two iterations.
    private static void Descent<T>(LayerCase c)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var probe = new LayerProbe<T>(c);
        double g = Vectors.Norm(probe.G);
        double epsilon = Tolerances.Epsilon<T>();
        double gradientError = 4 * probe.Order * epsilon * probe.AFrobenius * Vectors.Norm(probe.Delta);
        foreach (StepKind kind in (StepKind[])[.. Kinds, StepKind.PcgFactor])
        {
            for (int k = 1; k <= Math.Min(Most, probe.G.Length + 2); k++)
            {
                double[] v = probe.Direction(new StepSpec(kind, k));
                Assert.All(v, x => Assert.True(double.IsFinite(x), $"{kind}{k} has an element that is not finite"));
                double inner = Vectors.Dot(v, probe.G), curvature = Vectors.Dot(v, probe.ApplyM(v)), size = Vectors.Norm(v);
                double rounding = gradientError * size;
                Assert.True(inner >= (curvature / 2) - rounding, $"{kind}{k}: <v,g> = {inner:e6} is less than half of <v,Mv> = {curvature:e6}");
                Assert.True(curvature >= size * size / c.TauTheta * (1 - 1e-9), $"{kind}{k}: <v,Mv> = {curvature:e6}, |v|^2/tau_theta = {size * size / c.TauTheta:e6}");
                double orthogonality = Math.Sqrt(epsilon * probe.Condition) * curvature;
                Assert.True(
                    k > 2 || Math.Abs(inner - curvature) <= orthogonality + rounding, $"{kind}{k}: <v,g> = {inner:e6} and <v,Mv> = {curvature:e6} differ");
                Assert.True(size > 0 || g <= gradientError, $"{kind}{k} stands still before a gradient of {g:e2}");
            }
        }
    }

    private static void Error<T>(LayerCase c)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var probe = new LayerProbe<T>(c);
        double[] exact = probe.Solution;
        double start = EnergyNorm(probe, exact);
        double floor = (Math.Sqrt(probe.Eigenvalues[^1]) * probe.SolverError) + (1e-15 * start);
        foreach (StepKind kind in Kinds)
        {
            double kappa = kind switch
            {
                StepKind.PcgOwn => OwnCondition(probe),
                StepKind.Pcg or StepKind.PcgJoint => JacobiCondition(probe),
                _ => probe.Condition,
            };
            double rate = (Math.Sqrt(kappa) - 1) / (Math.Sqrt(kappa) + 1);
            double before = start;
            for (int k = 1; k <= Math.Min(Most, probe.G.Length + 2); k++)
            {
                double error = EnergyNorm(probe, Vectors.Minus(probe.Direction(new StepSpec(kind, k)), exact));
                double chebyshev = 2 * Math.Pow(rate, k) * start;
                Assert.True(error <= (before * (1 + 1e-6)) + floor, $"{kind}{k}: the error rose from {before:e3} to {error:e3} (floor {floor:e1})");
                Assert.True(error <= (chebyshev * (1 + 1e-6)) + floor, $"{kind}{k}: error {error:e3}, Chebyshev's bound {chebyshev:e3} (floor {floor:e1})");
                before = error;
            }
        }
    }

    private static double EnergyNorm<T>(LayerProbe<T> probe, double[] e)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Math.Sqrt(Math.Max(0, Vectors.Dot(e, probe.ApplyM(e))));

    // Condition number of P^(-1/2) M P^(-1/2) with P = diag(M).
    private static double JacobiCondition<T>(LayerProbe<T> probe)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double[,] m = probe.M(1 / probe.TauTheta);
        int n = m.GetLength(0);
        double[] root = [.. Enumerable.Range(0, n).Select(i => Math.Sqrt(m[i, i]))];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
                m[i, j] /= root[i] * root[j];
        }

        double[] e = SymmetricEigenvalues.Of(m);
        return e[^1] / Math.Max(e[0], 1e-16 * n);
    }

    // Condition number of LᵀML with L·Lᵀ = P⁻¹.
    private static double OwnCondition<T>(LayerProbe<T> probe)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double[,] l = new RandomPreconditioner<T>(probe.G.Length, 1).Factor;
        double[,] m = probe.M(1 / probe.TauTheta);
        double[] e = SymmetricEigenvalues.Of(Dense.Product(Dense.Transpose(l), Dense.Product(m, l)));
        return e[^1] / Math.Max(e[0], 1e-16 * e.Length * e[^1]);
    }
}
