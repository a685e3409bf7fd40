// Layout:    two flat spans, cut into fixed chunks; each element is read before it is written.
// Registers: one vector of each span, two of constants.
// Remainder: the same arithmetic on Scalar<T>.
// Source:    the plane rotation (rot) of BLAS level 1.
using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>A rotation of pairs of numbers. The same bits for every width and number of threads.</summary>
public static unsafe class Rotation
{
    /// <summary>(x, y) = (c·x + s·y, c·y − s·x), element by element; c·y and s·x are rounded once each, the sums with FMA.</summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="c">Cosine.</param>
    /// <param name="s">Sine.</param>
    /// <param name="x">First span, overwritten.</param>
    /// <param name="y">Second span, as long as <paramref name="x"/>, overwritten; may not overlap it.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Apply<T>(ComputeContext context, T c, T s, Span<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Lengths.Check(y.Length, x.Length, nameof(y), nameof(x));
        fixed (T* px = x, py = y)
            VectorLoop.Run<T, Body<T>>(context, x.Length, new(c, s, px, py));
    }

    private readonly struct Body<T>(T c, T s, T* x, T* y) : ILoopBody<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Step<TVector>(nint i)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            TVector cosine = TVector.Broadcast(c), sine = TVector.Broadcast(s), first = TVector.Load(x + i), second = TVector.Load(y + i);
            TVector.Store(TVector.MultiplyAdd(cosine, first, sine * second), x + i);
            TVector.Store(TVector.MultiplyAdd(-sine, first, cosine * second), y + i);
        }
    }
}
