using System.Numerics;
using System.Runtime.CompilerServices;

namespace ProxProp.Engine.Simd;

/// <summary>One lane of <typeparamref name="T"/>: remainders, and machines without vectors. Same bits as every other width.</summary>
/// <typeparam name="T">float or double.</typeparam>
public unsafe struct Scalar<T> : ISimd<Scalar<T>, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private T _v;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Scalar(T v) => _v = v;

    /// <inheritdoc/>
    public static int Count => 1;

    /// <inheritdoc/>
    public static Scalar<T> Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(T.Zero);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Scalar<T> Broadcast(T value) => new(value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Scalar<T> Load(T* source) => new(*source);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Scalar<T> value, T* destination) => *destination = value._v;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreInt32(Scalar<T> value, int* destination) => *destination = int.CreateTruncating(value._v);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Scalar<T> LoadInt32(int* source) => new(T.CreateTruncating(*source));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreInterleaved(Scalar<T> even, Scalar<T> odd, T* destination) => (destination[0], destination[1]) = (even._v, odd._v);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Scalar<T> EvenLanes(Scalar<T> first, Scalar<T> second) => first;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Scalar<T> OddLanes(Scalar<T> first, Scalar<T> second) => second;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Scalar<T> operator +(Scalar<T> left, Scalar<T> right) => new(left._v + right._v);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Scalar<T> operator -(Scalar<T> left, Scalar<T> right) => new(left._v - right._v);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Scalar<T> operator *(Scalar<T> left, Scalar<T> right) => new(left._v * right._v);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Scalar<T> operator /(Scalar<T> left, Scalar<T> right) => new(left._v / right._v);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Scalar<T> operator -(Scalar<T> value) => new(-value._v);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Scalar<T> MultiplyAdd(Scalar<T> a, Scalar<T> b, Scalar<T> c) => new(T.FusedMultiplyAdd(a._v, b._v, c._v));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyAddTo(ref Scalar<T> sum, Scalar<T> a, Scalar<T> b) =>
        sum._v = T.FusedMultiplyAdd(a._v, b._v, sum._v);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyAddTo(ref Scalar<T> sum, Scalar<T> a, T* x) => MultiplyAddTo(ref sum, Broadcast(*x), a);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyAddTo(ref Scalar<T> first, ref Scalar<T> second, Scalar<T> a, Scalar<T> b, T x)
    {
        Scalar<T> lanes = Broadcast(x);
        MultiplyAddTo(ref first, lanes, a);
        MultiplyAddTo(ref second, lanes, b);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyAddTo(ref Scalar<T> first, ref Scalar<T> second, Scalar<T> a, Scalar<T> b, T* x, nint at) =>
        MultiplyAddTo(ref first, ref second, a, b, x[at]);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Scalar<T> Sqrt(Scalar<T> value) => new(T.Sqrt(value._v));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Scalar<T> Abs(Scalar<T> value) => new(T.Abs(value._v));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Scalar<T> CopySign(Scalar<T> magnitude, Scalar<T> sign) => new(T.CopySign(magnitude._v, sign._v));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Scalar<T> Round(Scalar<T> value) => new(T.Round(value._v));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Scalar<T> Max(Scalar<T> left, Scalar<T> right) => left._v > right._v ? left : right;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Scalar<T> Min(Scalar<T> left, Scalar<T> right) => left._v < right._v ? left : right;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Scalar<T> LessThan(Scalar<T> left, Scalar<T> right) => Mask(left._v < right._v);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Scalar<T> LessThanOrEqual(Scalar<T> left, Scalar<T> right) => Mask(left._v <= right._v);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Scalar<T> Select(Scalar<T> mask, Scalar<T> ifTrue, Scalar<T> ifFalse) => IsSet(mask._v) ? ifTrue : ifFalse;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Scalar<T> PowerOfTwo(Scalar<T> n)
    {
        if (typeof(T) == typeof(float))
        {
            return new(Unsafe.BitCast<int, T>((int.CreateTruncating(n._v) + 127) << 23));
        }

        return new(Unsafe.BitCast<long, T>((long.CreateTruncating(n._v) + 1023) << 52));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Scalar<T> SplitExponent(Scalar<T> value, out Scalar<T> significand)
    {
        if (typeof(T) == typeof(float))
        {
            int bits = Unsafe.BitCast<T, int>(value._v);
            significand = new(Unsafe.BitCast<int, T>((bits & 0x007F_FFFF) | 0x3F80_0000));
            return new(T.CreateTruncating((bits >> 23) - 127));
        }
        else
        {
            long bits = Unsafe.BitCast<T, long>(value._v);
            significand = new(Unsafe.BitCast<long, T>((bits & 0x000F_FFFF_FFFF_FFFFL) | 0x3FF0_0000_0000_0000L));
            return new(T.CreateTruncating((bits >>> 52) - 1023));
        }
    }

    // A mask is all ones, whose floating-point value is a NaN: only its sign bit is looked at.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Scalar<T> Mask(bool set)
    {
        if (typeof(T) == typeof(float))
            return new(Unsafe.BitCast<int, T>(set ? -1 : 0));
        return new(Unsafe.BitCast<long, T>(set ? -1L : 0L));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsSet(T mask) => typeof(T) == typeof(float)
        ? Unsafe.BitCast<T, int>(mask) < 0
        : Unsafe.BitCast<T, long>(mask) < 0;
}
