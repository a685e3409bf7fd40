// Layout:    flat spans, cut into fixed chunks; each element is read before it is written, so an output may be one of the inputs.
// Registers: those of the operator; one vector of each input.
// Remainder: the operator itself on Scalar<T>, the same bits.
// Source:    operator structs as in System.Numerics.Tensors.
using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>A function of one element, written once for all widths.</summary>
/// <typeparam name="T">float or double.</typeparam>
public interface IMap<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The function, lane by lane.</summary>
    TVector Invoke<TVector>(TVector x)
        where TVector : unmanaged, ISimd<TVector, T>;
}

/// <summary>A function of two elements, written once for all widths.</summary>
/// <typeparam name="T">float or double.</typeparam>
public interface IMap2<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The function, lane by lane.</summary>
    TVector Invoke<TVector>(TVector a, TVector b)
        where TVector : unmanaged, ISimd<TVector, T>;
}

/// <summary>A function of three elements, written once for all widths.</summary>
/// <typeparam name="T">float or double.</typeparam>
public interface IMap3<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The function, lane by lane.</summary>
    TVector Invoke<TVector>(TVector a, TVector b, TVector c)
        where TVector : unmanaged, ISimd<TVector, T>;
}

/// <summary>Element-wise kernels. The same bits for every width and number of threads.</summary>
public static unsafe class Elementwise
{
    /// <summary>y[i] = op(x[i]).</summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="op">The function.</param>
    /// <param name="x">Input.</param>
    /// <param name="y">Output, as long as <paramref name="x"/>; may be exactly <paramref name="x"/>, but not overlap it otherwise.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Map<T, TOp>(ComputeContext context, TOp op, ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TOp : struct, IMap<T>
    {
        Lengths.Check(y.Length, x.Length, nameof(y), nameof(x));
        fixed (T* px = x, py = y)
            VectorLoop.Run<T, MapBody<T, TOp>>(context, x.Length, new(op, px, py));
    }

    /// <summary>y[i] = op(a[i], b[i]).</summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="op">The function.</param>
    /// <param name="a">First input.</param>
    /// <param name="b">Second input, as long as <paramref name="a"/>.</param>
    /// <param name="y">Output, as long as <paramref name="a"/>; may be exactly one of the inputs, but not overlap them otherwise.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Map<T, TOp>(ComputeContext context, TOp op, ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TOp : struct, IMap2<T>
    {
        Lengths.Check(b.Length, a.Length, nameof(b), nameof(a));
        Lengths.Check(y.Length, a.Length, nameof(y), nameof(a));
        fixed (T* pa = a, pb = b, py = y)
            VectorLoop.Run<T, Map2Body<T, TOp>>(context, a.Length, new(op, pa, pb, py));
    }

    /// <summary>y[i] = op(a[i], b[i], c[i]).</summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="op">The function.</param>
    /// <param name="a">First input.</param>
    /// <param name="b">Second input, as long as <paramref name="a"/>.</param>
    /// <param name="c">Third input, as long as <paramref name="a"/>.</param>
    /// <param name="y">Output, as long as <paramref name="a"/>; may be exactly one of the inputs, but not overlap them otherwise.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Map<T, TOp>(
        ComputeContext context, TOp op, ReadOnlySpan<T> a, ReadOnlySpan<T> b, ReadOnlySpan<T> c, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TOp : struct, IMap3<T>
    {
        Lengths.Check(b.Length, a.Length, nameof(b), nameof(a));
        Lengths.Check(c.Length, a.Length, nameof(c), nameof(a));
        Lengths.Check(y.Length, a.Length, nameof(y), nameof(a));
        fixed (T* pa = a, pb = b, pc = c, py = y)
            VectorLoop.Run<T, Map3Body<T, TOp>>(context, a.Length, new(op, pa, pb, pc, py));
    }

    /// <summary>y = alpha·x; y may be exactly x.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Scale<T>(ComputeContext context, T alpha, ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Map(context, new Multiply<T>(alpha), x, y);

    /// <summary>y += alpha·x, one rounding per element; y may be exactly x.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Axpy<T>(ComputeContext context, T alpha, ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Map(context, new MultiplyAddTo<T>(alpha), x, y, y);

    /// <summary>y = x + beta·y, one rounding per element; y may be exactly x.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Aypx<T>(ComputeContext context, T beta, ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Map(context, new MultiplyAddTo<T>(beta), y, x, y);

    /// <summary>y = x.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Copy<T>(ComputeContext context, ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Map(context, default(Identity<T>), x, y);

    /// <summary>y = value in every element.</summary>
    public static void Fill<T>(ComputeContext context, T value, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        fixed (T* py = y)
            VectorLoop.Run<T, FillBody<T>>(context, y.Length, new(value, py));
    }

    private readonly struct MapBody<T, TOp>(TOp op, T* x, T* y) : ILoopBody<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TOp : struct, IMap<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Step<TVector>(nint i)
            where TVector : unmanaged, ISimd<TVector, T> => TVector.Store(op.Invoke(TVector.Load(x + i)), y + i);
    }

    private readonly struct Map2Body<T, TOp>(TOp op, T* a, T* b, T* y) : ILoopBody<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TOp : struct, IMap2<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Step<TVector>(nint i)
            where TVector : unmanaged, ISimd<TVector, T> =>
            TVector.Store(op.Invoke(TVector.Load(a + i), TVector.Load(b + i)), y + i);
    }

    private readonly struct Map3Body<T, TOp>(TOp op, T* a, T* b, T* c, T* y) : ILoopBody<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TOp : struct, IMap3<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Step<TVector>(nint i)
            where TVector : unmanaged, ISimd<TVector, T> =>
            TVector.Store(op.Invoke(TVector.Load(a + i), TVector.Load(b + i), TVector.Load(c + i)), y + i);
    }

    private readonly struct FillBody<T>(T value, T* y) : ILoopBody<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Step<TVector>(nint i)
            where TVector : unmanaged, ISimd<TVector, T> => TVector.Store(TVector.Broadcast(value), y + i);
    }

    private readonly struct Identity<T> : IMap<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Invoke<TVector>(TVector x)
            where TVector : unmanaged, ISimd<TVector, T> => x;
    }

    private readonly struct Multiply<T>(T alpha) : IMap<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Invoke<TVector>(TVector x)
            where TVector : unmanaged, ISimd<TVector, T> => TVector.Broadcast(alpha) * x;
    }

    private readonly struct MultiplyAddTo<T>(T alpha) : IMap2<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Invoke<TVector>(TVector a, TVector b)
            where TVector : unmanaged, ISimd<TVector, T> => TVector.MultiplyAdd(TVector.Broadcast(alpha), a, b);
    }
}
