using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ProxProp.Engine.Kernels;

/// <summary>Blocks of 16×4 floats or 8×2 doubles, transposed in 512-bit registers: what comes out are whole cache lines.</summary>
/// <remarks>
/// <para>Layout: the four quarters of a register are four rows that lie a quarter of the line apart, joined while they are loaded; each quarter is then
/// transposed as a square block of its own (<see cref="WideTranspose"/> does so by halves).</para>
/// <para>Registers: 4 rows in, 4 halfway, 4 out; double half of that.</para>
/// <para>Remainders: none; see <see cref="Mirror"/>.</para>
/// </remarks>
internal static unsafe class LineTranspose
{
    /// <summary>Whether the processor has such registers.</summary>
    public static bool IsSupported => Avx512F.IsSupported;

    /// <summary>Columns of a block.</summary>
    public static int Columns<T>() => Vector128<T>.Count;

    /// <summary>Transposes whole blocks: to[j·toStride + i] = source[i·stride + j] for as many i as fill a line.</summary>
    /// <param name="source">Element (0, 0).</param>
    /// <param name="stride">Distance of two rows.</param>
    /// <param name="columns">Columns, whole blocks.</param>
    /// <param name="to">Where they go; the beginning of a cache line where <paramref name="stream"/> is set.</param>
    /// <param name="toStride">Distance of two lines there; whole lines where <paramref name="stream"/> is set.</param>
    /// <param name="stream">Whether lines go to memory and not into the caches, which then need not read them first.</param>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void Run<T>(T* source, nint stride, int columns, T* to, nint toStride, bool stream)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int j = 0; j < columns; j += Vector128<T>.Count, source += Vector128<T>.Count, to += Vector128<T>.Count * toStride)
        {
            if (typeof(T) == typeof(double))
            {
                double* row = (double*)source;
                Vector512<double> even = Join(row, 2 * stride), odd = Join(row + stride, 2 * stride);
                Store(Avx512F.UnpackLow(even, odd), (double*)to, stream);
                Store(Avx512F.UnpackHigh(even, odd), (double*)(to + toStride), stream);
            }
            else
            {
                float* row = (float*)source;
                Vector512<float> a = Join(row, 4 * stride), b = Join(row + stride, 4 * stride);
                Vector512<float> c = Join(row + (2 * stride), 4 * stride), d = Join(row + (3 * stride), 4 * stride);
                Vector512<float> lowEven = Avx512F.UnpackLow(a, c), lowOdd = Avx512F.UnpackLow(b, d);
                Vector512<float> highEven = Avx512F.UnpackHigh(a, c), highOdd = Avx512F.UnpackHigh(b, d);
                Store(Avx512F.UnpackLow(lowEven, lowOdd), (float*)to, stream);
                Store(Avx512F.UnpackHigh(lowEven, lowOdd), (float*)(to + toStride), stream);
                Store(Avx512F.UnpackLow(highEven, highOdd), (float*)(to + (2 * toStride)), stream);
                Store(Avx512F.UnpackHigh(highEven, highOdd), (float*)(to + (3 * toStride)), stream);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<T> Join<T>(T* row, nint step)
        where T : unmanaged => Vector512.Create(
            Vector256.Create(Vector128.Load(row), Vector128.Load(row + step)),
            Vector256.Create(Vector128.Load(row + (2 * step)), Vector128.Load(row + (3 * step))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<T>(Vector512<T> line, T* to, bool stream)
        where T : unmanaged
    {
        if (stream)
            line.StoreAlignedNonTemporal(to);
        else
            line.Store(to);
    }
}
