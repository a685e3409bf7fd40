using System.Numerics;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Solvers;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Theory;

/// <summary>The sub-problem of one layer: unconditional stability, the spectrum of M⁻¹, the limits in τ_θ, and all solvers at one point.</summary>
public sealed class ProximalSubproblemTests
{
    [EngineProperty]
    public void The_energy_never_rises_double(LayerCase c) => Stability<double>(c);

    [EngineProperty]
    public void The_energy_never_rises_float(LayerCase c) => Stability<float>(c);

    [EngineProperty]
    public void Directions_are_at_most_tau_theta_times_the_gradient_double(LayerCase c) => Size<double>(c);

    [EngineProperty]
    public void Directions_are_at_most_tau_theta_times_the_gradient_float(LayerCase c) => Size<float>(c);

    [EngineProperty(Cases = 50)]
    public void Eigenvalues_of_the_inverse_lie_between_zero_and_tau_theta(LayerCase c)
    {
        using var probe = LayerProbe<double>.Definite(c);
        int n = probe.G.Length;
        var inverse = new double[n, n];
        for (int j = 0; j < n; j++)
        {
            var unit = new double[n];
            unit[j] = 1;
            double[] column = probe.Primal(unit);
            for (int i = 0; i < n; i++)
                inverse[i, j] = column[i];
        }

        double[] eigenvalues = SymmetricEigenvalues.Of(Symmetric(inverse));
        double rounding = Tolerances.ResidualRatio * probe.Order * Tolerances.Epsilon<double>() * probe.Condition;
        Assert.True(eigenvalues[^1] <= probe.TauTheta * (1 + rounding), $"largest {eigenvalues[^1]:r}, tau_theta {probe.TauTheta:r}");
        double least = 1 / ((1 / probe.TauTheta) + (probe.AFrobenius * probe.AFrobenius));
        Assert.True(eigenvalues[0] >= least - (rounding * probe.TauTheta), $"smallest {eigenvalues[0]:e3}, at least {least:e3}");
    }

    [EngineProperty]
    public void As_tau_theta_falls_the_direction_becomes_the_gradient(LayerCase c)
    {
        foreach (double product in (double[])[1e-2, 1e-4, 1e-6])
        {
            using var big = new LayerProbe<double>(c);
            double norm = Math.Max(big.AFrobenius * big.AFrobenius, 1e-6);
            double tau = product / norm;
            using var probe = new LayerProbe<double>(c with { TauTheta = tau });
            double size = Vectors.Norm(probe.G);
            double rounding = probe.Order * 30 * Tolerances.Epsilon<double>() * probe.AFrobenius * Vectors.Norm(probe.Delta);
            foreach (StepSpec step in StepSpecs.Proximal(1, 3))
            {
                double distance = Vectors.Distance(Vectors.Scaled(1 / tau, probe.Direction(step)), probe.G);
                Assert.True(distance <= (2 * product * size) + rounding, $"{step}: v/tau_theta is {distance:e2} from g of size {size:e2} at {product:e0}");
            }
        }
    }

    // v = M⁻¹Aᵀδ says Aᵀ(δ − Av) = v/τ_θ: the least-squares gradient, which falls like 1/τ_θ, while v stays in the range of Aᵀ.
    [EngineProperty]
    public void As_tau_theta_grows_the_direction_becomes_the_least_squares_step(LayerCase c)
    {
        using var scale = new LayerProbe<double>(c);
        double norm = scale.AFrobenius * scale.AFrobenius;
        if (norm == 0)
        {
            Assert.All(scale.Direction(new StepSpec(StepKind.Exact)), x => Assert.Equal(0, x));
            return;
        }

        double before = double.PositiveInfinity;
        foreach (double product in (double[])[1, 1e2, 1e4, 1e6])
        {
            using var probe = new LayerProbe<double>(c with { TauTheta = product / norm });
            double[] v = probe.Direction(new StepSpec(StepKind.Exact));
            double[] residual = Vectors.Minus(probe.Delta, Vectors.Apply(probe.A, v));
            double[] expected = Vectors.Scaled(1 / probe.TauTheta, v);
            double rounding = (probe.SolverError * probe.Eigenvalues[^1]) + (1e-14 * probe.Order * probe.AFrobenius * Vectors.Norm(probe.Delta));
            double distance = Vectors.Distance(Vectors.ApplyTransposed(probe.A, residual), expected);
            Assert.True(distance <= rounding, $"A'(delta - Av) is {distance:e2} from v/tau_theta of size {Vectors.Norm(expected):e2}, rounding {rounding:e2}");
            double misfit = Vectors.Norm(residual);
            Assert.True(misfit <= before + (1e-12 * Vectors.Norm(probe.Delta)) + (probe.AFrobenius * probe.SolverError), $"the misfit rose to {misfit:e3} from {before:e3}");
            before = misfit;
        }
    }

    [EngineProperty]
    public void With_a_derivative_in_the_range_the_large_limit_has_no_misfit(LayerCase c)
    {
        using var scale = new LayerProbe<double>(c);
        double tau = 1e8 / Math.Max(1e-6, scale.AFrobenius * scale.AFrobenius);
        using var probe = new LayerProbe<double>(c with { TauTheta = tau, Delta = DeltaKind.InRange });
        double[] v = probe.Direction(new StepSpec(StepKind.Exact));
        // δ = Ax: F(v) ≤ F(x) gives ‖δ − Av‖² ≤ ‖x‖²/τ_θ; every element of x is normal, 6 deviations are out of the question.
        double x = 6 * c.DeltaScale * Math.Sqrt(v.Length);
        double misfit = Vectors.Norm(Vectors.Minus(probe.Delta, Vectors.Apply(probe.A, v)));
        double allowed = (x / Math.Sqrt(tau)) + (probe.AFrobenius * probe.SolverError);
        Assert.True(misfit <= allowed, $"misfit {misfit:e2}, allowed {allowed:e2}");
    }

    [EngineProperty]
    public void All_solvers_agree_double(LayerCase c) => Agreement<double>(c);

    [EngineProperty]
    public void All_solvers_agree_float(LayerCase c) => Agreement<float>(c);

    private static void Agreement<T>(LayerCase c)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var probe = new LayerProbe<T>(c);
        // A factor is only promised where the matrix is positive definite in this precision.
        double precision = 0.03 / (probe.Order * Tolerances.Epsilon<T>());
        if (probe.Condition > precision)
            return;
        Near(probe, "exact step", probe.Direction(new StepSpec(StepKind.Exact)));
        Near(probe, "primal Cholesky", probe.Primal());
        // The dual matrix may have the eigenvalue 1/τ_θ where the primal has not.
        if (probe.ConditionBound <= precision && probe.Dual() is { } dual)
            Near(probe, "dual Cholesky", dual);
        foreach (StepKind kind in StepSpecs.Cg)
        {
            double[] v = probe.Direction(new StepSpec(kind, 400).Make<T>(c.TauTheta), out LayerReport report);
            Near(probe, $"converged {kind}", v, report.Solver == SolverKind.DualCg ? Unseen(probe) : 0);
        }
    }

    // The dual iterates take ‖r‖² = ⟨ρ,Kρ⟩ from K and stop at ‖r‖² = ε·trace(K)·‖ρ‖²; the error is at most τ_θ‖r‖, and ‖ρ‖ at most ‖δ‖.
    private static double Unseen<T>(LayerProbe<T> probe)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        probe.TauTheta * Math.Sqrt(Tolerances.Epsilon<T>()) * probe.AFrobenius * Vectors.Norm(probe.Delta);

    private static void Near<T>(LayerProbe<T> probe, string what, double[] v, double unseen = 0)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double distance = Vectors.Distance(v, probe.Solution);
        double allowed = probe.SolverError + unseen;
        Assert.True(distance <= allowed, $"{what}: {distance:e2} from the solution of size {Vectors.Norm(probe.Solution):e2}, allowed {allowed:e2}");
    }

    // F(v) = ½‖δ − Av‖² + ‖v‖²/(2τ_θ) against F(0) = ½‖δ‖². Near the minimum an error e in v costs ½⟨e,Me⟩.
    private static void Stability<T>(LayerCase c)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var probe = new LayerProbe<T>(c);
        double start = Vectors.Dot(probe.Delta, probe.Delta) / 2;
        double epsilon = Tolerances.Epsilon<T>();
        foreach (StepSpec step in StepSpecs.Proximal(1, 2, 5, 12).Concat(StepSpecs.Adaptive))
        {
            double[] v = probe.Direction(step.Make<T>(c.TauTheta), out LayerReport report);
            double[] residual = Vectors.Minus(probe.Delta, Vectors.Apply(probe.A, v));
            double energy = (Vectors.Dot(residual, residual) / 2) + (Vectors.Dot(v, v) / (2 * c.TauTheta));
            // A backward stable v has Me = −ΔM·v with ‖ΔM‖ ≤ cnε‖M‖, hence ⟨e,Me⟩ ≤ (cnε)²·κ·‖M‖·‖v‖².
            double relative = Tolerances.ResidualRatio * probe.Order * epsilon;
            double rounding = (relative * start) + (relative * relative * probe.Condition * probe.Eigenvalues[^1] * Vectors.Dot(v, v));
            // The dual form solves for s = τ_θ(δ − Av): (I/τ_θ + AAᵀ)e = −ΔK·s with ‖ΔK‖ ≤ cnε‖AAᵀ‖ and ‖s‖ ≤ τ_θ‖δ‖ costs ½(cnεκ‖δ‖)².
            if (report.Solver == SolverKind.DualCholesky)
                rounding += relative * relative * probe.ConditionBound * probe.ConditionBound * start;
            Assert.True(energy <= start + rounding, $"{step}: the energy rose from {start:e6} to {energy:e6} (rounding {rounding:e1})");
        }
    }

    // ‖v‖²/τ_θ ≤ ⟨v,Mv⟩ = ⟨v,g⟩ ≤ ‖v‖‖g‖, for the exact step and every iterate.
    private static void Size<T>(LayerCase c)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var probe = new LayerProbe<T>(c);
        double limit = c.TauTheta * Vectors.Norm(probe.G);
        double rounding = (Tolerances.ResidualRatio * probe.Order * Tolerances.Epsilon<T>() * limit)
            + (c.TauTheta * probe.Order * Tolerances.Epsilon<T>() * probe.AFrobenius * Vectors.Norm(probe.Delta));
        foreach (StepSpec step in StepSpecs.Proximal(1, 3, 10).Concat(StepSpecs.Adaptive))
        {
            double size = Vectors.Norm(probe.Direction(step));
            double error = step.Kind is StepKind.Exact or StepKind.Auto or StepKind.PcgFactor ? probe.SolverError : 0;
            Assert.True(size <= limit + rounding + error, $"{step}: |v| = {size:e4}, tau_theta |g| = {limit:e4}");
        }
    }

    private static double[,] Symmetric(double[,] a)
    {
        int n = a.GetLength(0);
        var s = new double[n, n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
                s[i, j] = (a[i, j] + a[j, i]) / 2;
        }

        return s;
    }
}
