// Layout:    NCHW; one plane is a channel of a sample, an item is a fixed number of planes.
// Registers: forward with 2×2 windows side by side: even and odd lanes of two rows. Others: scalar code.
// Remainder: as in MaxPooling.cs; the terms of a window are added in scan order everywhere.
// Source:    torch.nn.AvgPool2d with its default count_include_pad: padding counts as zeros, so the divisor is always the window's area.
//            Backward: y = Σ x/area over the window, so dx += dy/area over the window, windows in scan order.
using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>Mean over windows of each channel.</summary>
public static unsafe class AveragePooling
{
    /// <summary>y = the mean of each window, padding counted as zeros.</summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="shape">Geometry.</param>
    /// <param name="batch">Number of samples.</param>
    /// <param name="x">batch × Channels × Height × Width.</param>
    /// <param name="y">batch × Channels × OutputHeight × OutputWidth; may not overlap x.</param>
    /// <exception cref="ArgumentException">The geometry is impossible or a length is wrong.</exception>
    public static void Forward<T>(ComputeContext context, in PoolingShape shape, int batch, ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int planes = shape.CheckedPlanes(batch, x.Length, nameof(x), y.Length, nameof(y));
        fixed (T* px = x, py = y)
        {
            var job = new PlanesJob<T>(shape, planes, px, py, false);
            VectorJob.RunFitting<T, PlanesJob<T>>(context, job.Items, x.Length, shape.OutputWidth, job);
        }
    }

    /// <summary>dx = the transpose of <see cref="Forward"/> applied to dy.</summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="shape">Geometry.</param>
    /// <param name="batch">Number of samples.</param>
    /// <param name="dy">batch × Channels × OutputHeight × OutputWidth.</param>
    /// <param name="dx">batch × Channels × Height × Width; overwritten; may not overlap dy.</param>
    /// <exception cref="ArgumentException">The geometry is impossible or a length is wrong.</exception>
    public static void Backward<T>(ComputeContext context, in PoolingShape shape, int batch, ReadOnlySpan<T> dy, Span<T> dx)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int planes = shape.CheckedPlanes(batch, dx.Length, nameof(dx), dy.Length, nameof(dy));
        fixed (T* pdy = dy, pdx = dx)
        {
            var job = new PlanesJob<T>(shape, planes, pdx, pdy, true);
            VectorJob.Run<T, PlanesJob<T>>(context, job.Items, dx.Length, ref job);
        }
    }

    // Forward reads the input planes and writes the output planes; backward the other way round.
    private readonly struct PlanesJob<T>(PoolingShape shape, int planes, T* x, T* y, bool backward) : IVectorJob<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly int _planesPerItem = Shapes.RowsPerItem(shape.InputPlane);

        public int Items => (planes + _planesPerItem - 1) / _planesPerItem;

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public void Execute<TVector>(int item)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            int end = Math.Min(planes, (item + 1) * _planesPerItem);
            for (int p = item * _planesPerItem; p < end; p++)
            {
                T* input = x + ((nint)p * shape.InputPlane);
                T* output = y + ((nint)p * shape.OutputPlane);
                if (backward && shape.IsTwoByTwo)
                    SpreadTwoByTwo(input, output);
                else if (backward)
                    Spread(input, output);
                else if (shape.IsTwoByTwo)
                    AverageTwoByTwo<TVector>(input, output);
                else
                    Average(input, output);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        private void Average(T* input, T* output)
        {
            T share = T.One / T.CreateTruncating(shape.KernelHeight * shape.KernelWidth);
            for (int oy = 0; oy < shape.OutputHeight; oy++)
            {
                (int top, int bottom) = PoolingShape.Window(oy, shape.StrideY, shape.PaddingY, shape.KernelHeight, shape.Height);
                for (int ox = 0; ox < shape.OutputWidth; ox++)
                {
                    (int left, int right) = PoolingShape.Window(ox, shape.StrideX, shape.PaddingX, shape.KernelWidth, shape.Width);
                    T sum = T.Zero;
                    for (int iy = top; iy < bottom; iy++)
                    {
                        for (int i = (iy * shape.Width) + left; i < (iy * shape.Width) + right; i++)
                            sum += input[i];
                    }

                    *output++ = sum * share;
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        private void AverageTwoByTwo<TVector>(T* input, T* output)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            int width = shape.Width, outputWidth = shape.OutputWidth, outputHeight = shape.OutputHeight;
            for (int oy = 0; oy < outputHeight; oy++, input += 2 * width, output += outputWidth)
                VectorLoop.Row<TVector, T, TwoByTwoRow<T>>(outputWidth, new TwoByTwoRow<T>(input, input + width, output));
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        private void SpreadTwoByTwo(T* dInput, T* dOutput)
        {
            T share = T.CreateTruncating(0.25);
            new Span<T>(dInput, shape.InputPlane).Clear();
            for (int oy = 0; oy < shape.OutputHeight; oy++)
            {
                T* upper = dInput + (2 * oy * shape.Width);
                T* lower = upper + shape.Width;
                for (int ox = 0; ox < shape.OutputWidth; ox++)
                {
                    T part = *dOutput++ * share;
                    upper[2 * ox] = part;
                    upper[(2 * ox) + 1] = part;
                    lower[2 * ox] = part;
                    lower[(2 * ox) + 1] = part;
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        private void Spread(T* dInput, T* dOutput)
        {
            T share = T.One / T.CreateTruncating(shape.KernelHeight * shape.KernelWidth);
            new Span<T>(dInput, shape.InputPlane).Clear();
            for (int oy = 0; oy < shape.OutputHeight; oy++)
            {
                (int top, int bottom) = PoolingShape.Window(oy, shape.StrideY, shape.PaddingY, shape.KernelHeight, shape.Height);
                for (int ox = 0; ox < shape.OutputWidth; ox++)
                {
                    (int left, int right) = PoolingShape.Window(ox, shape.StrideX, shape.PaddingX, shape.KernelWidth, shape.Width);
                    T part = *dOutput++ * share;
                    for (int iy = top; iy < bottom; iy++)
                    {
                        for (int i = (iy * shape.Width) + left; i < (iy * shape.Width) + right; i++)
                            dInput[i] += part;
                    }
                }
            }
        }
    }

    private readonly struct TwoByTwoRow<T>(T* upper, T* lower, T* output) : ILoopBody<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Step<TVector>(nint i)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            TVector a = TVector.Load(upper + (2 * i));
            TVector b = TVector.Load(upper + (2 * i) + TVector.Count);
            TVector c = TVector.Load(lower + (2 * i));
            TVector d = TVector.Load(lower + (2 * i) + TVector.Count);
            TVector sum = TVector.EvenLanes(a, b) + TVector.OddLanes(a, b) + TVector.EvenLanes(c, d) + TVector.OddLanes(c, d);
            TVector.Store(sum * TVector.Broadcast(T.CreateTruncating(0.25)), output + i);
        }
    }
}
