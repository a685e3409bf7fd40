using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

// The register tile of every convolution kernel: four rows by one, two or three vectors of C,
//
//     C[r][j] (+)= Σ_image Σ_k A_r[index] · B_j[offset k],     r < 4, j < vectors,
//
// where the offset table says where step k finds its vectors. Nothing is packed: B is read from a (padded) image.
//   forward          rows = filters,  vectors = output pixels, k = (channel, ky, kx),  offset = the tap's place in the padded image
//   input gradient   rows = channels, vectors = input pixels,  k = (filter, ky, kx),   offset = the same in the padded gradient
//   parameters       rows = filters,  vectors = (kx, channel), k = output pixel,       offset = the pixel's place, channels innermost
//   Gram             rows = channels, vectors = (dx, channel), k = pixel,              offset = the pixel's place, channels innermost
// The left factor is a row of scalars, indexed by k (weights and gradients, each row contiguous) or by the offset (the image itself).
//
// Registers: 4x3 holds 12 sums, 3 vectors of B and one broadcast of A: the 16 of AVX2. Per k 12 FMA stand against 8 loads.
// Remainder rule: too few rows repeat the last row and are not stored; too few vectors take a narrower tile. Each element of C is one
// sum in ascending (image, k) by FMA, so neither the tile nor the width shows in the result. Sums over the pixels of a batch, hundreds of
// thousands, are made of parts: in one go they would lose a hundred times as much to rounding.
// Source: the direct convolution of Georganas et al., "Anatomy of high-performance deep learning convolutions" (SC 2018), with GotoBLAS's
// outer-product tile.

/// <summary>Operands of one register tile.</summary>
internal unsafe struct ConvolutionTile<T>
    where T : unmanaged
{
    /// <summary>The rows of the left factor.</summary>
    public T* A0, A1, A2, A3;

    /// <summary>The places of the vectors at offset 0.</summary>
    public T* B0, B1, B2;

    /// <summary>Where the first row's vectors of C are.</summary>
    public T* C0, C1, C2;

    /// <summary>From one row of C to the next.</summary>
    public nint RowStep;

    /// <summary>Rows to store, 1 to 4.</summary>
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
    /// <summary>Rows of a tile.</summary>
    public const int Rows = 4;

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
                part.A0 = whole.A0 + a;
                part.A1 = whole.A1 + a;
                part.A2 = whole.A2 + a;
                part.A3 = whole.A3 + a;
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

    /// <summary>Runs one tile. Its sums start from 0; with <paramref name="accumulate"/> they are added to C.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Run<TLeft, TRow, V, T>(in ConvolutionTile<T> tile, bool accumulate, T* bias, bool relu)
        where TLeft : struct, ILeftIndex
        where TRow : unmanaged, IVectorRow<TRow, V, T>
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TRow r0 = TRow.Zero, r1 = TRow.Zero, r2 = TRow.Zero, r3 = TRow.Zero;
        int rows = tile.Rows;
        T* a0 = tile.A0, a1 = tile.A1, a2 = tile.A2, a3 = tile.A3;
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
                r0 = TRow.MultiplyAdd(V.Broadcast(a0[i]), b, r0);
                r1 = TRow.MultiplyAdd(V.Broadcast(a1[i]), b, r1);
                r2 = TRow.MultiplyAdd(V.Broadcast(a2[i]), b, r2);
                r3 = TRow.MultiplyAdd(V.Broadcast(a3[i]), b, r3);
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

        if (accumulate)
        {
            nint step = tile.RowStep;
            V one = V.Broadcast(T.One);
            r0 = TRow.MultiplyAdd(one, TRow.Load(tile.C0, tile.C1, tile.C2, 0), r0);
            if (rows > 1)
                r1 = TRow.MultiplyAdd(one, TRow.Load(tile.C0, tile.C1, tile.C2, step), r1);
            if (rows > 2)
                r2 = TRow.MultiplyAdd(one, TRow.Load(tile.C0, tile.C1, tile.C2, 2 * step), r2);
            if (rows > 3)
                r3 = TRow.MultiplyAdd(one, TRow.Load(tile.C0, tile.C1, tile.C2, 3 * step), r3);
        }

        if (bias is not null)
        {
            r0 = TRow.Add(r0, V.Broadcast(bias[0]));
            if (rows > 1)
                r1 = TRow.Add(r1, V.Broadcast(bias[1]));
            if (rows > 2)
                r2 = TRow.Add(r2, V.Broadcast(bias[2]));
            if (rows > 3)
                r3 = TRow.Add(r3, V.Broadcast(bias[3]));
        }

        if (relu)
        {
            r0 = TRow.Relu(r0);
            r1 = TRow.Relu(r1);
            r2 = TRow.Relu(r2);
            r3 = TRow.Relu(r3);
        }

        Store<TRow, V, T>(tile, rows, r0, r1, r2, r3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TRow, V, T>(in ConvolutionTile<T> tile, int rows, TRow r0, TRow r1, TRow r2, TRow r3)
        where TRow : unmanaged, IVectorRow<TRow, V, T>
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        nint step = tile.RowStep;
        TRow.Store(r0, tile.C0, tile.C1, tile.C2, 0);
        if (rows > 1)
            TRow.Store(r1, tile.C0, tile.C1, tile.C2, step);
        if (rows > 2)
            TRow.Store(r2, tile.C0, tile.C1, tile.C2, 2 * step);
        if (rows > 3)
            TRow.Store(r3, tile.C0, tile.C1, tile.C2, 3 * step);
    }
}
