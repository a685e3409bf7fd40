using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.Arm;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

// The register tile of every convolution kernel: four or eight rows by one, two or three vectors of C,
//
//     C[r][j] (+)= Σ_image Σ_k A_r[index] · B_j[offset k],     r < 4 or 8, j < vectors,
//
// where the offset table says where step k finds its vectors. Nothing is packed: B is read from a (padded) image.
//   forward          rows = filters,  vectors = output pixels, k = (channel, ky, kx),  offset = the tap's place in the padded image
//   input gradient   rows = channels, vectors = input pixels,  k = (filter, ky, kx),   offset = the same in the padded gradient
//   parameters       rows = filters,  vectors = (kx, channel), k = output pixel,       offset = the pixel's place, channels innermost
//   Gram             rows = channels, vectors = (dx, channel), k = pixel,              offset = the pixel's place, channels innermost
// The left factor is a row of scalars, indexed by k (weights and gradients, each row contiguous) or by the offset (the image itself).
//
// Registers: 4x3 holds 12 sums, 3 vectors of B and one broadcast of A: the 16 of AVX2. Per k 12 FMA stand against 8 loads. 8x3 holds 24 sums
// and takes 28 of 32 registers; 24 FMA stand against 12 loads, of which the 3 of B mostly cross a cache line.
// Remainder rule: what is less than eight rows takes tiles of four, too few of which repeat the last row and are not stored; too few vectors
// take a narrower tile. Each element of C is one sum in ascending (image, k) by FMA, so neither the tile nor the width shows in the result. Sums
// over the pixels of a batch, hundreds of thousands, are made of parts: in one go they would lose a hundred times as much to rounding.
// Source: the direct convolution of Georganas et al., "Anatomy of high-performance deep learning convolutions" (SC 2018), with GotoBLAS's
// outer-product tile.

/// <summary>Operands of one register tile.</summary>
internal unsafe struct ConvolutionTile<T>
    where T : unmanaged
{
    /// <summary>The first row of the left factor.</summary>
    public T* A;

    /// <summary>From one row of the left factor to the next.</summary>
    public nint ARowStep;

    /// <summary>The places of the vectors at offset 0.</summary>
    public T* B0, B1, B2;

    /// <summary>Where the first row's vectors of C are.</summary>
    public T* C0, C1, C2;

    /// <summary>From one row of C to the next.</summary>
    public nint RowStep;

    /// <summary>Rows, as many as <see cref="ConvolutionKernel.RowsOf{V, T}"/> says.</summary>
    public int Rows;

    /// <summary>One offset per step.</summary>
    public int* Offsets;

    /// <summary>Number of steps in an image.</summary>
    public nint Steps;

    /// <summary>Number of images.</summary>
    public nint Images;

    /// <summary>From one image to the next in A and in B.</summary>
    public nint AStep, BStep;
}

/// <summary>Which element of its row the left factor takes at step k.</summary>
internal interface ILeftIndex
{
    static abstract nint At(nint step, nint offset);
}

/// <summary>The left rows are contiguous in k.</summary>
internal readonly struct LeftByStep : ILeftIndex
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint At(nint step, nint offset) => step;
}

/// <summary>The left factor is read through the same offsets as the right one.</summary>
internal readonly struct LeftByOffset : ILeftIndex
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint At(nint step, nint offset) => offset;
}

internal static unsafe class ConvolutionKernel
{
    /// <summary>Rows that cost no more than fewer of them.</summary>
    public const int ShortRows = 4;

    private const int TallRows = 8;

    /// <summary>Rows of the next tile: eight where registers suffice, else four or what is left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int RowsOf<V, T>(int left)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => HasTallTile<V, T>() && left >= TallRows ? TallRows : Math.Min(left, ShortRows);

    // 32 registers.
    private static bool HasTallTile<V, T>()
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        V.Count == Simd512<T>.Count || (AdvSimd.Arm64.IsSupported && V.Count == Simd128<T>.Count);

    // Sums of numbers of one sign lose in proportion to their length; shorter ones would cost more time.
    private const int MostSteps = 512;

    /// <summary>Vectors of the next tile: three as long as none is left to stand alone.</summary>
    public static int TileWidth(int vectorsLeft) => vectorsLeft == 4 ? 2 : Math.Min(vectorsLeft, 3);

    /// <summary>Runs one tile of 1, 2 or 3 vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run<TLeft, V, T>(int vectors, in ConvolutionTile<T> tile, bool accumulate, T* bias, bool relu)
        where TLeft : struct, ILeftIndex
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (vectors == 3)
            Run<TLeft, VectorRow3<V, T>, V, T>(tile, accumulate, bias, relu);
        else if (vectors == 2)
            Run<TLeft, VectorRow2<V, T>, V, T>(tile, accumulate, bias, relu);
        else
            Run<TLeft, VectorRow1<V, T>, V, T>(tile, accumulate, bias, relu);
    }

    /// <summary>Runs one tile with long sums: so many steps at a time, each part summed by itself and added to C.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RunInParts<TLeft, V, T>(int vectors, in ConvolutionTile<T> whole, bool accumulate)
        where TLeft : struct, ILeftIndex
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ConvolutionTile<T> part = whole;
        nint images = Math.Max(1, MostSteps / Math.Max(1, whole.Steps));
        for (nint image = 0; image < whole.Images; image += images)
        {
            part.Images = Math.Min(images, whole.Images - image);
            for (nint k = 0; k == 0 || k < whole.Steps; k += MostSteps)
            {
                nint a = (image * whole.AStep) + TLeft.At(k, 0), b = image * whole.BStep;
                part.A = whole.A + a;
                part.B0 = whole.B0 + b;
                part.B1 = whole.B1 + b;
                part.B2 = whole.B2 + b;
                part.Offsets = whole.Offsets + k;
                part.Steps = Math.Min(MostSteps, whole.Steps - k);
                Run<TLeft, V, T>(vectors, part, accumulate, bias: null, relu: false);
                accumulate = true;
            }
        }
    }

    // Sums start from 0; with accumulate they are added to C.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Run<TLeft, TRow, V, T>(in ConvolutionTile<T> tile, bool accumulate, T* bias, bool relu)
        where TLeft : struct, ILeftIndex
        where TRow : unmanaged, IVectorRow<TRow, V, T>
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (HasTallTile<V, T>() && tile.Rows == TallRows)
            RunTall<TLeft, TRow, V, T>(tile, accumulate, bias, relu);
        else
            RunShort<TLeft, TRow, V, T>(tile, accumulate, bias, relu);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void RunShort<TLeft, TRow, V, T>(in ConvolutionTile<T> tile, bool accumulate, T* bias, bool relu)
        where TLeft : struct, ILeftIndex
        where TRow : unmanaged, IVectorRow<TRow, V, T>
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TRow r0 = TRow.Zero, r1 = TRow.Zero, r2 = TRow.Zero, r3 = TRow.Zero;
        T* a0 = tile.A, a1 = a0 + (Math.Min(1, tile.Rows - 1) * tile.ARowStep);
        T* a2 = a0 + (Math.Min(2, tile.Rows - 1) * tile.ARowStep), a3 = a0 + (Math.Min(3, tile.Rows - 1) * tile.ARowStep);
        T* b0 = tile.B0, b1 = tile.B1, b2 = tile.B2;
        int* offsets = tile.Offsets;
        nint steps = tile.Steps;
        for (nint image = tile.Images; ;)
        {
            for (nint k = 0; k < steps; k++)
            {
                nint o = offsets[k];
                nint i = TLeft.At(k, o);
                TRow b = TRow.Load(b0, b1, b2, o);
                TRow.MultiplyAddTo(ref r0, V.Broadcast(a0[i]), b);
                TRow.MultiplyAddTo(ref r1, V.Broadcast(a1[i]), b);
                TRow.MultiplyAddTo(ref r2, V.Broadcast(a2[i]), b);
                TRow.MultiplyAddTo(ref r3, V.Broadcast(a3[i]), b);
            }

            if (--image <= 0)
                break;
            a0 += tile.AStep;
            a1 += tile.AStep;
            a2 += tile.AStep;
            a3 += tile.AStep;
            b0 += tile.BStep;
            b1 += tile.BStep;
            b2 += tile.BStep;
        }

        Put<TRow, V, T>(r0, 0, tile, accumulate, bias, relu);
        Put<TRow, V, T>(r1, 1, tile, accumulate, bias, relu);
        Put<TRow, V, T>(r2, 2, tile, accumulate, bias, relu);
        Put<TRow, V, T>(r3, 3, tile, accumulate, bias, relu);
    }

    // Rows are a step or several from two pointers, not at eight of them.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void RunTall<TLeft, TRow, V, T>(in ConvolutionTile<T> tile, bool accumulate, T* bias, bool relu)
        where TLeft : struct, ILeftIndex
        where TRow : unmanaged, IVectorRow<TRow, V, T>
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TRow r0 = TRow.Zero, r1 = TRow.Zero, r2 = TRow.Zero, r3 = TRow.Zero;
        TRow r4 = TRow.Zero, r5 = TRow.Zero, r6 = TRow.Zero, r7 = TRow.Zero;
        T* a = tile.A, b0 = tile.B0, b1 = tile.B1, b2 = tile.B2;
        nint step = tile.ARowStep * sizeof(T), step3 = 3 * step;
        int* offsets = tile.Offsets;
        nint steps = tile.Steps;
        for (nint image = tile.Images; ;)
        {
            for (nint k = 0; k < steps; k++)
            {
                nint o = offsets[k];
                T* upper = a + TLeft.At(k, o), lower = ByteDistance.At(upper, 4 * step);
                TRow b = TRow.Load(b0, b1, b2, o);
                TRow.MultiplyAddTo(ref r0, V.Broadcast(*upper), b);
                TRow.MultiplyAddTo(ref r1, V.Broadcast(*ByteDistance.At(upper, step)), b);
                TRow.MultiplyAddTo(ref r2, V.Broadcast(*ByteDistance.At(upper, 2 * step)), b);
                TRow.MultiplyAddTo(ref r3, V.Broadcast(*ByteDistance.At(upper, step3)), b);
                TRow.MultiplyAddTo(ref r4, V.Broadcast(*lower), b);
                TRow.MultiplyAddTo(ref r5, V.Broadcast(*ByteDistance.At(lower, step)), b);
                TRow.MultiplyAddTo(ref r6, V.Broadcast(*ByteDistance.At(lower, 2 * step)), b);
                TRow.MultiplyAddTo(ref r7, V.Broadcast(*ByteDistance.At(lower, step3)), b);
            }

            if (--image <= 0)
                break;
            a += tile.AStep;
            b0 += tile.BStep;
            b1 += tile.BStep;
            b2 += tile.BStep;
        }

        Put<TRow, V, T>(r0, 0, tile, accumulate, bias, relu);
        Put<TRow, V, T>(r1, 1, tile, accumulate, bias, relu);
        Put<TRow, V, T>(r2, 2, tile, accumulate, bias, relu);
        Put<TRow, V, T>(r3, 3, tile, accumulate, bias, relu);
        Put<TRow, V, T>(r4, 4, tile, accumulate, bias, relu);
        Put<TRow, V, T>(r5, 5, tile, accumulate, bias, relu);
        Put<TRow, V, T>(r6, 6, tile, accumulate, bias, relu);
        Put<TRow, V, T>(r7, 7, tile, accumulate, bias, relu);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<TRow, V, T>(TRow sums, int row, in ConvolutionTile<T> tile, bool accumulate, T* bias, bool relu)
        where TRow : unmanaged, IVectorRow<TRow, V, T>
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (row >= tile.Rows)
            return;
        nint at = row * tile.RowStep;
        if (accumulate)
            sums = TRow.Add(TRow.Load(tile.C0, tile.C1, tile.C2, at), sums);
        if (bias is not null)
            sums = TRow.Add(sums, V.Broadcast(bias[row]));
        if (relu)
            sums = TRow.Relu(sums);
        TRow.Store(sums, tile.C0, tile.C1, tile.C2, at);
    }
}
