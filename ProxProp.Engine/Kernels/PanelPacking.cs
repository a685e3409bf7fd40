using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace ProxProp.Engine.Kernels;

/// <summary>Copies operands into panels for the micro-kernel.</summary>
/// <remarks>
/// <para>Layout: a panel of W lanes (rows of A, columns of B) holds kc groups of W consecutive elements: panel[k·W + lane]. A line of padding parts two panels.</para>
/// <para>Registers: blocks of 4×4 (float) or 2×2 (double) are transposed in 128-bit registers, on every width: moving bits has no rounding.</para>
/// <para>Remainders: lanes beyond the matrix hold anything; what is computed from them is not kept.</para>
/// </remarks>
internal static unsafe class PanelPacking
{
    // How far ahead the source is fetched: its next rows are too far apart for the hardware to guess.
    private const int RowsAhead = 8;
    private const int LinesAhead = 2;

    /// <summary>
    /// Distance between two panels in elements: one cache line more than their content, so that panels written side by side do not fall
    /// into the same sets of the cache.
    /// </summary>
    public static nint PanelDistance<T>(int width, int kc)
        where T : unmanaged => ((nint)width * kc) + (64 / sizeof(T));

    /// <summary>Packs panels of <paramref name="width"/> lanes; element (lane, k) is source[lane·laneStep + k·kStep], one step being 1.</summary>
    /// <param name="source">Element (0, 0) of the first panel.</param>
    /// <param name="laneStep">Step between lanes.</param>
    /// <param name="kStep">Step between values of k.</param>
    /// <param name="lanes">Lanes that exist, from the first panel on.</param>
    /// <param name="panels">Number of panels.</param>
    /// <param name="width">W; a constant at each call site, so that copies of one group compile to vector moves.</param>
    /// <param name="kc">Number of values of k.</param>
    /// <param name="destination">Where the first panel goes.</param>
    /// <param name="distance">Distance between two panels.</param>
    /// <param name="fetch">Whether to fetch the source ahead; a constant at each call site.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Pack<T>(T* source, nint laneStep, nint kStep, int lanes, int panels, int width, int kc, T* destination, nint distance, bool fetch)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (laneStep != 1)
        {
            for (int p = 0; p < panels; p++)
                Transpose(source + (p * width * laneStep), laneStep, Math.Min(width, lanes - (p * width)), width, kc, destination + (p * distance), fetch);
            return;
        }

        // Row by row through all panels: each row of the source is read in one go.
        int full = Math.Min(panels, lanes / width);
        if (full < panels)
            VectorCopy.Rows(source + (full * width), kStep, destination + (full * distance), width, kc, lanes - (full * width));
        for (nint k = 0; full > 0 && k < kc; k++)
        {
            T* from = source + (k * kStep);
            T* to = destination + (k * width);
            if (fetch)
                Prefetch.Range(from + (RowsAhead * kStep), full * width * sizeof(T));
            for (int p = 0; p < full; p++, from += width, to += distance)
                Unsafe.CopyBlockUnaligned(to, from, (uint)(width * sizeof(T)));
        }
    }

    /// <summary>Packs one panel element by element, whatever the steps.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PackAnySteps<T>(T* source, nint laneStep, nint kStep, int lanes, int width, int kc, T* destination)
        where T : unmanaged
    {
        for (int k = 0; k < kc; k++, source += kStep, destination += width)
        {
            for (int lane = 0; lane < width; lane++)
                destination[lane] = lane < lanes ? source[lane * laneStep] : default;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose<T>(T* source, nint laneStep, int lanes, int width, int kc, T* destination, bool fetch)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int block = Vector128<T>.Count;
        int line = Prefetch.LineBytes / sizeof(T);
        int k = 0;

        // A cache line of k at a time for each few lanes, so that no line is left half read however the rows fall into the cache's sets.
        for (; k <= kc - line; k += line)
            TransposeLanes(source + k, laneStep, lanes, width, line, destination + ((nint)k * width), fetch);
        for (; k <= kc - block; k += block)
            TransposeLanes(source + k, laneStep, lanes, width, block, destination + ((nint)k * width), fetch);
        for (; k < kc; k++)
        {
            for (int lane = 0; lane < lanes; lane++)
                destination[((nint)k * width) + lane] = source[(lane * laneStep) + k];
        }
    }

    // Lanes that do not exist repeat the last one that does.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeLanes<T>(T* source, nint laneStep, int lanes, int width, int depth, T* to, bool fetch)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int block = Vector128<T>.Count;
        int ahead = LinesAhead * Prefetch.LineBytes / sizeof(T);
        int lane = 0;
        if (Avx.IsSupported && width >= 2 * block)
            lane = WideTranspose.Run(source, laneStep, Math.Min(width, lanes), depth, to, width, fetch);
        for (; lane <= width - block && lane < lanes; lane += block)
        {
            T* r0 = source + (lane * laneStep);
            T* r1 = lane + 1 < lanes ? r0 + laneStep : r0;
            T* r2 = lane + 2 < lanes ? r1 + laneStep : r1;
            T* r3 = lane + 3 < lanes ? r2 + laneStep : r2;
            if (fetch)
            {
                Prefetch.Range(r0 + ahead, 1);
                Prefetch.Range(r1 + ahead, 1);
            }

            if (fetch && block == 4)
            {
                Prefetch.Range(r2 + ahead, 1);
                Prefetch.Range(r3 + ahead, 1);
            }

            for (int step = 0; step < depth; step += block)
                TransposeRows(r0 + step, r1 + step, r2 + step, r3 + step, to + lane + (step * width), width);
        }

        for (; lane < width && lane < lanes; lane += 2)
        {
            T* r0 = source + (lane * laneStep);
            T* r1 = lane + 1 < lanes ? r0 + laneStep : r0;
            for (int step = 0; step < depth; step += block)
                TransposePair(r0 + step, r1 + step, to + lane + (step * width), width);
        }
    }

    /// <summary>A square block that fills 128-bit registers: 4×4 floats or 2×2 doubles.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void TransposeBlock<T>(T* source, nint sourceStride, T* destination, nint destinationStride)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => TransposeRows(
            source, source + sourceStride, source + (2 * sourceStride), source + (3 * sourceStride), destination, destinationStride);

    /// <summary>The same from rows at places of their own; double uses the first two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void TransposeRows<T>(T* row0, T* row1, T* row2, T* row3, T* destination, nint destinationStride)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Vector128<T> r0 = Vector128.Load(row0);
        Vector128<T> r1 = Vector128.Load(row1);
        if (typeof(T) == typeof(double))
        {
            ZipLow(r0, r1).Store(destination);
            ZipHigh(r0, r1).Store(destination + destinationStride);
            return;
        }

        Vector128<T> r2 = Vector128.Load(row2);
        Vector128<T> r3 = Vector128.Load(row3);
        Vector128<T> even = ZipLow(r0, r2), odd = ZipLow(r1, r3);
        ZipLow(even, odd).Store(destination);
        ZipHigh(even, odd).Store(destination + destinationStride);
        even = ZipHigh(r0, r2);
        odd = ZipHigh(r1, r3);
        ZipLow(even, odd).Store(destination + (2 * destinationStride));
        ZipHigh(even, odd).Store(destination + (3 * destinationStride));
    }

    // Two lanes of four floats: what is left of six rows after a block of four.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposePair<T>(T* row0, T* row1, T* destination, nint destinationStride)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Vector128<T> r0 = Vector128.Load(row0);
        Vector128<T> r1 = Vector128.Load(row1);
        Vector128<T> low = ZipLow(r0, r1), high = ZipHigh(r0, r1);
        low.GetLower().Store(destination);
        low.GetUpper().Store(destination + destinationStride);
        high.GetLower().Store(destination + (2 * destinationStride));
        high.GetUpper().Store(destination + (3 * destinationStride));
    }

    // a0 b0 a1 b1
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<T> ZipLow<T>(Vector128<T> a, Vector128<T> b)
    {
        if (Sse2.IsSupported)
        {
            return typeof(T) == typeof(float)
                ? Sse.UnpackLow(a.AsSingle(), b.AsSingle()).As<float, T>()
                : Sse2.UnpackLow(a.AsDouble(), b.AsDouble()).As<double, T>();
        }

        if (AdvSimd.Arm64.IsSupported)
        {
            return typeof(T) == typeof(float)
                ? AdvSimd.Arm64.ZipLow(a.AsSingle(), b.AsSingle()).As<float, T>()
                : AdvSimd.Arm64.ZipLow(a.AsDouble(), b.AsDouble()).As<double, T>();
        }

        return typeof(T) == typeof(float)
            ? Vector128.Create(a.AsSingle()[0], b.AsSingle()[0], a.AsSingle()[1], b.AsSingle()[1]).As<float, T>()
            : Vector128.Create(a.AsDouble()[0], b.AsDouble()[0]).As<double, T>();
    }

    // a2 b2 a3 b3
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<T> ZipHigh<T>(Vector128<T> a, Vector128<T> b)
    {
        if (Sse2.IsSupported)
        {
            return typeof(T) == typeof(float)
                ? Sse.UnpackHigh(a.AsSingle(), b.AsSingle()).As<float, T>()
                : Sse2.UnpackHigh(a.AsDouble(), b.AsDouble()).As<double, T>();
        }

        if (AdvSimd.Arm64.IsSupported)
        {
            return typeof(T) == typeof(float)
                ? AdvSimd.Arm64.ZipHigh(a.AsSingle(), b.AsSingle()).As<float, T>()
                : AdvSimd.Arm64.ZipHigh(a.AsDouble(), b.AsDouble()).As<double, T>();
        }

        return typeof(T) == typeof(float)
            ? Vector128.Create(a.AsSingle()[2], b.AsSingle()[2], a.AsSingle()[3], b.AsSingle()[3]).As<float, T>()
            : Vector128.Create(a.AsDouble()[1], b.AsDouble()[1]).As<double, T>();
    }
}
