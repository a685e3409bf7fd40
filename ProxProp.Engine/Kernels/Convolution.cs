using System.Numerics;

namespace ProxProp.Engine.Kernels;

/// <summary>
/// Two-dimensional convolution (cross-correlation, as in PyTorch) in NCHW layout, its two adjoints, and the Gram matrix of its im2col matrix.
/// </summary>
/// <remarks>
/// input [batch][channels][height][width], weight [filters][channels][kernel height][kernel width], output [batch][filters][output
/// height][output width]. Spans may be longer than needed, never shorter, and no written span may overlap another.
/// </remarks>
public static unsafe class Convolution
{
    // A larger Gram matrix has more elements than can be addressed; there is no point in planning how to form it.
    private const int MostGramColumns = 46_340;

    /// <summary>Elements of scratch that each operation on this shape needs, for at most <paramref name="batch"/> images.</summary>
    /// <param name="s">Geometry.</param>
    /// <param name="batch">Largest number of images.</param>
    /// <param name="context">Where the operations will run.</param>
    public static int ScratchLength(in ConvolutionShape s, int batch, ComputeContext context) =>
        Math.Max(PassScratchLength(s, batch, context), GramScratchLength(s, batch, context));

    /// <summary>As <see cref="ScratchLength"/>, but for all except <see cref="Gram{T}"/>.</summary>
    public static int PassScratchLength(in ConvolutionShape s, int batch, ComputeContext context)
    {
        CheckScratch(s, batch, context);
        ScratchCursor<float> forward = default;
        ConvolutionForward.Plan(context, s, batch, ref forward);
        ScratchCursor<float> parameters = default;
        ConvolutionParameterGradient<float>.Plan(context, s, batch, ref parameters);
        long inputs = ConvolutionInputGradient.ScratchLength<float>(context, s, batch);
        return Length(Math.Max(Math.Max(forward.Length, parameters.Length), inputs), batch);
    }

    /// <summary>As <see cref="ScratchLength"/>, but for <see cref="Gram{T}"/> alone.</summary>
    public static int GramScratchLength(in ConvolutionShape s, int batch, ComputeContext context)
    {
        CheckScratch(s, batch, context);
        ScratchCursor<float> gram = default;
        if (s.WeightsPerFilter <= MostGramColumns)
        {
            if (IsStructured(s))
                ConvolutionGram<float>.Plan(context, s, batch, withBias: true, ref gram);
            else
                ConvolutionPanelGram<float>.Plan(context, s, batch, withBias: true, ref gram);
        }

        return Length(gram.Length, batch);
    }

    /// <summary>output[n,f,y,x] = Σ_{c,ky,kx} weight[f,c,ky,kx] · input[n, c, y·StrideY − PaddingY + ky·DilationY, x·StrideX − PaddingX + kx·DilationX] + bias[f].</summary>
    /// <param name="context">Where to run.</param>
    /// <param name="s">Geometry.</param>
    /// <param name="batch">Number of images, 0 or more.</param>
    /// <param name="input">Images.</param>
    /// <param name="weight">Filters.</param>
    /// <param name="bias">One per filter, or empty for none.</param>
    /// <param name="output">Overwritten; what it held before, NaN included, does not matter.</param>
    /// <param name="relu">Whether max(0, ·) is applied to each result.</param>
    /// <param name="scratch">At least <see cref="PassScratchLength"/> elements.</param>
    /// <exception cref="ArgumentException">A span is too short for the shape.</exception>
    /// <remarks>Each sum runs over ascending (c, ky, kx) by fused multiply-add from 0, padding included as zeros; the bias is added last.</remarks>
    public static void Forward<T>(
        ComputeContext context,
        in ConvolutionShape s,
        int batch,
        ReadOnlySpan<T> input,
        ReadOnlySpan<T> weight,
        ReadOnlySpan<T> bias,
        Span<T> output,
        bool relu,
        Span<T> scratch)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check(PassScratchLength(s, batch, context), scratch.Length);
        Needs(input.Length, (long)batch * s.InputLength, nameof(input));
        Needs(weight.Length, s.WeightLength, nameof(weight));
        Needs(output.Length, (long)batch * s.OutputLength, nameof(output));
        if (!bias.IsEmpty)
            Needs(bias.Length, s.Filters, nameof(bias));
        fixed (T* x = input, w = weight, b = bias, z = output, memory = scratch)
            ConvolutionForward.Run(context, s, batch, x, w, b, z, relu, memory);
    }

    /// <summary>The adjoint of <see cref="Forward"/> in the input: dInput[n,c,·] = Σ over all outputs that read the pixel of weight · dOutput.</summary>
    /// <param name="context">Where to run.</param>
    /// <param name="s">Geometry.</param>
    /// <param name="batch">Number of images, 0 or more.</param>
    /// <param name="weight">Filters.</param>
    /// <param name="dOutput">Gradient of the output.</param>
    /// <param name="dInput">Overwritten with the gradient of the input.</param>
    /// <param name="scratch">At least <see cref="PassScratchLength"/> elements.</param>
    /// <exception cref="ArgumentException">A span is too short for the shape.</exception>
    public static void InputGradient<T>(
        ComputeContext context,
        in ConvolutionShape s,
        int batch,
        ReadOnlySpan<T> weight,
        ReadOnlySpan<T> dOutput,
        Span<T> dInput,
        Span<T> scratch)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check(PassScratchLength(s, batch, context), scratch.Length);
        Needs(weight.Length, s.WeightLength, nameof(weight));
        Needs(dOutput.Length, (long)batch * s.OutputLength, nameof(dOutput));
        Needs(dInput.Length, (long)batch * s.InputLength, nameof(dInput));
        fixed (T* w = weight, dz = dOutput, dx = dInput, memory = scratch)
            ConvolutionInputGradient.Run(context, s, batch, w, dz, dx, memory);
    }

    /// <summary>The adjoint of <see cref="Forward"/> in the parameters: dWeight[f,k] = Σ_{n,p} dOutput[n,f,p] · A[(n,p),k], dBias[f] = Σ_{n,p} dOutput[n,f,p].</summary>
    /// <param name="context">Where to run.</param>
    /// <param name="s">Geometry.</param>
    /// <param name="batch">Number of images, 0 or more.</param>
    /// <param name="input">Images.</param>
    /// <param name="dOutput">Gradient of the output.</param>
    /// <param name="dWeight">Overwritten with the gradient of the weights.</param>
    /// <param name="dBias">Overwritten with the gradient of the bias; empty for none.</param>
    /// <param name="scratch">At least <see cref="PassScratchLength"/> elements.</param>
    /// <exception cref="ArgumentException">A span is too short for the shape.</exception>
    public static void ParameterGradient<T>(
        ComputeContext context,
        in ConvolutionShape s,
        int batch,
        ReadOnlySpan<T> input,
        ReadOnlySpan<T> dOutput,
        Span<T> dWeight,
        Span<T> dBias,
        Span<T> scratch)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check(PassScratchLength(s, batch, context), scratch.Length);
        Needs(input.Length, (long)batch * s.InputLength, nameof(input));
        Needs(dOutput.Length, (long)batch * s.OutputLength, nameof(dOutput));
        Needs(dWeight.Length, s.WeightLength, nameof(dWeight));
        if (!dBias.IsEmpty)
            Needs(dBias.Length, s.Filters, nameof(dBias));
        fixed (T* x = input, dz = dOutput, dw = dWeight, db = dBias, memory = scratch)
        {
            var cursor = new ScratchCursor<T>(memory);
            ConvolutionParameterGradient<T>.Plan(context, s, batch, ref cursor).Run(context.Width, x, dz, dw, db);
        }
    }

    /// <summary>AᵀA of the im2col matrix A: one row per image and output pixel, one column per weight of a filter and, if asked for, a last column of ones.</summary>
    /// <param name="context">Where to run.</param>
    /// <param name="s">Geometry.</param>
    /// <param name="batch">Number of images, 0 or more.</param>
    /// <param name="input">Images.</param>
    /// <param name="withBias">Whether A has the column of ones.</param>
    /// <param name="gram">Overwritten; square, <see cref="ConvolutionShape.WeightsPerFilter"/> rows, one more with the bias. Symmetric to the bit.</param>
    /// <param name="scratch">At least <see cref="GramScratchLength"/> elements.</param>
    /// <exception cref="ArgumentException">A span is too short for the shape, or <paramref name="gram"/> is of another size.</exception>
    public static void Gram<T>(
        ComputeContext context,
        in ConvolutionShape s,
        int batch,
        ReadOnlySpan<T> input,
        bool withBias,
        Matrix<T> gram,
        Span<T> scratch)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check(GramScratchLength(s, batch, context), scratch.Length);
        Needs(input.Length, (long)batch * s.InputLength, nameof(input));
        int columns = s.WeightsPerFilter + (withBias ? 1 : 0);
        if (gram.Rows != columns || gram.Columns != columns)
            throw new ArgumentException($"The Gram matrix of this convolution is {columns}x{columns}, but got {gram.Rows}x{gram.Columns}.", nameof(gram));
        fixed (T* x = input, g = gram.Data, memory = scratch)
        {
            var cursor = new ScratchCursor<T>(memory);
            if (IsStructured(s))
                ConvolutionGram<T>.Plan(context, s, batch, withBias, ref cursor).Run(context.Width, x, g, gram.Stride);
            else
                ConvolutionPanelGram<T>.Plan(context, s, batch, withBias, ref cursor).Run(context.Width, x, g, gram.Stride);
        }
    }

    // Only for stride 1 does a product of two taps depend on their difference alone.
    private static bool IsStructured(in ConvolutionShape s) => s.StrideY == 1 && s.StrideX == 1;

    private static void CheckScratch(in ConvolutionShape s, int batch, ComputeContext context)
    {
        s.Validate();
        ArgumentOutOfRangeException.ThrowIfNegative(batch);
        ArgumentNullException.ThrowIfNull(context);
    }

    private static int Length(long length, int batch) => length <= int.MaxValue
        ? (int)length
        : throw new ArgumentException(
            $"The scratch memory of this convolution of a batch of {batch} would have {length} elements, more than {int.MaxValue}; take a smaller batch.", nameof(batch));

    private static void Check(int needed, int scratch)
    {
        if (scratch < needed)
            throw new ArgumentException($"This convolution needs {needed} elements of scratch, but got {scratch}.", nameof(scratch));
    }

    private static void Needs(int length, long needed, string name)
    {
        if (length < needed)
            throw new ArgumentException($"{name} needs {needed} elements for this convolution, but has {length}.", name);
    }
}
