using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ProxProp.Engine.Simd;

/// <summary>512 bits of <typeparamref name="T"/>. See <see cref="ISimd{TSelf, T}"/> for what each operation promises.</summary>
/// <typeparam name="T">float or double.</typeparam>
public unsafe struct Simd512<T> : ISimd<Simd512<T>, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private Vector512<T> _v;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Simd512(Vector512<T> v) => _v = v;

    /// <inheritdoc/>
    public static int Count => Vector512<T>.Count;

    /// <inheritdoc/>
    public static Simd512<T> Zero => new(Vector512<T>.Zero);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Broadcast(T value) => new(Vector512.Create(value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Load(T* source) => new(Vector512.Load(source));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Simd512<T> value, T* destination) => value._v.Store(destination);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreInt32(Simd512<T> value, int* destination)
    {
        if (typeof(T) == typeof(float))
        {
            Vector512.ConvertToInt32Native(value._v.AsSingle()).Store(destination);
        }
        else
        {
            Vector512<int> halves = AddMagic(value._v.AsDouble()).AsInt32();
            Vector512.Shuffle(halves, Vector512.Create(0, 2, 4, 6, 8, 10, 12, 14, 0, 2, 4, 6, 8, 10, 12, 14)).GetLower().Store(destination);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> LoadInt32(int* source)
    {
        if (typeof(T) == typeof(float))
            return new(Vector512.ConvertToSingle(Vector512.Load(source)).As<float, T>());
        if (Avx512F.IsSupported)
            return new(Avx512F.ConvertToVector512Double(Vector256.Load(source)).As<double, T>());
        return new(Vector512.Create(source[0], source[1], source[2], source[3], source[4], source[5], source[6], (double)source[7]).As<double, T>());
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreInterleaved(Simd512<T> even, Simd512<T> odd, T* destination)
    {
        if (!Avx512F.IsSupported)
        {
            Simd256<T>.StoreInterleaved(new(even._v.GetLower()), new(odd._v.GetLower()), destination);
            Simd256<T>.StoreInterleaved(new(even._v.GetUpper()), new(odd._v.GetUpper()), destination + Count);
        }
        else if (typeof(T) == typeof(float))
        {
            Vector512<float> e = even._v.AsSingle(), o = odd._v.AsSingle();
            Vector512<int> low = Vector512.Create(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            Avx512F.PermuteVar16x32x2(e, low, o).Store((float*)destination);
            Avx512F.PermuteVar16x32x2(e, low + Vector512.Create(8), o).Store((float*)destination + 16);
        }
        else
        {
            Vector512<double> e = even._v.AsDouble(), o = odd._v.AsDouble();
            Vector512<long> low = Vector512.Create(0L, 8, 1, 9, 2, 10, 3, 11);
            Avx512F.PermuteVar8x64x2(e, low, o).Store((double*)destination);
            Avx512F.PermuteVar8x64x2(e, low + Vector512.Create(4L), o).Store((double*)destination + 8);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> EvenLanes(Simd512<T> first, Simd512<T> second) => typeof(T) == typeof(float)
        ? Join(Vector512.Shuffle(first._v.AsSingle(), Vector512.Create(0, 2, 4, 6, 8, 10, 12, 14, 0, 2, 4, 6, 8, 10, 12, 14)), Vector512.Shuffle(second._v.AsSingle(), Vector512.Create(0, 2, 4, 6, 8, 10, 12, 14, 0, 2, 4, 6, 8, 10, 12, 14)))
        : Join(Vector512.Shuffle(first._v.AsDouble(), Vector512.Create(0L, 2L, 4L, 6L, 0L, 2L, 4L, 6L)), Vector512.Shuffle(second._v.AsDouble(), Vector512.Create(0L, 2L, 4L, 6L, 0L, 2L, 4L, 6L)));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> OddLanes(Simd512<T> first, Simd512<T> second) => typeof(T) == typeof(float)
        ? Join(Vector512.Shuffle(first._v.AsSingle(), Vector512.Create(1, 3, 5, 7, 9, 11, 13, 15, 1, 3, 5, 7, 9, 11, 13, 15)), Vector512.Shuffle(second._v.AsSingle(), Vector512.Create(1, 3, 5, 7, 9, 11, 13, 15, 1, 3, 5, 7, 9, 11, 13, 15)))
        : Join(Vector512.Shuffle(first._v.AsDouble(), Vector512.Create(1L, 3L, 5L, 7L, 1L, 3L, 5L, 7L)), Vector512.Shuffle(second._v.AsDouble(), Vector512.Create(1L, 3L, 5L, 7L, 1L, 3L, 5L, 7L)));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> operator +(Simd512<T> left, Simd512<T> right) => new(left._v + right._v);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> operator -(Simd512<T> left, Simd512<T> right) => new(left._v - right._v);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> operator *(Simd512<T> left, Simd512<T> right) => new(left._v * right._v);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> operator /(Simd512<T> left, Simd512<T> right) => new(left._v / right._v);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> operator -(Simd512<T> value) => new(-value._v);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> MultiplyAdd(Simd512<T> a, Simd512<T> b, Simd512<T> c) => typeof(T) == typeof(float)
        ? new(Vector512.FusedMultiplyAdd(a._v.AsSingle(), b._v.AsSingle(), c._v.AsSingle()).As<float, T>())
        : new(Vector512.FusedMultiplyAdd(a._v.AsDouble(), b._v.AsDouble(), c._v.AsDouble()).As<double, T>());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyAddTo(ref Simd512<T> sum, Simd512<T> a, Simd512<T> b)
    {
        if (typeof(T) == typeof(float))
            sum._v = Vector512.FusedMultiplyAdd(a._v.AsSingle(), b._v.AsSingle(), sum._v.AsSingle()).As<float, T>();
        else
            sum._v = Vector512.FusedMultiplyAdd(a._v.AsDouble(), b._v.AsDouble(), sum._v.AsDouble()).As<double, T>();
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyAddTo(ref Simd512<T> sum, Simd512<T> a, T* x)
    {
        if (typeof(T) == typeof(float))
            sum._v = Vector512.FusedMultiplyAdd(a._v.AsSingle(), Vector512.Create(*(float*)x), sum._v.AsSingle()).As<float, T>();
        else
            sum._v = Vector512.FusedMultiplyAdd(a._v.AsDouble(), Vector512.Create(*(double*)x), sum._v.AsDouble()).As<double, T>();
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyAddTo(ref Simd512<T> first, ref Simd512<T> second, Simd512<T> a, Simd512<T> b, T x)
    {
        Simd512<T> lanes = Broadcast(x);
        MultiplyAddTo(ref first, lanes, a);
        MultiplyAddTo(ref second, lanes, b);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyAddTo(ref Simd512<T> first, ref Simd512<T> second, Simd512<T> a, Simd512<T> b, T* x, nint at)
    {
        MultiplyAddTo(ref first, a, x + at);

        // Read as an integer: of two reads of one number the compiler would make a single one, into a register, by an instruction of its own.
        if (typeof(T) == typeof(float))
            second._v = Vector512.FusedMultiplyAdd(b._v.AsSingle(), Vector512.Create(((int*)x)[at]).AsSingle(), second._v.AsSingle()).As<float, T>();
        else
            second._v = Vector512.FusedMultiplyAdd(b._v.AsDouble(), Vector512.Create(((long*)x)[at]).AsDouble(), second._v.AsDouble()).As<double, T>();
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Sqrt(Simd512<T> value) => new(Vector512.Sqrt(value._v));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Abs(Simd512<T> value) => new(Vector512.Abs(value._v));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> CopySign(Simd512<T> magnitude, Simd512<T> sign) => new(Vector512.CopySign(magnitude._v, sign._v));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Round(Simd512<T> value) => typeof(T) == typeof(float)
        ? new(Vector512.Round(value._v.AsSingle()).As<float, T>())
        : new(Vector512.Round(value._v.AsDouble()).As<double, T>());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Max(Simd512<T> left, Simd512<T> right)
    {
        // x86's instruction has exactly this contract, NaN and zeros included.
        if (Avx512F.IsSupported)
        {
            return typeof(T) == typeof(float)
                ? new(Avx512F.Max(left._v.AsSingle(), right._v.AsSingle()).As<float, T>())
                : new(Avx512F.Max(left._v.AsDouble(), right._v.AsDouble()).As<double, T>());
        }

        return Select(LessThan(right, left), left, right);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Min(Simd512<T> left, Simd512<T> right)
    {
        // x86's instruction has exactly this contract, NaN and zeros included.
        if (Avx512F.IsSupported)
        {
            return typeof(T) == typeof(float)
                ? new(Avx512F.Min(left._v.AsSingle(), right._v.AsSingle()).As<float, T>())
                : new(Avx512F.Min(left._v.AsDouble(), right._v.AsDouble()).As<double, T>());
        }

        return Select(LessThan(left, right), left, right);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> LessThan(Simd512<T> left, Simd512<T> right) => new(Vector512.LessThan(left._v, right._v));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> LessThanOrEqual(Simd512<T> left, Simd512<T> right) => new(Vector512.LessThanOrEqual(left._v, right._v));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Select(Simd512<T> mask, Simd512<T> ifTrue, Simd512<T> ifFalse) =>
        new(Vector512.ConditionalSelect(mask._v, ifTrue._v, ifFalse._v));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> PowerOfTwo(Simd512<T> n) => typeof(T) == typeof(float)
        ? new(((Vector512.ConvertToInt32Native(n._v.AsSingle()) + Vector512.Create(127)) << 23).As<int, T>())
        : new(((AddMagic(n._v.AsDouble()).AsInt64() + Vector512.Create(1023L)) << 52).As<long, T>());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> SplitExponent(Simd512<T> value, out Simd512<T> significand)
    {
        if (typeof(T) == typeof(float))
        {
            Vector512<int> bits = value._v.AsInt32();
            significand = new(((bits & Vector512.Create(0x007F_FFFF)) | Vector512.Create(0x3F80_0000)).As<int, T>());
            return new(Vector512.ConvertToSingle((bits >> 23) - Vector512.Create(127)).As<float, T>());
        }
        else
        {
            Vector512<long> bits = value._v.AsInt64();
            significand = new(((bits & Vector512.Create(0x000F_FFFF_FFFF_FFFFL)) | Vector512.Create(0x3FF0_0000_0000_0000L)).As<long, T>());
            // An integer below 2^52 placed in the low bits of 2^52 is that double plus 2^52: no 64-bit conversion is needed.
            Vector512<double> biased = ((bits >>> 52) | Vector512.Create(Magic).AsInt64()).AsDouble() - Vector512.Create(Magic);
            return new((biased - Vector512.Create(1023.0)).As<double, T>());
        }
    }

    private const double Magic = 4503599627370496.0; // 2^52

    // The lower halves, one after the other.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Simd512<T> Join<TLane>(Vector512<TLane> low, Vector512<TLane> high) => new(Vector512.Create(low.GetLower(), high.GetLower()).As<TLane, T>());

    // The low bits of n + 1.5·2^52 are those of the two's complement integer n; shifts by 52 and reads of 32 bits drop the others.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> AddMagic(Vector512<double> n) => n + Vector512.Create(1.5 * Magic);
}
