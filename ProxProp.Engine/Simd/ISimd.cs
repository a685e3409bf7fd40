using System.Numerics;

namespace ProxProp.Engine.Simd;

/// <summary>
/// A vector of <typeparamref name="T"/> of one fixed width. Kernels are written once against this interface and
/// instantiated for <see cref="Simd512{T}"/>, <see cref="Simd256{T}"/>, <see cref="Simd128{T}"/> and <see cref="Scalar{T}"/>.
/// </summary>
/// <remarks>
/// Every operation is exact to IEEE 754 per lane and the same on all widths and instruction sets; <see cref="MultiplyAdd"/> rounds once.
/// So a kernel whose lanes are independent gives the same bits on every width, and <see cref="Scalar{T}"/> handles remainders without a
/// second formula. Masks are vectors whose lanes are all ones or all zeros.
/// </remarks>
/// <typeparam name="TSelf">The vector type itself.</typeparam>
/// <typeparam name="T">The element type, float or double.</typeparam>
public unsafe interface ISimd<TSelf, T>
    where TSelf : unmanaged, ISimd<TSelf, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Number of lanes, a constant to the compiler.</summary>
    static abstract int Count { get; }

    /// <summary>All lanes +0.</summary>
    static abstract TSelf Zero { get; }

    /// <summary>All lanes <paramref name="value"/>.</summary>
    static abstract TSelf Broadcast(T value);

    /// <summary>Reads <see cref="Count"/> elements; no alignment is asked for.</summary>
    static abstract TSelf Load(T* source);

    /// <summary>Writes <see cref="Count"/> elements; no alignment is asked for.</summary>
    static abstract void Store(TSelf value, T* destination);

    /// <summary>Writes <see cref="Count"/> integral lanes of magnitude below 2³¹ as 32-bit integers.</summary>
    static abstract void StoreInt32(TSelf value, int* destination);

    /// <summary>Reads <see cref="Count"/> 32-bit integers as numbers; of float, beyond magnitude 2²⁴ the nearest.</summary>
    static abstract TSelf LoadInt32(int* source);

    /// <summary>Writes lane 0 of both, then lane 1 of both, …: twice <see cref="Count"/> elements.</summary>
    static abstract void StoreInterleaved(TSelf even, TSelf odd, T* destination);

    /// <summary>The lanes 0, 2, 4, … of two vectors read one after the other.</summary>
    static abstract TSelf EvenLanes(TSelf first, TSelf second);

    /// <summary>The lanes 1, 3, 5, … of two vectors read one after the other.</summary>
    static abstract TSelf OddLanes(TSelf first, TSelf second);

    /// <summary>Lane-wise sum.</summary>
    static abstract TSelf operator +(TSelf left, TSelf right);

    /// <summary>Lane-wise difference.</summary>
    static abstract TSelf operator -(TSelf left, TSelf right);

    /// <summary>Lane-wise product.</summary>
    static abstract TSelf operator *(TSelf left, TSelf right);

    /// <summary>Lane-wise quotient.</summary>
    static abstract TSelf operator /(TSelf left, TSelf right);

    /// <summary>Lane-wise negation (flips the sign bit).</summary>
    static abstract TSelf operator -(TSelf value);

    /// <summary>a·b + c with one rounding.</summary>
    static abstract TSelf MultiplyAdd(TSelf a, TSelf b, TSelf c);

    /// <summary>
    /// sum ← a·b + sum with one rounding: <see cref="MultiplyAdd"/> in place. The compiler keeps the sum in its register, where the
    /// functional form costs a move for each operand that is used for the last time.
    /// </summary>
    static abstract void MultiplyAddTo(ref TSelf sum, TSelf a, TSelf b);

    /// <summary>sum ← a·x + sum with one rounding, for one number x in memory in all lanes: where an instruction can read it by itself, it does.</summary>
    static abstract void MultiplyAddTo(ref TSelf sum, TSelf a, T* x);

    /// <summary>first ← a·x + first and second ← b·x + second with one rounding each, for one number x in all lanes.</summary>
    static abstract void MultiplyAddTo(ref TSelf first, ref TSelf second, TSelf a, TSelf b, T x);

    /// <summary>
    /// The same for a number in memory, x[at]: where an instruction can read it by itself, both do, which is a read more but an instruction less. With an
    /// index in its address most processors take such an instruction apart again, so <paramref name="at"/> should be a constant.
    /// </summary>
    static abstract void MultiplyAddTo(ref TSelf first, ref TSelf second, TSelf a, TSelf b, T* x, nint at);

    /// <summary>Correctly rounded square root.</summary>
    static abstract TSelf Sqrt(TSelf value);

    /// <summary>Clears the sign bit.</summary>
    static abstract TSelf Abs(TSelf value);

    /// <summary>The magnitude of one with the sign bit of the other.</summary>
    static abstract TSelf CopySign(TSelf magnitude, TSelf sign);

    /// <summary>Rounds to the nearest integer, ties to even.</summary>
    static abstract TSelf Round(TSelf value);

    /// <summary>left &gt; right ? left : right, lane by lane; the right operand where either is NaN.</summary>
    static abstract TSelf Max(TSelf left, TSelf right);

    /// <summary>left &lt; right ? left : right, lane by lane; the right operand where either is NaN.</summary>
    static abstract TSelf Min(TSelf left, TSelf right);

    /// <summary>Mask of left &lt; right; false where either is NaN.</summary>
    static abstract TSelf LessThan(TSelf left, TSelf right);

    /// <summary>Mask of left ≤ right; false where either is NaN.</summary>
    static abstract TSelf LessThanOrEqual(TSelf left, TSelf right);

    /// <summary>Lane-wise choice by a mask: set lanes from <paramref name="ifTrue"/>, clear lanes from <paramref name="ifFalse"/>.</summary>
    static abstract TSelf Select(TSelf mask, TSelf ifTrue, TSelf ifFalse);

    /// <summary>2ⁿ for integral n within the range of normal exponents; other n give an unspecified finite or infinite value.</summary>
    static abstract TSelf PowerOfTwo(TSelf n);

    /// <summary>The unbiased exponent e and the significand m of a positive normal value = m·2ᵉ, 1 ≤ m &lt; 2.</summary>
    static abstract TSelf SplitExponent(TSelf value, out TSelf significand);
}
