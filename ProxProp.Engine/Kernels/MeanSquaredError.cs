// Layout:    flat spans. The loss is (Σ d²)/n with d = output − target; dOutput = 2d/n.
// Registers: three vectors; the sum in the fixed order of Reductions.
// Remainder: Scalar<T>, the same bits.
// Source:    torch.nn.MSELoss with its default, the mean over all elements.
using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>The mean over all elements of (output − target)², and its gradient.</summary>
public static class MeanSquaredError
{
    /// <summary>The loss, and dOutput = 2(output − target)/n.</summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="output">n predicted values.</param>
    /// <param name="target">n wanted values.</param>
    /// <param name="dOutput">Receives the gradient; may be exactly one of the inputs.</param>
    /// <returns>The mean; NaN for no elements.</returns>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static double Forward<T>(ComputeContext context, ReadOnlySpan<T> output, ReadOnlySpan<T> target, Span<T> dOutput)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Lengths.Check(target.Length, output.Length, nameof(target), nameof(output));
        Lengths.Check(dOutput.Length, output.Length, nameof(dOutput), nameof(output));
        Elementwise.Map(context, default(Subtract<T>), output, target, dOutput);
        double loss = Reductions.SumOfSquares<T>(context, dOutput) / output.Length;
        Elementwise.Scale(context, T.CreateTruncating(2.0 / output.Length), dOutput, dOutput);
        return loss;
    }

    private readonly struct Subtract<T> : IMap2<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Invoke<TVector>(TVector a, TVector b)
            where TVector : unmanaged, ISimd<TVector, T> => a - b;
    }
}
