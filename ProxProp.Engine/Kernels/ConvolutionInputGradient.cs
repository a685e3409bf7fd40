using System.Numerics;

namespace ProxProp.Engine.Kernels;

// Input gradient. Input row y is read by output row o through tap ky where o·StrideY + ky·DilationY = y + PaddingY. With
// y + PaddingY = StrideY·q + r, 0 ≤ r < StrideY, that asks for ky·DilationY ≡ r (mod StrideY), and then o = q − (ky·DilationY − r) / StrideY.
// So for each residue r (and likewise in x) the input pixels of that residue are a correlation with stride 1 of dOutput with the
// taps of that residue: StrideY·StrideX small correlations that together cost what the forward pass costs. With stride 1 there is one,
// the well-known convolution with the flipped kernel. The weights are brought to [channel][filter][ky][kx] for each residue.
internal static unsafe class ConvolutionInputGradient
{
    public static long ScratchLength<T>(ComputeContext context, in ConvolutionShape s, int batch)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long needed = 0;
        for (int ry = 0; ry < s.StrideY; ry++)
        {
            for (int rx = 0; rx < s.StrideX; rx++)
            {
                ScratchCursor<T> cursor = default;
                Plan(context, s, batch, ry, rx, ref cursor);
                needed = Math.Max(needed, cursor.Length);
            }
        }

        return needed;
    }

    public static void Run<T>(ComputeContext context, in ConvolutionShape s, int batch, T* weight, T* dOutput, T* dInput, T* scratch)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int ry = 0; ry < s.StrideY; ry++)
        {
            for (int rx = 0; rx < s.StrideX; rx++)
            {
                var cursor = new ScratchCursor<T>(scratch);
                Correlation<T> plan = Plan(context, s, batch, ry, rx, ref cursor);
                if (plan.OutPixels == 0)
                    continue;
                FillTaps(plan.Dy, s.KernelHeight, s.StrideY, s.DilationY, ry, FirstQuotient(s.PaddingY, s.StrideY, ry));
                FillTaps(plan.Dx, s.KernelWidth, s.StrideX, s.DilationX, rx, FirstQuotient(s.PaddingX, s.StrideX, rx));
                PackWeights(s, ry, rx, weight, plan.Left);
                plan.Source = dOutput;
                plan.Output = dInput;
                plan.Run(context.Width);
            }
        }
    }

    private static Correlation<T> Plan<T>(ComputeContext context, in ConvolutionShape s, int batch, int ry, int rx, ref ScratchCursor<T> cursor)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Correlation<T> plan = default;
        plan.Team = context.Team;
        plan.Batch = batch;
        (plan.Sources, plan.SourceHeight, plan.SourceWidth) = (s.Filters, s.OutputHeight, s.OutputWidth);
        (plan.Rows, plan.PlaneHeight, plan.PlaneWidth) = (s.Channels, s.Height, s.Width);
        (plan.StrideY, plan.StrideX, plan.StepY, plan.StepX) = (1, 1, s.StrideY, s.StrideX);
        plan.FirstY = (FirstQuotient(s.PaddingY, s.StrideY, ry) * s.StrideY) + ry - s.PaddingY;
        plan.FirstX = (FirstQuotient(s.PaddingX, s.StrideX, rx) * s.StrideX) + rx - s.PaddingX;
        plan.OutHeight = Math.Max(0, (s.Height - plan.FirstY + s.StrideY - 1) / s.StrideY);
        plan.OutWidth = Math.Max(0, (s.Width - plan.FirstX + s.StrideX - 1) / s.StrideX);
        (plan.TapsY, int reachY) = CountTaps(s.KernelHeight, s.StrideY, s.DilationY, ry);
        (plan.TapsX, int reachX) = CountTaps(s.KernelWidth, s.StrideX, s.DilationX, rx);
        plan.TakeTaps(ref cursor);
        plan.Left = cursor.Take((long)s.Channels * plan.Steps);
        plan.TakeRest(ref cursor, reachY, reachX);
        return plan;
    }

    // The least q with StrideY·q + r ≥ PaddingY.
    private static int FirstQuotient(int padding, int stride, int residue) => padding <= residue ? 0 : (padding - residue + stride - 1) / stride;

    private static (int Count, int Reach) CountTaps(int kernel, int stride, int dilation, int residue)
    {
        (int count, int first, int last) = (0, 0, 0);
        for (int k = 0; k < kernel; k++)
        {
            if (k * dilation % stride != residue)
                continue;
            last = ((k * dilation) - residue) / stride;
            first = count++ == 0 ? last : first;
        }

        return (count, last - first);
    }

    private static void FillTaps(int* d, int kernel, int stride, int dilation, int residue, int firstQuotient)
    {
        int count = 0;
        for (int k = 0; k < kernel; k++)
        {
            if (k * dilation % stride == residue)
                d[count++] = firstQuotient - (((k * dilation) - residue) / stride);
        }
    }

    private static void PackWeights<T>(in ConvolutionShape s, int ry, int rx, T* weight, T* to)
        where T : unmanaged
    {
        for (int c = 0; c < s.Channels; c++)
        {
            for (int f = 0; f < s.Filters; f++)
            {
                T* from = weight + (((long)f * s.Channels) + c) * s.Taps;
                for (int ky = 0; ky < s.KernelHeight; ky++)
                {
                    for (int kx = 0; kx < s.KernelWidth && ky * s.DilationY % s.StrideY == ry; kx++)
                    {
                        if (kx * s.DilationX % s.StrideX == rx)
                            *to++ = from[(ky * s.KernelWidth) + kx];
                    }
                }
            }
        }
    }
}
