using System.Numerics;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Theory;

/// <summary>
/// How many digits J and its gradient have at a point: by how much both change when every parameter is moved by its last binary digit, and ε times the size
/// of the terms that the loss is the difference of.
/// </summary>
/// <remarks>
/// A product with rounding is an exact product with parameters that are off by about ε, so what it makes of such parameters shows what rounding makes
/// of it. Batch statistics of nearly equal samples enlarge it far beyond ε|J|, and at a kink (the maximum of equal numbers) there is no
/// gradient at all.
/// </remarks>
/// <param name="Loss">Rounding of J.</param>
/// <param name="Gradients">Rounding of the gradient of each layer with parameters, as a Euclidean norm.</param>
internal sealed record RoundingProbe(double Loss, double[] Gradients)
{
    private const int Probes = 4;

    public static double Epsilon<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => typeof(T) == typeof(float) ? Math.ScaleB(1, -23) : Math.ScaleB(1, -52);

    public static RoundingProbe Run<T>(TrainingStep<T> step, ReadOnlySpan<T> samples, Targets<T> targets, int batch, BackwardSweep<T> sweep)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Span<T> theta = step.Network.Parameters;
        T[] saved = theta.ToArray();
        double epsilon = Epsilon<T>(), loss = epsilon * (Math.Abs(sweep.Loss) + step.Loss.TermSize);
        var gradients = new double[sweep.Gradients.Length];
        for (int probe = 1; probe <= Probes; probe++)
        {
            for (int i = 0; i < saved.Length; i++)
                theta[i] = saved[i] * T.CreateChecked(1 + (((i / probe) & 1) == 0 ? epsilon : -epsilon));
            BackwardSweep<T> moved = BackwardSweep<T>.Run(step, samples, targets, batch);
            loss = Math.Max(loss, Math.Abs(moved.Loss - sweep.Loss));
            for (int l = 0; l < gradients.Length; l++)
                gradients[l] = Math.Max(gradients[l], Distance<T>(moved.Gradients[l], sweep.Gradients[l]));
        }

        saved.CopyTo(theta);
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
