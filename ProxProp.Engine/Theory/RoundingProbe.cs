using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Theory;

/// <summary>
/// How many digits J and its gradient have at a point: by how much both change when every number between two layers is moved by its last
/// binary digit, and ε times the size of the terms that the loss is the difference of.
/// </summary>
/// <remarks>
/// This is the model of rounding error analysis, a relative error of ε in every result. Batch statistics of nearly equal samples enlarge it far beyond
/// ε|J|, and at a kink (a ReLU at zero, the maximum of equal numbers) there is no gradient at all.
/// </remarks>
/// <param name="Loss">Rounding of J.</param>
/// <param name="Gradients">Rounding of the gradient of each layer with parameters, as a Euclidean norm.</param>
internal sealed record RoundingProbe(double Loss, double[] Gradients)
{
    // A pattern and its opposite: a sum at a kink falls on both sides of it.
    private static readonly int[] Probes = [1, -1, 2, -2, 3, -3];

    public static RoundingProbe Run<T>(TrainingStep<T> step, ReadOnlySpan<T> samples, Targets<T> targets, int batch, BackwardSweep<T> sweep)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double epsilon = MachineEpsilon.Of<T>(), loss = epsilon * (Math.Abs(sweep.Loss) + step.Loss.TermSize);
        var gradients = new double[sweep.Gradients.Length];
        foreach (int probe in Probes)
        {
            BackwardSweep<T> moved = BackwardSweep<T>.Run(step, samples, targets, batch, new Nudge(probe));
            loss = Math.Max(loss, Math.Abs(moved.Loss - sweep.Loss));
            for (int l = 0; l < gradients.Length; l++)
                gradients[l] = Math.Max(gradients[l], Distance<T>(moved.Gradients[l], sweep.Gradients[l]));
        }

        return new RoundingProbe(loss, gradients);
    }

    private static double Distance<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double sum = 0;
        for (int i = 0; i < x.Length; i++)
        {
            double d = double.CreateSaturating(x[i] - y[i]);
            sum += d * d;
        }

        return Math.Sqrt(sum);
    }
}

/// <summary>Moves numbers by about their last binary digit, up or down by a fixed pattern: the same for the same probe and place.</summary>
/// <param name="Probe">Which pattern, its opposite where negative; 0 leaves the numbers alone.</param>
internal readonly record struct Nudge(int Probe)
{
    public static Nudge None => default;

    /// <summary>Moves each number.</summary>
    /// <param name="values">The numbers.</param>
    /// <param name="zerosToo">Whether a zero becomes something tiny of either sign: an activation's input at zero may be at a kink, while the zeros that an activation gives stay zeros.</param>
    public void Apply<T>(Span<T> values, bool zerosToo = false)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (Probe == 0)
            return;
        T epsilon = T.CreateChecked(MachineEpsilon.Of<T>()), tiny = zerosToo ? T.CreateChecked(1e-30) : T.Zero;
        for (int i = 0; i < values.Length; i++)
        {
            uint hash = ((uint)(i + 1) * 0x9E3779B9u) + ((uint)Math.Abs(Probe) * 0x85EBCA6Bu);
            hash = (hash ^ (hash >> 15)) * 0xC2B2AE35u;
            bool up = (((hash ^ (hash >> 13)) & 1) == 0) == (Probe > 0);
            T size = values[i] == T.Zero ? tiny : epsilon * values[i];
            values[i] += up ? size : -size;
        }
    }
}
