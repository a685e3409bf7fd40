// Layout:    NCHW; one plane is a channel of a sample, an item is a fixed number of planes.
// Registers: 2×2 windows side by side: even and odd lanes of two rows, the running maximum and its index (in lanes of T); backward the same lanes of dy
//            or 0. Others: scalar code.
// Remainder: the last vector of an output row overlaps the one before; planes narrower than the context's vector take the next that fits (see
//            FittingWidth).
// Source:    torch.nn.MaxPool2d: the first maximum in scan order wins, NaN wins over all numbers, padding never wins.
//            Backward: y = x[argmax], so dx[argmax] += dy; overlapping windows add up in scan order of the windows.
using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>Maximum over windows of each channel.</summary>
public static unsafe class MaxPooling
{
    // Indices below 2^24 are exact in float lanes.
    private const int LargestPlaneInLanes = 1 << 24;

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
            VectorJob.RunFitting<T, ForwardJob<T>>(context, job.Items, x.Length, shape.OutputWidth, job);
        }
    }

    /// <summary>dx = the transpose of the forward choice applied to dy.</summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="shape">Geometry.</param>
    /// <param name="batch">Number of samples.</param>
    /// <param name="dy">batch × Channels × OutputHeight × OutputWidth.</param>
    /// <param name="argmax">As <see cref="Forward"/> gave it.</param>
    /// <param name="dx">batch × Channels × Height × Width; overwritten; may not overlap dy.</param>
    /// <exception cref="ArgumentException">The geometry is impossible, a length is wrong, or an index lies outside the plane.</exception>
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

    // Where the windows of a row of outputs begin, from the first.
    private static void FillPositions<T>(T* positions, int count)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < count; i++)
            positions[i] = T.CreateTruncating(2 * i);
    }

    private static void ThrowOutside(int argmax, int plane) =>
        throw new ArgumentException($"'argmax' has {argmax}, but a plane has {plane} elements.", nameof(argmax));

    private readonly struct ForwardJob<T>(PoolingShape shape, int planes, T* x, T* y, int* argmax) : IVectorJob<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly int _planesPerItem = Shapes.RowsPerItem(shape.InputPlane);

        public int Items => (planes + _planesPerItem - 1) / _planesPerItem;

        public void Execute<TVector>(int item)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            T* positions = stackalloc T[TVector.Count];
            FillPositions(positions, TVector.Count);
            int end = Math.Min(planes, (item + 1) * _planesPerItem);
            for (int p = item * _planesPerItem; p < end; p++)
            {
                T* input = x + ((nint)p * shape.InputPlane);
                nint output = (nint)p * shape.OutputPlane;
                if (!shape.IsTwoByTwo || shape.InputPlane > LargestPlaneInLanes)
                    Plane(input, y + output, argmax + output);
                else
                    TwoByTwo<TVector>(positions, input, y + output, argmax + output);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
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

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        private void TwoByTwo<TVector>(T* positions, T* input, T* output, int* index)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            int width = shape.Width;
            int outputWidth = shape.OutputWidth, outputHeight = shape.OutputHeight;
            for (int oy = 0; oy < outputHeight; oy++)
            {
                var row = new TwoByTwoRow<T>(input, width, 2 * oy * width, positions, output, index);
                VectorLoop.Row<TVector, T, TwoByTwoRow<T>>(outputWidth, row);
                output += outputWidth;
                index += outputWidth;
            }
        }
    }

    // One row of outputs; its windows begin at input[first], input[first + 2], …
    private readonly struct TwoByTwoRow<T>(T* input, int width, int first, T* positions, T* output, int* index) : ILoopBody<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Step<TVector>(nint i)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            T* upper = input + first + (2 * i);
            T* lower = upper + width;
            TVector a = TVector.Load(upper);
            TVector b = TVector.Load(upper + TVector.Count);
            TVector c = TVector.Load(lower);
            TVector d = TVector.Load(lower + TVector.Count);
            TVector one = TVector.Broadcast(T.One);
            TVector best = TVector.Load(positions) + TVector.Broadcast(T.CreateTruncating((int)(first + (2 * i))));
            TVector below = best + TVector.Broadcast(T.CreateTruncating(width));
            TVector maximum = TVector.EvenLanes(a, b);
            Better(TVector.OddLanes(a, b), best + one, ref maximum, ref best);
            Better(TVector.EvenLanes(c, d), below, ref maximum, ref best);
            Better(TVector.OddLanes(c, d), below + one, ref maximum, ref best);
            TVector.Store(maximum, output + i);
            TVector.StoreInt32(best, index + i);
        }

        // The candidate wins where it is larger and where it is NaN.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Better<TVector>(TVector candidate, TVector at, ref TVector maximum, ref TVector best)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            TVector isLarger = TVector.LessThan(maximum, candidate);
            TVector isNumber = TVector.LessThanOrEqual(candidate, candidate);
            maximum = TVector.Select(isNumber, TVector.Select(isLarger, candidate, maximum), candidate);
            best = TVector.Select(isNumber, TVector.Select(isLarger, at, best), at);
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
            for (int p = item * _planesPerItem; p < end; p++)
            {
                T* target = dx + ((nint)p * shape.InputPlane);
                nint output = (nint)p * shape.OutputPlane;
                bool isWide = shape.IsTwoByTwo && shape.InputPlane <= LargestPlaneInLanes && TVector.Count <= shape.OutputWidth;
                if (!isWide || !TwoByTwo<TVector>(target, dy + output, argmax + output))
                    Plane(target, dy + output, argmax + output);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        private void Plane(T* target, T* source, int* index)
        {
            int inputPlane = shape.InputPlane, outputPlane = shape.OutputPlane;
            new Span<T>(target, inputPlane).Clear();
            for (int i = 0; i < outputPlane; i++)
            {
                int at = index[i];
                if ((uint)at >= (uint)inputPlane)
                    ThrowOutside(at, inputPlane);
                target[at] += source[i];
            }
        }

        // Each window gets its dy and three zeros. False if an index lies outside its window; then the plane is to be done otherwise.
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        private bool TwoByTwo<TVector>(T* target, T* source, int* index)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            int width = shape.Width, outputWidth = shape.OutputWidth, outputHeight = shape.OutputHeight;
            if (((width | shape.Height) & 1) != 0)
                new Span<T>(target, shape.InputPlane).Clear();
            T* lanes = stackalloc T[TVector.Count];
            FillPositions(lanes, TVector.Count);
            TVector zero = TVector.Zero, one = TVector.Broadcast(T.One), half = TVector.Broadcast(T.CreateTruncating(0.5));
            TVector row = TVector.Broadcast(T.CreateTruncating(width)), positions = TVector.Load(lanes), outside = zero;
            for (int oy = 0; oy < outputHeight; oy++, source += outputWidth, index += outputWidth)
            {
                for (int ox = 0; ox < outputWidth; ox += TVector.Count)
                {
                    // The last vector of a row may overlap the one before.
                    int i = Math.Min(ox, outputWidth - TVector.Count), first = (2 * oy * width) + (2 * i);
                    TVector place = TVector.LoadInt32(index + i) - (positions + TVector.Broadcast(T.CreateTruncating(first)));
                    TVector isLower = TVector.LessThan(one, place);
                    place -= TVector.Select(isLower, row, zero);
                    TVector isOdd = TVector.LessThan(half, place);
                    outside += TVector.Abs(place * (place - one));

                    // As 0 + dy, which has no negative zero.
                    TVector d = zero + TVector.Load(source + i);
                    TVector upper = TVector.Select(isLower, zero, d), lower = TVector.Select(isLower, d, zero);
                    TVector.StoreInterleaved(TVector.Select(isOdd, zero, upper), TVector.Select(isOdd, upper, zero), target + first);
                    TVector.StoreInterleaved(TVector.Select(isOdd, zero, lower), TVector.Select(isOdd, lower, zero), target + first + width);
                }
            }

            TVector.Store(outside, lanes);
            for (int i = 0; i < TVector.Count; i++)
            {
                if (lanes[i] != T.Zero)
                    return false;
            }

            return true;
        }
    }
}
