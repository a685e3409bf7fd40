using System.Numerics;
using ProxProp.Engine.Layers;

namespace ProxProp.Engine.Theory;

/// <summary>
/// Algorithm 1 of the paper, literally: a forward pass, then from the last layer to the first one gradient step on the penalty energy in a, in z and
/// in θ (Eqs. 7 to 11). With ρ = γ = 1/τ it is plain backpropagation, θ − τ∇J (Prop. 1).
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class Algorithm1<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly PenaltyEnergy<T> _energy;
    private readonly double _tau;

    /// <summary>The algorithm on an energy.</summary>
    /// <param name="energy">The energy; Prop. 1 holds where its ρ and γ are 1/τ.</param>
    /// <param name="tau">Step size τ of every gradient step, positive.</param>
    public Algorithm1(PenaltyEnergy<T> energy, double tau)
    {
        ArgumentNullException.ThrowIfNull(energy);
        _energy = energy;
        _tau = Descent.CheckPositive(tau, nameof(tau));
    }

    /// <summary>One step on one batch; the network itself is left alone.</summary>
    /// <param name="samples">The samples, one after the other.</param>
    /// <param name="targets">Labels or values.</param>
    /// <param name="batch">Number of samples.</param>
    /// <param name="step">Number of training steps done before; fixes what dropout drops.</param>
    /// <returns>The point after the step; its θ is the new one.</returns>
    public PenaltyPoint<T> Step(ReadOnlySpan<T> samples, Targets<T> targets, int batch, long step = 0)
    {
        PenaltyPoint<T> point = _energy.ForwardPass(samples, batch, step);
        int last = _energy.Groups.Count - 1;
        var next = new T[_energy.Groups.Count][];
        for (int l = last; l >= 0; l--)
        {
            if (l < last)
                point.Z[l] = Descent.Step(point.Z[l], _energy.GradientZ(point, l), _tau);
            next[l] = Descent.Step(point.Theta[l], _energy.GradientTheta(point, l, targets), _tau);
            if (l > 0)
                point.A[l - 1] = Descent.Step(point.A[l - 1], _energy.GradientA(point, l - 1, targets), _tau);
        }

        return point with { Theta = next };
    }
}

/// <summary>One explicit gradient step.</summary>
internal static class Descent
{
    /// <summary>x − τ·gradient.</summary>
    public static T[] Step<T>(T[] x, T[] gradient, double tau)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        [.. x.Zip(gradient, (p, g) => p - (T.CreateSaturating(tau) * g))];

    /// <summary>Checks a step size.</summary>
    public static double CheckPositive(double value, string name) => value > 0 && double.IsFinite(value)
        ? value
        : throw new ArgumentOutOfRangeException(name, value, $"The step size {name} must be positive and finite.");
}
