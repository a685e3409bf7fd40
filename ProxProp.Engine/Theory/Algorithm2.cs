using System.Numerics;
using ProxProp.Engine.Layers;

namespace ProxProp.Engine.Theory;

/// <summary>
/// Algorithm 2 of the paper, ProxProp, literally: as <see cref="Algorithm1{T}"/>, but the step in θ of a hidden layer is the proximal one of Eq. 12,
/// θ⁺ = argmin ½‖φ(θ, a) − z⁺‖² + 1/(2τ_θ)‖θ − θ_k‖².
/// </summary>
/// <remarks>
/// The minimisation goes a way of its own: the matrix A of θ ↦ φ(θ, a) is built column by column from unit vectors, and the stacked
/// least-squares problem [A; I/√τ_θ]·(θ − θ_k) = [z⁺ − φ(θ_k, a); 0] is solved by Householder QR in double. No Gram matrix, no block
/// structure, no Cholesky factor, no conjugate gradients. The last layer with parameters, layers that are not linear in them and those with
/// <see cref="ParametricLayer{T}.TrainExplicitly"/> take the explicit step.
/// </remarks>
/// <typeparam name="T">float or double.</typeparam>
public sealed class Algorithm2<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly PenaltyEnergy<T> _energy;
    private readonly double _tau;
    private readonly double _tauTheta;

    /// <summary>The algorithm on an energy.</summary>
    /// <param name="energy">The energy; Prop. 2 holds where its ρ and γ are 1/τ.</param>
    /// <param name="tau">Step size τ of every explicit step, positive.</param>
    /// <param name="tauTheta">Step size τ_θ of the proximal steps, positive.</param>
    public Algorithm2(PenaltyEnergy<T> energy, double tau, double tauTheta)
    {
        ArgumentNullException.ThrowIfNull(energy);
        _energy = energy;
        _tau = Descent.CheckPositive(tau, nameof(tau));
        _tauTheta = Descent.CheckPositive(tauTheta, nameof(tauTheta));
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
            next[l] = l < last && _energy.Groups[l].Phi is ProximalLayer<T> { TrainExplicitly: false } phi
                ? ProximalPoint(phi, point, l)
                : Descent.Step(point.Theta[l], _energy.GradientTheta(point, l, targets), _tau);
            if (l > 0)
                point.A[l - 1] = Descent.Step(point.A[l - 1], _energy.GradientA(point, l - 1, targets), _tau);
        }

        return point with { Theta = next };
    }

    private T[] ProximalPoint(ProximalLayer<T> phi, PenaltyPoint<T> point, int l)
    {
        T[] a = point.InputOf(l);
        var z = new T[point.Z[l].Length];
        phi.Apply(point.Pass, a, point.Theta[l], z);
        double[,] map = DenseMap.Of(phi, point.Pass, a);
        double[] rightHandSide = [.. point.Z[l].Zip(z, (plus, now) => double.CreateChecked(plus) - double.CreateChecked(now))];
        double[] change = DampedLeastSquares.Solve(map, rightHandSide, _tauTheta);
        return [.. point.Theta[l].Zip(change, (t, d) => T.CreateSaturating(double.CreateChecked(t) + d))];
    }
}
