using System.Numerics;

namespace ProxProp.Engine.Kernels;

// Forward pass: the correlation of the input with the weights as they lie in memory, taps at ky·DilationY − PaddingY.
internal static unsafe class ConvolutionForward
{
    public static Correlation<T> Plan<T>(ComputeContext context, in ConvolutionShape s, int batch, ref ScratchCursor<T> cursor)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Correlation<T> plan = default;
        plan.Team = context.Team;
        plan.Batch = batch;
        (plan.Sources, plan.SourceHeight, plan.SourceWidth) = (s.Channels, s.Height, s.Width);
        (plan.Rows, plan.OutHeight, plan.OutWidth) = (s.Filters, s.OutputHeight, s.OutputWidth);
        (plan.PlaneHeight, plan.PlaneWidth, plan.StepY, plan.StepX) = (s.OutputHeight, s.OutputWidth, 1, 1);
        (plan.StrideY, plan.StrideX, plan.TapsY, plan.TapsX) = (s.StrideY, s.StrideX, s.KernelHeight, s.KernelWidth);
        plan.TakeTaps(ref cursor);
        plan.TakeRest(ref cursor, (s.KernelHeight - 1) * s.DilationY, (s.KernelWidth - 1) * s.DilationX);
        return plan;
    }

    public static void Run<T>(
        ComputeContext context, in ConvolutionShape s, int batch, T* input, T* weight, T* bias, T* output, bool relu, T* scratch)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var cursor = new ScratchCursor<T>(scratch);
        Correlation<T> plan = Plan(context, s, batch, ref cursor);
        for (int ky = 0; ky < s.KernelHeight; ky++)
            plan.Dy[ky] = (ky * s.DilationY) - s.PaddingY;
        for (int kx = 0; kx < s.KernelWidth; kx++)
            plan.Dx[kx] = (kx * s.DilationX) - s.PaddingX;
        plan.Source = input;
        plan.Left = weight;
        plan.Bias = bias;
        plan.Output = output;
        plan.Relu = relu;
        plan.Run(context.Width);
    }
}
