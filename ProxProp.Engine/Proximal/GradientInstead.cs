using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Solvers;

namespace ProxProp.Engine.Proximal;

/// <summary>
/// The direction where a solver has none, because not even an enormous damping makes its matrix definite or because numbers overflowed:
/// the gradient descends too, if it is finite; if it is not, the direction is zero and the report says so.
/// </summary>
internal static class GradientInstead
{
    public static LayerReport Of<T>(IProximalLayer<T> layer, in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> delta, Span<T> v)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        layer.ApplyAdjoint(pass, a, delta, v);
        if (Reductions.AllFinite<T>(pass.Compute, v))
            return new LayerReport(SolverKind.Gradient, SolveStatus.NotPositiveDefinite, 0, 0);
        v.Clear();
        return new LayerReport(SolverKind.Gradient, SolveStatus.Breakdown, 0, 0) { HasNonFinite = true };
    }
}
