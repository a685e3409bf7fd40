using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ProxProp.Engine.Kernels;

/// <summary>Blocks of 8×4 floats or 4×2 doubles, transposed in 256-bit registers.</summary>
/// <remarks>
/// <para>Layout: the two halves of a register are two rows that lie half the block apart, joined while they are loaded; each half is then
/// transposed as a square block of its own, and what comes out are whole rows of the result, twice as long as a 128-bit register.</para>
/// <para>Registers: 4 rows in, 4 halfway, 4 out. Per element half the shuffles and stores of 128-bit blocks.</para>
/// <para>Remainders: none; see <see cref="PanelPacking"/>.</para>
/// </remarks>
internal static unsafe class WideTranspose
{
    // How far ahead the source is fetched: its next lines are too far apart for the hardware to guess.
    private const int LinesAhead = 2;

    /// <summary>Transposes as many lanes as make whole blocks: to[k·width + lane] = source[lane·laneStep + k].</summary>
    /// <param name="source">Element (0, 0).</param>
    /// <param name="laneStep">Distance of two lanes.</param>
    /// <param name="lanes">Lanes that exist.</param>
    /// <param name="depth">Values of k, whole blocks of 128 bits.</param>
    /// <param name="to">Where they go.</param>
    /// <param name="width">Distance of two values of k there.</param>
    /// <param name="fetch">Whether to fetch the source ahead.</param>
    /// <returns>Lanes done.</returns>
    /// <remarks>Not inlined: the loops around the micro-kernel would lose their registers to it.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static int Run<T>(T* source, nint laneStep, int lanes, int depth, T* to, int width, bool fetch)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int block = Vector128<T>.Count, ahead = LinesAhead * Prefetch.LineBytes / sizeof(T), lane = 0;
        for (; lane <= lanes - (2 * block); lane += 2 * block)
        {
            T* row = source + (lane * laneStep);
            for (int i = 0; fetch && i < 2 * block; i++)
                Prefetch.Range(row + (i * laneStep) + ahead, 1);
            for (int k = 0; k < depth; k += block)
                Block(row + k, laneStep, to + lane + (k * width), width);
        }

        return lane;
    }

    // destination[k·destinationStride + row] = source[row·sourceStride + k]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Block<T>(T* source, nint sourceStride, T* destination, nint destinationStride)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (typeof(T) == typeof(double))
        {
            Vector256<double> even = Join((double*)source, (double*)(source + (2 * sourceStride)));
            Vector256<double> odd = Join((double*)(source + sourceStride), (double*)(source + (3 * sourceStride)));
            Avx.UnpackLow(even, odd).Store((double*)destination);
            Avx.UnpackHigh(even, odd).Store((double*)(destination + destinationStride));
            return;
        }

        float* r0 = (float*)source;
        float* r2 = r0 + (2 * sourceStride);
        float* r4 = r2 + (2 * sourceStride);
        float* r6 = r4 + (2 * sourceStride);
        Vector256<float> a = Join(r0, r4), b = Join(r0 + sourceStride, r4 + sourceStride);
        Vector256<float> c = Join(r2, r6), d = Join(r2 + sourceStride, r6 + sourceStride);
        Vector256<float> lowEven = Avx.UnpackLow(a, c), lowOdd = Avx.UnpackLow(b, d);
        Vector256<float> highEven = Avx.UnpackHigh(a, c), highOdd = Avx.UnpackHigh(b, d);
        float* to = (float*)destination;
        Avx.UnpackLow(lowEven, lowOdd).Store(to);
        Avx.UnpackHigh(lowEven, lowOdd).Store(to + destinationStride);
        Avx.UnpackLow(highEven, highOdd).Store(to + (2 * destinationStride));
        Avx.UnpackHigh(highEven, highOdd).Store(to + (3 * destinationStride));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<T> Join<T>(T* low, T* high)
        where T : unmanaged => Vector256.Create(Vector128.Load(low), Vector128.Load(high));
}
