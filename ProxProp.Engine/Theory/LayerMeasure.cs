using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Solvers;
using ProxProp.Engine.Training;
using static ProxProp.Engine.Theory.DoubleVectors;

namespace ProxProp.Engine.Theory;

/// <summary>The measurements of one layer for a <see cref="StepCertificate"/>.</summary>
internal sealed class LayerMeasure<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // Rounding is at most 0.01 of a decrease that counts as visible: three times that is no accident.
    private const double LeastDecrease = 0.03;

    private readonly List<CertificateEntry> _entries;
    private readonly LayerGroup<T> _group;
    private readonly int _place;
    private readonly Pass _pass;
    private readonly T[] _input;
    private readonly double _loss;
    private readonly double[] _a;
    private readonly double[] _v;
    private readonly double[] _g;
    private readonly double[] _delta;

    // Sums of n products lose about √n·ε; 30 is the threshold of LAPACK's own tests.
    private readonly double _rounding;

    // By how much J and this layer's gradient differ when every number between the layers is moved by an ulp.
    private readonly double _lossRounding;
    private readonly double _gradientRounding;

    // What rounding may add to v in the dual form, where v = Aᵀs is a sum that cancels near a stationary point.
    private double _solverRounding;

    public LayerMeasure(List<CertificateEntry> entries, LayerGroup<T> group, BackwardSweep<T> sweep, RoundingProbe probe, int l, double[] v)
    {
        _lossRounding = probe.Loss;
        _gradientRounding = probe.Gradients[l];
        _entries = entries;
        _group = group;
        _place = l;
        _pass = sweep.Pass;
        _input = sweep.Inputs[l];
        _loss = sweep.Loss;
        _a = ToDouble<T>(_input);
        _v = v;
        _g = ToDouble<T>(sweep.Gradients[l]);
        _delta = ToDouble<T>(sweep.Deltas[l]);
        _rounding = 30 * Math.Sqrt(Math.Max(_delta.Length, _v.Length)) * Epsilon;
    }

    private static double Epsilon => MachineEpsilon.Of<T>();

    /// <summary>The direction against the gradient, by the solver that made it.</summary>
    public void CheckDirection(in LayerReport report)
    {
        double g = Norm(_g), v = Norm(_v);
        if (_group.Phi is ProximalLayer<T> layer && report.Solver != SolverKind.Gradient)
            CheckProximal(layer, report.Solver, report.TauTheta, g, v);
        else if (g == 0)
            AtMost("at a stationary point the direction is zero (Prop. 3)", _rounding * TermSize, v);
        else
            AtMost("the direction is the gradient: |v - g| / |g| (Prop. 1)", _rounding * Math.Max(1, TermSize / g), Norm(Minus(_v, _g)) / g);
    }

    /// <summary>
    /// J along −v, this layer alone: backtracking from a step as long as the parameters, while the change is one that the loss can show. A step
    /// counts against the claim only where the slope at its end, and at the end of the step before it, is still about that at its start.
    /// </summary>
    public void CheckDescent(TrainingStep<T> step, ReadOnlySpan<T> samples, Targets<T> targets, int offset)
    {
        double slope = Dot(_v, _g), size = Norm(_v);
        Span<T> theta = step.Network.Parameters.Slice(offset, _v.Length);
        T[] saved = theta.ToArray();
        double visible = 100 * _lossRounding, slopeRounding = (size * Math.Max(_rounding * TermSize, 30 * _gradientRounding)) + (Norm(_g) * _solverRounding);
        double best = double.NegativeInfinity;
        double t = size == 0 ? 0 : (1 + Norm(ToDouble<T>(saved))) / size;
        int straight = 0;
        for (; t * (slope - slopeRounding) > visible && best < LeastDecrease; t /= 4)
        {
            for (int i = 0; i < saved.Length; i++)
                theta[i] = saved[i] - T.CreateSaturating(t * _v[i]);
            BackwardSweep<T> there = BackwardSweep<T>.Run(step, samples, targets, _pass.Batch);
            double slopeThere = Dot(_v, ToDouble<T>(there.Gradients[_place]));
            straight = Math.Abs(slopeThere - slope) < slope / 2 ? straight + 1 : 0;
            best = Math.Max(best, (_loss - there.Loss) / (t * slope));
        }

        saved.CopyTo(theta);
        if (straight > 1 || best >= LeastDecrease)
            AtLeast("the loss falls: decrease / (t <v,g>) for a step t found by backtracking (Prop. 4)", LeastDecrease, best);
        else
            AtLeast("the slope <v,g> is not negative; it is too small to show in the loss (Prop. 4)", -slopeRounding, slope);
    }

    private void CheckProximal(ProximalLayer<T> layer, SolverKind solver, double tauTheta, double g, double v)
    {
        double norm = SpectralNorm.SquaredBound(layer, _pass, _input);
        double largest = (1 / tauTheta) + norm, kappa = tauTheta * largest;
        double[] av = Apply(layer, _v), mv = ApplyAdjoint(layer, av);
        double sizes = Math.Sqrt(norm) * v * Norm(_delta);
        double adjoint = Math.Abs(Dot(av, _delta) - Dot(_v, ApplyAdjoint(layer, _delta)));
        AtMost("A and its adjoint belong together: |<Av,d> - <v,A'd>| / (|A| |v| |d|)", _rounding, sizes == 0 ? 0 : adjoint / sizes);

        double delta = Norm(_delta), gradientError = _rounding * Math.Sqrt(norm) * delta, energyRounding = _rounding;
        if (g <= gradientError || v == 0)
        {
            AtMost("at a stationary point, but for rounding, so is the direction zero: |v| (Prop. 3)", 2 * tauTheta * gradientError, v);
            if (g > 0 && v == 0)
                AtMost("where the direction is zero the gradient is: |g| (Prop. 3)", gradientError, g);
            return;
        }

        for (int i = 0; i < mv.Length; i++)
            mv[i] += _v[i] / tauTheta;
        double curvature = Dot(_v, mv), inner = Dot(_v, _g);
        if (solver is SolverKind.PrimalCholesky or SolverKind.DualCholesky)
        {
            // What a backward stable solver may leave: the last term is the dual form's, whose solution is s = τ_θ(δ − Av).
            double s = tauTheta * Norm(Minus(_delta, av));
            _solverRounding = _rounding * Math.Sqrt(norm) * s;
            double scale = (largest * v) + (Math.Sqrt(norm) * (delta + (largest * s)));
            AtMost("v solves (I/tau_theta + A'A)v = g: |g - Mv| / (|M| |v| + |A| (|d| + |M| |s|)) (Prop. 2)", _rounding, Norm(Minus(_g, mv)) / scale);
            double solverError = Math.Min(1, _rounding * kappa) + Math.Min(1, tauTheta * gradientError / Math.Max(v, double.Epsilon));
            // (I/τ_θ + AAᵀ)e = −ΔK·s with ‖ΔK‖ ≤ cε‖K‖ and ‖s‖ ≤ τ_θ‖δ‖ costs the dual form ½(cεκ‖δ‖)² of energy.
            if (solver == SolverKind.DualCholesky)
                energyRounding += _rounding * kappa * _rounding * kappa;
            AtLeast("cos(v, g), Kantorovich's bound 2 sqrt(k)/(1 + k) (Prop. 4)", (2 * Math.Sqrt(kappa) / (1 + kappa)) - solverError, inner / (v * g));
        }
        else
        {
            // F(v) ≤ F(0) is ⟨v,g⟩ ≥ ½⟨v,Mv⟩; in exact arithmetic the two are equal, but rounding costs conjugacy long before it costs descent.
            AtLeast("v lowers the quadratic it minimises: <v,g> / <v,Mv> (Prop. 5)", 0.5 - _rounding, inner / curvature);
            AtLeast("<v,g> tau_theta / |v|^2 (Prop. 5)", 0.5 - _rounding, inner * tauTheta / (v * v));
        }

        double[] residual = Minus(_delta, av);
        double energy = (Dot(residual, residual) / 2) + (v * v / (2 * tauTheta));
        AtMost("the sub-problem's energy does not rise: F(v) / F(0) (section 4.1)", 1 + energyRounding, energy / (delta * delta / 2));
        AtMost("|v| / (tau_theta |g|) (section 4.2.3)", 1 + _rounding + (gradientError / g), v / (tauTheta * g));
    }

    // ‖A‖‖δ‖, the size of the terms whose sum the gradient is (a bias adds a column of ones): where they cancel, rounding is this times ε.
    private double TermSize => Math.Sqrt(Dot(_a, _a) + _delta.Length) * Norm(_delta);

    private double[] Apply(ProximalLayer<T> layer, double[] theta)
    {
        var z = new T[_delta.Length];
        layer.Apply(_pass, _input, FromDouble<T>(theta), z);
        return ToDouble<T>(z);
    }

    private double[] ApplyAdjoint(ProximalLayer<T> layer, double[] z)
    {
        var theta = new T[_v.Length];
        layer.ApplyAdjoint(_pass, _input, FromDouble<T>(z), theta);
        return ToDouble<T>(theta);
    }

    private void AtMost(string claim, double bound, double measured) => Add(claim, false, bound, measured);

    private void AtLeast(string claim, double bound, double measured) => Add(claim, true, bound, measured);

    private void Add(string claim, bool atLeast, double bound, double measured) =>
        _entries.Add(new CertificateEntry(_group.Index, _group.Phi.ToString(), claim, atLeast, bound, measured));
}
