using System.Numerics;

namespace ProxProp.Engine.Tests.Generators;

/// <summary>Samples of low rank, and a τ_θ at which the pivots of their Gram matrix are only just trusted in float.</summary>
/// <param name="Features">Elements of a sample.</param>
/// <param name="Rank">Rank of the samples.</param>
/// <param name="Batch">Number of samples.</param>
/// <param name="TauTheta">The proximal step size.</param>
/// <param name="Seed">Of the samples.</param>
public sealed record LowRankCase(int Features, int Rank, int Batch, double TauTheta, int Seed)
{
    private const double Size = 0.5;

    /// <summary>The case of a seed.</summary>
    /// <param name="seed">What everything follows from.</param>
    /// <param name="wide">Whether there are fewer samples than features, so that AAᵀ is the smaller matrix.</param>
    public static LowRankCase Next(int seed, bool wide)
    {
        var random = new Random(seed);
        int features = wide ? random.Next(250, 400) : random.Next(64, 129), batch = wide ? random.Next(150, 200) : random.Next(1000, 2001);
        int rank = random.Next(1, 21);

        // The least pivot's part of its diagonal element d² is 1/(τ_θ·d²), and κ is order/rank: this is the pivot in units of ε·κ, from not quite
        // trusted to thirty times that. An element, the sum of rank products of numbers in ±size, has size⁴·rank/9 for its mean square.
        double pivot = Math.Pow(10, 0.9 + (1.5 * random.NextDouble())), epsilon = Math.ScaleB(1, -23);
        double diagonal = Math.Pow(Size, 4) * rank / 9 * Math.Max(features, batch), kappa = (double)Math.Min(features, batch) / rank;
        return new LowRankCase(features, rank, batch, 1 / (epsilon * kappa * pivot * diagonal), seed);
    }

    /// <summary>The samples, a product of two matrices with uniform elements.</summary>
    public T[] Samples<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double[] left = Values.Uniform<double>(Batch * Rank, Seed + 1, Size), right = Values.Uniform<double>(Rank * Features, Seed + 2, Size);
        var samples = new T[Batch * Features];
        for (int i = 0; i < samples.Length; i++)
        {
            double sum = 0;
            for (int k = 0; k < Rank; k++)
                sum += left[(i / Features * Rank) + k] * right[(k * Features) + (i % Features)];
            samples[i] = T.CreateChecked(sum);
        }

        return samples;
    }
}
