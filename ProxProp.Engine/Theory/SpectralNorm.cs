using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Randomness;

namespace ProxProp.Engine.Theory;

/// <summary>The largest eigenvalue of AᵀA for the map A of a layer, from applications of A and its adjoint alone.</summary>
/// <remarks>
/// Lanczos from a random vector. Kuczyński and Woźniakowski (1992), Theorem 4.2: after k steps in n dimensions the largest Ritz value is below
/// (1 − ξ)·λ with probability at most 1.648·√n·exp(−√ξ·(2k − 1)). With k = 60, ξ = 0.1 and n = 10⁷ that is below 10⁻¹². Lost orthogonality
/// repeats Ritz values, it does not make the largest one smaller.
/// </remarks>
internal static class SpectralNorm
{
    private const int Steps = 60;
    private const double Slack = 0.1;

    /// <summary>A number that is at least λ_max(AᵀA), but for the probability above, and at most 1/0.9 of it.</summary>
    public static double SquaredBound<T>(ProximalLayer<T> layer, in Pass pass, ReadOnlySpan<T> a, ulong seed = 1)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int n = layer.ParameterCount;
        var generator = new Generator(seed);
        var v = new double[n];
        for (int i = 0; i < n; i++)
            v[i] = generator.NextNormal();
        var before = new double[n];
        var z = new T[pass.Batch * layer.Output.Size];
        var q = new T[n];
        var diagonal = new List<double>();
        var offDiagonal = new List<double>();
        Scale(v, 1 / DoubleVectors.Norm(v));
        for (int k = 0; k < Steps; k++)
        {
            for (int i = 0; i < n; i++)
                q[i] = T.CreateSaturating(v[i]);
            layer.Apply(pass, a, q, z);
            layer.ApplyAdjoint(pass, a, z, q);
            double beta = k == 0 ? 0 : offDiagonal[^1];
            var w = new double[n];
            double alpha = 0;
            for (int i = 0; i < n; i++)
            {
                w[i] = double.CreateSaturating(q[i]) - (beta * before[i]);
                alpha += w[i] * v[i];
            }

            for (int i = 0; i < n; i++)
                w[i] -= alpha * v[i];
            diagonal.Add(alpha);
            double next = DoubleVectors.Norm(w);
            if (!(next > 1e-14 * Math.Abs(alpha)))
                break;
            offDiagonal.Add(next);
            Scale(w, 1 / next);
            (before, v) = (v, w);
        }

        return LargestEigenvalue(diagonal, offDiagonal) / (1 - Slack);
    }

    // Bisection: the number of negative pivots of T − xI is the number of eigenvalues below x.
    private static double LargestEigenvalue(List<double> diagonal, List<double> offDiagonal)
    {
        double low = diagonal[0], high = 0;
        for (int i = 0; i < diagonal.Count; i++)
        {
            low = Math.Max(low, diagonal[i]);
            double radius = (i > 0 ? offDiagonal[i - 1] : 0) + (i + 1 < diagonal.Count ? offDiagonal[i] : 0);
            high = Math.Max(high, diagonal[i] + radius);
        }

        for (int i = 0; i < 100 && high - low > 1e-12 * Math.Abs(high); i++)
        {
            double x = (low + high) / 2, pivot = 1;
            bool all = true;
            for (int j = 0; j < diagonal.Count && all; j++)
            {
                pivot = diagonal[j] - x - (j > 0 ? offDiagonal[j - 1] * offDiagonal[j - 1] / pivot : 0);
                all = pivot < 0;
            }

            if (all)
                high = x;
            else
                low = x;
        }

        return high;
    }

    private static void Scale(double[] x, double s)
    {
        for (int i = 0; i < x.Length; i++)
            x[i] *= s;
    }
}
