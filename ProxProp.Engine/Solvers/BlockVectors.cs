using System.Numerics;
using ProxProp.Engine.Kernels;

namespace ProxProp.Engine.Solvers;

/// <summary>
/// The vector operations of a block recurrence: as the plain ones, but with one scalar per block of a <see cref="BlockLayout"/>.
/// </summary>
/// <remarks>Weights are a units × weights matrix and are handled row by row; the biases behind them are a vector with one element per block.</remarks>
internal static class BlockVectors
{
    /// <summary>dots[u] = ⟨x_u, y_u⟩.</summary>
    public static void Dot<T>(ComputeContext context, BlockLayout layout, ReadOnlySpan<T> x, ReadOnlySpan<T> y, Span<T> dots)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        RowReductions.Dot(context, Weights(layout, x), Weights(layout, y), dots);
        for (int u = 0; layout.HasBias && u < layout.Units; u++)
            dots[u] = T.FusedMultiplyAdd(x[layout.WeightCount + u], y[layout.WeightCount + u], dots[u]);
    }

    /// <summary>y_u += a[u]·x_u.</summary>
    public static void AddScaled<T>(ComputeContext context, BlockLayout layout, ReadOnlySpan<T> a, ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        RowScaling.Axpy(context, a, Weights(layout, x), Weights(layout, y));
        for (int u = 0; layout.HasBias && u < layout.Units; u++)
            y[layout.WeightCount + u] = T.FusedMultiplyAdd(a[u], x[layout.WeightCount + u], y[layout.WeightCount + u]);
    }

    /// <summary>y_u = x_u + b[u]·y_u.</summary>
    public static void ScaleAdd<T>(ComputeContext context, BlockLayout layout, ReadOnlySpan<T> x, ReadOnlySpan<T> b, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        RowScaling.Aypx(context, b, Weights(layout, x), Weights(layout, y));
        for (int u = 0; layout.HasBias && u < layout.Units; u++)
            y[layout.WeightCount + u] = T.FusedMultiplyAdd(b[u], y[layout.WeightCount + u], x[layout.WeightCount + u]);
    }

    private static ReadOnlyMatrix<T> Weights<T>(BlockLayout layout, ReadOnlySpan<T> x)
        where T : unmanaged => new(x, layout.Units, layout.WeightsPerUnit);

    private static Matrix<T> Weights<T>(BlockLayout layout, Span<T> x)
        where T : unmanaged => new(x, layout.Units, layout.WeightsPerUnit);
}
