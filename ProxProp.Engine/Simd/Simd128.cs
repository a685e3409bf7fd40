using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace ProxProp.Engine.Simd;

/// <summary>128 bits of <typeparamref name="T"/>. See <see cref="ISimd{TSelf, T}"/> for what each operation promises.</summary>
/// <typeparam name="T">float or double.</typeparam>
public unsafe struct Simd128<T> : ISimd<Simd128<T>, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private Vector128<T> _v;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Simd128(Vector128<T> v) => _v = v;

    /// <inheritdoc/>
    public static int Count => Vector128<T>.Count;

    /// <inheritdoc/>
    public static Simd128<T> Zero => new(Vector128<T>.Zero);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Broadcast(T value) => new(Vector128.Create(value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Load(T* source) => new(Vector128.Load(source));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Simd128<T> value, T* destination) => value._v.Store(destination);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreInt32(Simd128<T> value, int* destination)
    {
        if (typeof(T) == typeof(float))
        {
            Vector128.ConvertToInt32Native(value._v.AsSingle()).Store(destination);
        }
        else
        {
            Vector128<int> halves = AddMagic(value._v.AsDouble()).AsInt32();
            Vector128.Shuffle(halves, Vector128.Create(0, 2, 0, 2)).GetLower().Store(destination);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> LoadInt32(int* source) => typeof(T) == typeof(float)
        ? new(Vector128.ConvertToSingle(Vector128.Load(source)).As<float, T>())
        : new(Vector128.Create((double)source[0], source[1]).As<double, T>());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreInterleaved(Simd128<T> even, Simd128<T> odd, T* destination)
    {
        if (Sse2.IsSupported)
        {
            if (typeof(T) == typeof(float))
            {
                Sse.UnpackLow(even._v.AsSingle(), odd._v.AsSingle()).Store((float*)destination);
                Sse.UnpackHigh(even._v.AsSingle(), odd._v.AsSingle()).Store((float*)destination + 4);
            }
            else
            {
                Sse2.UnpackLow(even._v.AsDouble(), odd._v.AsDouble()).Store((double*)destination);
                Sse2.UnpackHigh(even._v.AsDouble(), odd._v.AsDouble()).Store((double*)destination + 2);
            }

            return;
        }

        if (AdvSimd.Arm64.IsSupported)
        {
            if (typeof(T) == typeof(float))
            {
                AdvSimd.Arm64.ZipLow(even._v.AsSingle(), odd._v.AsSingle()).Store((float*)destination);
                AdvSimd.Arm64.ZipHigh(even._v.AsSingle(), odd._v.AsSingle()).Store((float*)destination + 4);
            }
            else
            {
                AdvSimd.Arm64.ZipLow(even._v.AsDouble(), odd._v.AsDouble()).Store((double*)destination);
                AdvSimd.Arm64.ZipHigh(even._v.AsDouble(), odd._v.AsDouble()).Store((double*)destination + 2);
            }

            return;
        }

        for (int lane = 0; lane < Count; lane++)
            (destination[2 * lane], destination[(2 * lane) + 1]) = (even._v[lane], odd._v[lane]);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> EvenLanes(Simd128<T> first, Simd128<T> second)
    {
        // Halves of 64 bits would go through memory.
        if (Sse2.IsSupported)
        {
            return typeof(T) == typeof(float)
                ? new(Sse.Shuffle(first._v.AsSingle(), second._v.AsSingle(), 0b10_00_10_00).As<float, T>())
                : new(Sse2.UnpackLow(first._v.AsDouble(), second._v.AsDouble()).As<double, T>());
        }

        if (AdvSimd.Arm64.IsSupported)
        {
            return typeof(T) == typeof(float)
                ? new(AdvSimd.Arm64.UnzipEven(first._v.AsSingle(), second._v.AsSingle()).As<float, T>())
                : new(AdvSimd.Arm64.UnzipEven(first._v.AsDouble(), second._v.AsDouble()).As<double, T>());
        }

        return typeof(T) == typeof(float)
            ? Join(Vector128.Shuffle(first._v.AsSingle(), Vector128.Create(0, 2, 0, 2)), Vector128.Shuffle(second._v.AsSingle(), Vector128.Create(0, 2, 0, 2)))
            : Join(Vector128.Shuffle(first._v.AsDouble(), Vector128.Create(0L, 0L)), Vector128.Shuffle(second._v.AsDouble(), Vector128.Create(0L, 0L)));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> OddLanes(Simd128<T> first, Simd128<T> second)
    {
        // Halves of 64 bits would go through memory.
        if (Sse2.IsSupported)
        {
            return typeof(T) == typeof(float)
                ? new(Sse.Shuffle(first._v.AsSingle(), second._v.AsSingle(), 0b11_01_11_01).As<float, T>())
                : new(Sse2.UnpackHigh(first._v.AsDouble(), second._v.AsDouble()).As<double, T>());
        }

        if (AdvSimd.Arm64.IsSupported)
        {
            return typeof(T) == typeof(float)
                ? new(AdvSimd.Arm64.UnzipOdd(first._v.AsSingle(), second._v.AsSingle()).As<float, T>())
                : new(AdvSimd.Arm64.UnzipOdd(first._v.AsDouble(), second._v.AsDouble()).As<double, T>());
        }

        return typeof(T) == typeof(float)
            ? Join(Vector128.Shuffle(first._v.AsSingle(), Vector128.Create(1, 3, 1, 3)), Vector128.Shuffle(second._v.AsSingle(), Vector128.Create(1, 3, 1, 3)))
            : Join(Vector128.Shuffle(first._v.AsDouble(), Vector128.Create(1L, 1L)), Vector128.Shuffle(second._v.AsDouble(), Vector128.Create(1L, 1L)));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> operator +(Simd128<T> left, Simd128<T> right) => new(left._v + right._v);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> operator -(Simd128<T> left, Simd128<T> right) => new(left._v - right._v);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> operator *(Simd128<T> left, Simd128<T> right) => new(left._v * right._v);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> operator /(Simd128<T> left, Simd128<T> right) => new(left._v / right._v);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> operator -(Simd128<T> value) => new(-value._v);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> MultiplyAdd(Simd128<T> a, Simd128<T> b, Simd128<T> c) => typeof(T) == typeof(float)
        ? new(Vector128.FusedMultiplyAdd(a._v.AsSingle(), b._v.AsSingle(), c._v.AsSingle()).As<float, T>())
        : new(Vector128.FusedMultiplyAdd(a._v.AsDouble(), b._v.AsDouble(), c._v.AsDouble()).As<double, T>());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyAddTo(ref Simd128<T> sum, Simd128<T> a, Simd128<T> b)
    {
        if (typeof(T) == typeof(float))
            sum._v = Vector128.FusedMultiplyAdd(a._v.AsSingle(), b._v.AsSingle(), sum._v.AsSingle()).As<float, T>();
        else
            sum._v = Vector128.FusedMultiplyAdd(a._v.AsDouble(), b._v.AsDouble(), sum._v.AsDouble()).As<double, T>();
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyAddTo(ref Simd128<T> sum, Simd128<T> a, T* x) => MultiplyAddTo(ref sum, Broadcast(*x), a);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyAddTo(ref Simd128<T> first, ref Simd128<T> second, Simd128<T> a, Simd128<T> b, T x)
    {
        Simd128<T> lanes = Broadcast(x);
        MultiplyAddTo(ref first, lanes, a);
        MultiplyAddTo(ref second, lanes, b);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyAddTo(ref Simd128<T> first, ref Simd128<T> second, Simd128<T> a, Simd128<T> b, T* x, nint at) =>
        MultiplyAddTo(ref first, ref second, a, b, x[at]);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Sqrt(Simd128<T> value) => new(Vector128.Sqrt(value._v));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Abs(Simd128<T> value) => new(Vector128.Abs(value._v));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> CopySign(Simd128<T> magnitude, Simd128<T> sign) => new(Vector128.CopySign(magnitude._v, sign._v));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Round(Simd128<T> value) => typeof(T) == typeof(float)
        ? new(Vector128.Round(value._v.AsSingle()).As<float, T>())
        : new(Vector128.Round(value._v.AsDouble()).As<double, T>());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Max(Simd128<T> left, Simd128<T> right)
    {
        // x86's instruction has exactly this contract, NaN and zeros included.
        if (Sse2.IsSupported)
        {
            return typeof(T) == typeof(float)
                ? new(Sse.Max(left._v.AsSingle(), right._v.AsSingle()).As<float, T>())
                : new(Sse2.Max(left._v.AsDouble(), right._v.AsDouble()).As<double, T>());
        }

        return Select(LessThan(right, left), left, right);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Min(Simd128<T> left, Simd128<T> right)
    {
        // x86's instruction has exactly this contract, NaN and zeros included.
        if (Sse2.IsSupported)
        {
            return typeof(T) == typeof(float)
                ? new(Sse.Min(left._v.AsSingle(), right._v.AsSingle()).As<float, T>())
                : new(Sse2.Min(left._v.AsDouble(), right._v.AsDouble()).As<double, T>());
        }

        return Select(LessThan(left, right), left, right);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> LessThan(Simd128<T> left, Simd128<T> right) => new(Vector128.LessThan(left._v, right._v));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> LessThanOrEqual(Simd128<T> left, Simd128<T> right) => new(Vector128.LessThanOrEqual(left._v, right._v));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Select(Simd128<T> mask, Simd128<T> ifTrue, Simd128<T> ifFalse) =>
        new(Vector128.ConditionalSelect(mask._v, ifTrue._v, ifFalse._v));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> PowerOfTwo(Simd128<T> n) => typeof(T) == typeof(float)
        ? new(((Vector128.ConvertToInt32Native(n._v.AsSingle()) + Vector128.Create(127)) << 23).As<int, T>())
        : new(((AddMagic(n._v.AsDouble()).AsInt64() + Vector128.Create(1023L)) << 52).As<long, T>());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> SplitExponent(Simd128<T> value, out Simd128<T> significand)
    {
        if (typeof(T) == typeof(float))
        {
            Vector128<int> bits = value._v.AsInt32();
            significand = new(((bits & Vector128.Create(0x007F_FFFF)) | Vector128.Create(0x3F80_0000)).As<int, T>());
            return new(Vector128.ConvertToSingle((bits >> 23) - Vector128.Create(127)).As<float, T>());
        }
        else
        {
            Vector128<long> bits = value._v.AsInt64();
            significand = new(((bits & Vector128.Create(0x000F_FFFF_FFFF_FFFFL)) | Vector128.Create(0x3FF0_0000_0000_0000L)).As<long, T>());
            // An integer below 2^52 placed in the low bits of 2^52 is that double plus 2^52: no 64-bit conversion is needed.
            Vector128<double> biased = ((bits >>> 52) | Vector128.Create(Magic).AsInt64()).AsDouble() - Vector128.Create(Magic);
            return new((biased - Vector128.Create(1023.0)).As<double, T>());
        }
    }

    private const double Magic = 4503599627370496.0; // 2^52

    // The lower halves, one after the other.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Simd128<T> Join<TLane>(Vector128<TLane> low, Vector128<TLane> high) => new(Vector128.Create(low.GetLower(), high.GetLower()).As<TLane, T>());

    // The low bits of n + 1.5·2^52 are those of the two's complement integer n; shifts by 52 and reads of 32 bits drop the others.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<double> AddMagic(Vector128<double> n) => n + Vector128.Create(1.5 * Magic);
}
