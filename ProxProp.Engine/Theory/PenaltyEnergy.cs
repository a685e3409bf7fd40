using System.Numerics;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Theory;

/// <summary>
/// The quadratic penalty energy of the paper, Eq. 3, with explicit a and z:
/// E(θ,a,z) = L_y(φ(θ_{L−1}, a_{L−2})) + Σ_l γ/2‖σ(z_l) − a_l‖² + ρ/2‖φ(θ_l, a_{l−1}) − z_l‖².
/// </summary>
/// <remarks>
/// Slow and literal on purpose: the measure for the fast path, not a way to train. It uses the forward and backward functions of single layers and
/// nothing of <see cref="TrainingStep{T}"/>. The network's parameters and running statistics are as before after every call.
/// </remarks>
/// <typeparam name="T">float or double.</typeparam>
public sealed class PenaltyEnergy<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Network<T> _network;
    private readonly Loss<T> _loss;
    private readonly Arena _arena = new();
    private readonly IReadOnlyList<Layer<T>> _beforeFirst;

    /// <summary>The energy of a network.</summary>
    /// <param name="network">The network.</param>
    /// <param name="loss">A loss that is planned already; null for softmax cross-entropy.</param>
    /// <param name="rho">ρ, the weight of ‖φ(θ_l, a_{l−1}) − z_l‖², positive.</param>
    /// <param name="gamma">γ, the weight of ‖σ(z_l) − a_l‖², positive.</param>
    public PenaltyEnergy(Network<T> network, Loss<T>? loss, double rho, double gamma)
    {
        ArgumentNullException.ThrowIfNull(network);
        if (!(rho > 0) || !double.IsFinite(rho))
            throw new ArgumentOutOfRangeException(nameof(rho), rho, "The penalty weight rho must be positive and finite.");
        if (!(gamma > 0) || !double.IsFinite(gamma))
            throw new ArgumentOutOfRangeException(nameof(gamma), gamma, "The penalty weight gamma must be positive and finite.");
        _network = network;
        Rho = rho;
        Gamma = gamma;
        Groups = LayerGroup<T>.Cut(network, out _beforeFirst);
        if (loss is null)
        {
            loss = new CrossEntropyLoss<T>();
            loss.Plan(new PlanContext(_arena, network.Compute, network.MaxBatch), network.Output);
        }

        _arena.Commit();
        _loss = loss;
    }

    /// <summary>ρ.</summary>
    public double Rho { get; }

    /// <summary>γ.</summary>
    public double Gamma { get; }

    /// <summary>The transfers φ, σ of the network, first to last.</summary>
    public IReadOnlyList<LayerGroup<T>> Groups { get; }

    /// <summary>The forward pass: the network's own θ, z_l = φ(θ_l, a_{l−1}), a_l = σ(z_l). Both penalties are zero there.</summary>
    /// <param name="samples">The samples, one after the other.</param>
    /// <param name="batch">Number of samples.</param>
    /// <param name="step">Number of training steps done before; fixes what dropout drops.</param>
    public PenaltyPoint<T> ForwardPass(ReadOnlySpan<T> samples, int batch, long step = 0)
    {
        var pass = new Pass(_network.Compute, batch, Training: true, step, _network.Seed);
        T[] state = SaveState();
        T[] data = LayerChain.Forward(pass, _beforeFirst, samples[..(batch * _network.Input.Size)], Nudge.None)[^1];
        T[][] theta = [.. Groups.Select(g => g.Phi.Parameters.ToArray())];
        var a = new T[Groups.Count - 1][];
        var z = new T[Groups.Count - 1][];
        for (int l = 0; l < Groups.Count - 1; l++)
        {
            z[l] = Groups[l].ApplyPhi(pass, l == 0 ? data : a[l - 1]);
            a[l] = Groups[l].ApplySigma(pass, z[l]);
        }

        RestoreState(state);
        return new PenaltyPoint<T>(pass, theta, data, a, z);
    }

    /// <summary>E(θ, a, z).</summary>
    public double Evaluate(PenaltyPoint<T> point, Targets<T> targets)
    {
        T[] state = Enter(point, out T[] theta);
        Pass pass = point.Pass;
        int last = Groups.Count - 1;
        T[] output = Groups[last].ApplySigma(pass, Groups[last].ApplyPhi(pass, point.InputOf(last)));
        double energy = _loss.Evaluate(pass, output, targets, default).Loss;
        for (int l = 0; l < last; l++)
        {
            energy += Gamma / 2 * SquaredDistance(Groups[l].ApplySigma(pass, point.Z[l]), point.A[l]);
            energy += Rho / 2 * SquaredDistance(Groups[l].ApplyPhi(pass, point.InputOf(l)), point.Z[l]);
        }

        Leave(state, theta);
        return energy;
    }

    /// <summary>∇E with respect to z_l: γ·σ'(z_l)ᵀ(σ(z_l) − a_l) + ρ(z_l − φ(θ_l, a_{l−1})).</summary>
    public T[] GradientZ(PenaltyPoint<T> point, int l)
    {
        T[] state = Enter(point, out T[] theta);
        LayerGroup<T> group = Groups[l];
        T[] z = point.Z[l];
        T[] fromA = group.SigmaAdjoint(point.Pass, z, Difference(group.ApplySigma(point.Pass, z), point.A[l]));
        T[] fromPhi = Difference(z, group.ApplyPhi(point.Pass, point.InputOf(l)));
        Leave(state, theta);
        return Combine(Gamma, fromA, Rho, fromPhi);
    }

    /// <summary>∇E with respect to a_l: γ(a_l − σ(z_l)) plus what group l + 1 makes of it (ρ·∂φᵀ(φ − z), or ∂L_y for the last group).</summary>
    public T[] GradientA(PenaltyPoint<T> point, int l, Targets<T> targets)
    {
        T[] state = Enter(point, out T[] theta);
        T[] own = Difference(point.A[l], Groups[l].ApplySigma(point.Pass, point.Z[l]));
        (T[] dz, double weight) = Residual(point, l + 1, targets);
        T[] next = Groups[l + 1].PhiAdjointA(point.Pass, point.A[l], dz);
        Leave(state, theta);
        return Combine(Gamma, own, weight, next);
    }

    /// <summary>∇E with respect to θ_l: ρ·∂φᵀ(φ(θ_l, a_{l−1}) − z_l), or ∂L_y/∂θ for the last group.</summary>
    public T[] GradientTheta(PenaltyPoint<T> point, int l, Targets<T> targets)
    {
        T[] state = Enter(point, out T[] theta);
        (T[] dz, double weight) = Residual(point, l, targets);
        T[] gradient = Groups[l].PhiAdjointTheta(point.Pass, point.InputOf(l), dz);
        Leave(state, theta);
        return Combine(weight, gradient, 0, gradient);
    }

    /// <summary>Frees the loss's memory where it is this energy's own.</summary>
    public void Dispose() => _arena.Dispose();

    // What stands behind φ of a group: its penalty's residual with weight ρ, or the derivative of the loss with weight 1.
    private (T[] Dz, double Weight) Residual(PenaltyPoint<T> point, int l, Targets<T> targets)
    {
        LayerGroup<T> group = Groups[l];
        T[] z = group.ApplyPhi(point.Pass, point.InputOf(l));
        if (l < Groups.Count - 1)
            return (Difference(z, point.Z[l]), Rho);
        T[] output = group.ApplySigma(point.Pass, z);
        var derivative = new T[output.Length];
        _loss.Evaluate(point.Pass, output, targets, derivative);
        return (group.SigmaAdjoint(point.Pass, z, derivative), 1);
    }

    private T[] Enter(PenaltyPoint<T> point, out T[] theta)
    {
        theta = _network.Parameters.ToArray();
        point.FlatTheta().CopyTo(_network.Parameters);
        return SaveState();
    }

    private void Leave(T[] state, T[] theta)
    {
        theta.CopyTo(_network.Parameters);
        RestoreState(state);
    }

    private T[] SaveState() => NetworkState.Save(_network);

    private void RestoreState(T[] state) => NetworkState.Copy(_network, state, restore: true);

    private static T[] Difference(T[] x, T[] y) => [.. x.Zip(y, (p, q) => p - q)];

    private static T[] Combine(double s, T[] x, double t, T[] y)
    {
        T u = T.CreateSaturating(s), v = T.CreateSaturating(t);
        return [.. x.Zip(y, (p, q) => (u * p) + (v * q))];
    }

    private static double SquaredDistance(T[] x, T[] y) => x.Zip(y, (p, q) => double.CreateSaturating(p - q)).Sum(d => d * d);
}
