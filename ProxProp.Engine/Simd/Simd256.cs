using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ProxProp.Engine.Simd;

/// <summary>256 bits of <typeparamref name="T"/>. See <see cref="ISimd{TSelf, T}"/> for what each operation promises.</summary>
/// <typeparam name="T">float or double.</typeparam>
public unsafe struct Simd256<T> : ISimd<Simd256<T>, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private Vector256<T> _v;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Simd256(Vector256<T> v) => _v = v;

    /// <inheritdoc/>
    public static int Count => Vector256<T>.Count;

    /// <inheritdoc/>
    public static Simd256<T> Zero => new(Vector256<T>.Zero);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Broadcast(T value) => new(Vector256.Create(value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Load(T* source) => new(Vector256.Load(source));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Simd256<T> value, T* destination) => value._v.Store(destination);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreInt32(Simd256<T> value, int* destination)
    {
        if (typeof(T) == typeof(float))
        {
            Vector256.ConvertToInt32Native(value._v.AsSingle()).Store(destination);
        }
        else
        {
            Vector256<int> halves = AddMagic(value._v.AsDouble()).AsInt32();
            Vector256.Shuffle(halves, Vector256.Create(0, 2, 4, 6, 0, 2, 4, 6)).GetLower().Store(destination);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> LoadInt32(int* source) => typeof(T) == typeof(float)
        ? new(Vector256.ConvertToSingle(Vector256.Load(source)).As<float, T>())
        : new(Vector256.Create(source[0], source[1], source[2], (double)source[3]).As<double, T>());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreInterleaved(Simd256<T> even, Simd256<T> odd, T* destination)
    {
        Simd128<T>.StoreInterleaved(new(even._v.GetLower()), new(odd._v.GetLower()), destination);
        Simd128<T>.StoreInterleaved(new(even._v.GetUpper()), new(odd._v.GetUpper()), destination + Count);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> EvenLanes(Simd256<T> first, Simd256<T> second) => typeof(T) == typeof(float)
        ? Join(Vector256.Shuffle(first._v.AsSingle(), Vector256.Create(0, 2, 4, 6, 0, 2, 4, 6)), Vector256.Shuffle(second._v.AsSingle(), Vector256.Create(0, 2, 4, 6, 0, 2, 4, 6)))
        : Join(Vector256.Shuffle(first._v.AsDouble(), Vector256.Create(0L, 2L, 0L, 2L)), Vector256.Shuffle(second._v.AsDouble(), Vector256.Create(0L, 2L, 0L, 2L)));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> OddLanes(Simd256<T> first, Simd256<T> second) => typeof(T) == typeof(float)
        ? Join(Vector256.Shuffle(first._v.AsSingle(), Vector256.Create(1, 3, 5, 7, 1, 3, 5, 7)), Vector256.Shuffle(second._v.AsSingle(), Vector256.Create(1, 3, 5, 7, 1, 3, 5, 7)))
        : Join(Vector256.Shuffle(first._v.AsDouble(), Vector256.Create(1L, 3L, 1L, 3L)), Vector256.Shuffle(second._v.AsDouble(), Vector256.Create(1L, 3L, 1L, 3L)));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> operator +(Simd256<T> left, Simd256<T> right) => new(left._v + right._v);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> operator -(Simd256<T> left, Simd256<T> right) => new(left._v - right._v);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> operator *(Simd256<T> left, Simd256<T> right) => new(left._v * right._v);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> operator /(Simd256<T> left, Simd256<T> right) => new(left._v / right._v);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> operator -(Simd256<T> value) => new(-value._v);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> MultiplyAdd(Simd256<T> a, Simd256<T> b, Simd256<T> c) => typeof(T) == typeof(float)
        ? new(Vector256.FusedMultiplyAdd(a._v.AsSingle(), b._v.AsSingle(), c._v.AsSingle()).As<float, T>())
        : new(Vector256.FusedMultiplyAdd(a._v.AsDouble(), b._v.AsDouble(), c._v.AsDouble()).As<double, T>());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyAddTo(ref Simd256<T> sum, Simd256<T> a, Simd256<T> b)
    {
        if (typeof(T) == typeof(float))
            sum._v = Vector256.FusedMultiplyAdd(a._v.AsSingle(), b._v.AsSingle(), sum._v.AsSingle()).As<float, T>();
        else
            sum._v = Vector256.FusedMultiplyAdd(a._v.AsDouble(), b._v.AsDouble(), sum._v.AsDouble()).As<double, T>();
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyAddTo(ref Simd256<T> sum, Simd256<T> a, T* x) => MultiplyAddTo(ref sum, Broadcast(*x), a);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyAddTo(ref Simd256<T> first, ref Simd256<T> second, Simd256<T> a, Simd256<T> b, T x)
    {
        Simd256<T> lanes = Broadcast(x);
        MultiplyAddTo(ref first, lanes, a);
        MultiplyAddTo(ref second, lanes, b);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyAddTo(ref Simd256<T> first, ref Simd256<T> second, Simd256<T> a, Simd256<T> b, T* x, nint at) =>
        MultiplyAddTo(ref first, ref second, a, b, x[at]);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Sqrt(Simd256<T> value) => new(Vector256.Sqrt(value._v));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Abs(Simd256<T> value) => new(Vector256.Abs(value._v));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> CopySign(Simd256<T> magnitude, Simd256<T> sign) => new(Vector256.CopySign(magnitude._v, sign._v));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Round(Simd256<T> value) => typeof(T) == typeof(float)
        ? new(Vector256.Round(value._v.AsSingle()).As<float, T>())
        : new(Vector256.Round(value._v.AsDouble()).As<double, T>());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Max(Simd256<T> left, Simd256<T> right)
    {
        // x86's instruction has exactly this contract, NaN and zeros included.
        if (Avx.IsSupported)
        {
            return typeof(T) == typeof(float)
                ? new(Avx.Max(left._v.AsSingle(), right._v.AsSingle()).As<float, T>())
                : new(Avx.Max(left._v.AsDouble(), right._v.AsDouble()).As<double, T>());
        }

        return Select(LessThan(right, left), left, right);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Min(Simd256<T> left, Simd256<T> right)
    {
        // x86's instruction has exactly this contract, NaN and zeros included.
        if (Avx.IsSupported)
        {
            return typeof(T) == typeof(float)
                ? new(Avx.Min(left._v.AsSingle(), right._v.AsSingle()).As<float, T>())
                : new(Avx.Min(left._v.AsDouble(), right._v.AsDouble()).As<double, T>());
        }

        return Select(LessThan(left, right), left, right);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> LessThan(Simd256<T> left, Simd256<T> right) => new(Vector256.LessThan(left._v, right._v));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> LessThanOrEqual(Simd256<T> left, Simd256<T> right) => new(Vector256.LessThanOrEqual(left._v, right._v));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Select(Simd256<T> mask, Simd256<T> ifTrue, Simd256<T> ifFalse) =>
        new(Vector256.ConditionalSelect(mask._v, ifTrue._v, ifFalse._v));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> PowerOfTwo(Simd256<T> n) => typeof(T) == typeof(float)
        ? new(((Vector256.ConvertToInt32Native(n._v.AsSingle()) + Vector256.Create(127)) << 23).As<int, T>())
        : new(((AddMagic(n._v.AsDouble()).AsInt64() + Vector256.Create(1023L)) << 52).As<long, T>());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> SplitExponent(Simd256<T> value, out Simd256<T> significand)
    {
        if (typeof(T) == typeof(float))
        {
            Vector256<int> bits = value._v.AsInt32();
            significand = new(((bits & Vector256.Create(0x007F_FFFF)) | Vector256.Create(0x3F80_0000)).As<int, T>());
            return new(Vector256.ConvertToSingle((bits >> 23) - Vector256.Create(127)).As<float, T>());
        }
        else
        {
            Vector256<long> bits = value._v.AsInt64();
            significand = new(((bits & Vector256.Create(0x000F_FFFF_FFFF_FFFFL)) | Vector256.Create(0x3FF0_0000_0000_0000L)).As<long, T>());
            // An integer below 2^52 placed in the low bits of 2^52 is that double plus 2^52: no 64-bit conversion is needed.
            Vector256<double> biased = ((bits >>> 52) | Vector256.Create(Magic).AsInt64()).AsDouble() - Vector256.Create(Magic);
            return new((biased - Vector256.Create(1023.0)).As<double, T>());
        }
    }

    private const double Magic = 4503599627370496.0; // 2^52

    // The lower halves, one after the other.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Simd256<T> Join<TLane>(Vector256<TLane> low, Vector256<TLane> high) => new(Vector256.Create(low.GetLower(), high.GetLower()).As<TLane, T>());

    // The low bits of n + 1.5·2^52 are those of the two's complement integer n; shifts by 52 and reads of 32 bits drop the others.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> AddMagic(Vector256<double> n) => n + Vector256.Create(1.5 * Magic);
}
