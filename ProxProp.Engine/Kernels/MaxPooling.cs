// Layout:    NCHW; one plane is a channel of a sample, an item is a fixed number of planes.
// Registers: scalar code; the planes of an item stay in the first- or second-level cache.
// Remainder: none.
// Source:    torch.nn.MaxPool2d: the first maximum in scan order wins, NaN wins over all numbers, padding never wins.
//            Backward: y = x[argmax], so dx[argmax] += dy; overlapping windows add up in scan order of the windows.
using System.Numerics;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>Maximum over windows of each channel.</summary>
public static unsafe class MaxPooling
{
    /// <summary>y = the maximum of each window, argmax = its index within the channel's input plane (row · Width + column).</summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="shape">Geometry.</param>
    /// <param name="batch">Number of samples.</param>
    /// <param name="x">batch × Channels × Height × Width.</param>
    /// <param name="y">batch × Channels × OutputHeight × OutputWidth; may not overlap x.</param>
    /// <param name="argmax">As long as y.</param>
    /// <exception cref="ArgumentException">The geometry is impossible or a length is wrong.</exception>
    public static void Forward<T>(ComputeContext context, in PoolingShape shape, int batch, ReadOnlySpan<T> x, Span<T> y, Span<int> argmax)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int planes = shape.CheckedPlanes(batch, x.Length, nameof(x), y.Length, nameof(y));
        Lengths.Check(argmax.Length, y.Length, nameof(argmax), nameof(y));
        fixed (T* px = x, py = y)
        fixed (int* pa = argmax)
        {
            var job = new ForwardJob<T>(shape, planes, px, py, pa);
            VectorJob.Run<T, ForwardJob<T>>(context, job.Items, x.Length, ref job);
        }
    }

    /// <summary>dx = the transpose of the forward choice applied to dy.</summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="shape">Geometry.</param>
    /// <param name="batch">Number of samples.</param>
    /// <param name="dy">batch × Channels × OutputHeight × OutputWidth.</param>
    /// <param name="argmax">As <see cref="Forward"/> gave it.</param>
    /// <param name="dx">batch × Channels × Height × Width; overwritten; may not overlap dy.</param>
    /// <exception cref="ArgumentException">The geometry is impossible or a length is wrong.</exception>
    public static void Backward<T>(
        ComputeContext context, in PoolingShape shape, int batch, ReadOnlySpan<T> dy, ReadOnlySpan<int> argmax, Span<T> dx)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int planes = shape.CheckedPlanes(batch, dx.Length, nameof(dx), dy.Length, nameof(dy));
        Lengths.Check(argmax.Length, dy.Length, nameof(argmax), nameof(dy));
        fixed (T* pdy = dy, pdx = dx)
        fixed (int* pa = argmax)
        {
            var job = new BackwardJob<T>(shape, planes, pdy, pa, pdx);
            VectorJob.Run<T, BackwardJob<T>>(context, job.Items, dx.Length, ref job);
        }
    }

    private readonly struct ForwardJob<T>(PoolingShape shape, int planes, T* x, T* y, int* argmax) : IVectorJob<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly int _planesPerItem = Shapes.RowsPerItem(shape.InputPlane);

        public int Items => (planes + _planesPerItem - 1) / _planesPerItem;

        public void Execute<TVector>(int item)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            int end = Math.Min(planes, (item + 1) * _planesPerItem);
            for (int p = item * _planesPerItem; p < end; p++)
            {
                T* input = x + ((nint)p * shape.InputPlane);
                nint output = (nint)p * shape.OutputPlane;
                if (shape.IsTwoByTwo)
                    TwoByTwo(input, y + output, argmax + output);
                else
                    Plane(input, y + output, argmax + output);
            }
        }

        private void Plane(T* input, T* output, int* index)
        {
            for (int oy = 0; oy < shape.OutputHeight; oy++)
            {
                (int top, int bottom) = PoolingShape.Window(oy, shape.StrideY, shape.PaddingY, shape.KernelHeight, shape.Height);
                for (int ox = 0; ox < shape.OutputWidth; ox++)
                {
                    (int left, int right) = PoolingShape.Window(ox, shape.StrideX, shape.PaddingX, shape.KernelWidth, shape.Width);
                    int best = (top * shape.Width) + left;
                    T maximum = input[best];
                    for (int iy = top; iy < bottom; iy++)
                    {
                        for (int i = (iy * shape.Width) + left; i < (iy * shape.Width) + right; i++)
                        {
                            if (input[i] > maximum || T.IsNaN(input[i]))
                                (maximum, best) = (input[i], i);
                        }
                    }

                    *output++ = maximum;
                    *index++ = best;
                }
            }
        }

        private void TwoByTwo(T* input, T* output, int* index)
        {
            int width = shape.Width;
            for (int oy = 0; oy < shape.OutputHeight; oy++)
            {
                int first = 2 * oy * width;
                for (int ox = 0; ox < shape.OutputWidth; ox++, first += 2)
                {
                    T maximum = input[first];
                    int best = first;
                    Better(input, first + 1, ref maximum, ref best);
                    Better(input, first + width, ref maximum, ref best);
                    Better(input, first + width + 1, ref maximum, ref best);
                    *output++ = maximum;
                    *index++ = best;
                }
            }
        }

        private static void Better(T* input, int i, ref T maximum, ref int best)
        {
            T candidate = input[i];
            bool better = !(candidate <= maximum) && (candidate > maximum || T.IsNaN(candidate));
            best = better ? i : best;
            maximum = better ? candidate : maximum;
        }
    }

    private readonly struct BackwardJob<T>(PoolingShape shape, int planes, T* dy, int* argmax, T* dx) : IVectorJob<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly int _planesPerItem = Shapes.RowsPerItem(shape.InputPlane);

        public int Items => (planes + _planesPerItem - 1) / _planesPerItem;

        public void Execute<TVector>(int item)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            int end = Math.Min(planes, (item + 1) * _planesPerItem);
            int outputPlane = shape.OutputPlane;
            for (int p = item * _planesPerItem; p < end; p++)
            {
                T* target = dx + ((nint)p * shape.InputPlane);
                T* source = dy + ((nint)p * outputPlane);
                int* index = argmax + ((nint)p * outputPlane);
                new Span<T>(target, shape.InputPlane).Clear();
                for (int i = 0; i < outputPlane; i++)
                    target[index[i]] += source[i];
            }
        }
    }
}
