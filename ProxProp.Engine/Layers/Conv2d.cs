using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Randomness;
using ProxProp.Engine.Solvers;

namespace ProxProp.Engine.Layers;

/// <summary>Two-dimensional convolution (cross-correlation, as in PyTorch) of images, with stride, padding and dilation.</summary>
/// <remarks>
/// <para>z[n,f,p] = b[f] + Σ_{c,i,j} W[f,c,i,j]·a[n, c, y(p,i), x(p,j)], y = oy·stride − padding + i·dilation, zero outside the image.</para>
/// <para>A is im2col(a) with a column of ones: one row per sample and output pixel, one column per kernel weight. Every filter sees the
/// same A; no such matrix is ever stored. dW = δᵀ·im2col(a), db = sums of δ, da = the transposed convolution of δ.</para>
/// </remarks>
/// <typeparam name="T">float or double.</typeparam>
public sealed class Conv2d<T> : ProximalLayer<T>, IGramLayer<T>, IFusesRelu
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const long DiagonalElements = 1 << 18;

    private ConvolutionShape _shape;
    private Slot<T> _scratch;
    private Arena? _arena;
    private Slot<T> _gramScratch;
    private Slot<T> _diagonalScratch;
    private Slot<T> _squares;
    private Slot<T> _diagonalPart;
    private Slot<T> _ones;

    /// <summary>A convolution with <paramref name="filters"/> output channels and a square kernel.</summary>
    /// <param name="filters">Number of output channels, 1 or more.</param>
    /// <param name="kernel">Height and width of the kernel.</param>
    /// <param name="stride">Step of the kernel over the image.</param>
    /// <param name="padding">Zeros added on each side of the image.</param>
    /// <param name="dilation">Distance between two kernel taps.</param>
    /// <param name="bias">Whether there is a bias.</param>
    public Conv2d(int filters, int kernel, int stride = 1, int padding = 0, int dilation = 1, bool bias = true)
        : this(filters, (kernel, kernel), (stride, stride), (padding, padding), (dilation, dilation), bias)
    {
    }

    /// <summary>A convolution with <paramref name="filters"/> output channels; each pair is (vertical, horizontal).</summary>
    public Conv2d(
        int filters, (int Y, int X) kernel, (int Y, int X) stride, (int Y, int X) padding, (int Y, int X) dilation, bool bias = true)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(filters);
        Filters = filters;
        Kernel = kernel;
        Stride = stride;
        Padding = padding;
        Dilation = dilation;
        HasBias = bias;
    }

    /// <summary>Number of output channels.</summary>
    public int Filters { get; }

    /// <summary>Kernel size.</summary>
    public (int Y, int X) Kernel { get; }

    /// <summary>Step of the kernel.</summary>
    public (int Y, int X) Stride { get; }

    /// <summary>Zeros on each side.</summary>
    public (int Y, int X) Padding { get; }

    /// <summary>Distance between taps.</summary>
    public (int Y, int X) Dilation { get; }

    /// <summary>Whether there is a bias.</summary>
    public bool HasBias { get; }

    /// <inheritdoc/>
    public override BlockLayout Layout => new(Filters, _shape.WeightsPerFilter, HasBias);

    /// <inheritdoc/>
    public override ProximalLayer<double>? InDouble() => new Conv2d<double>(Filters, Kernel, Stride, Padding, Dilation, HasBias);

    /// <inheritdoc/>
    public int RowsPerSample => Output.Pixels;

    /// <inheritdoc/>
    public bool FuseRelu { get; set; }

    /// <inheritdoc/>
    public override void Initialize(Generator generator, Span<T> theta) => InitializeUniform(generator, theta, _shape.WeightsPerFilter);

    /// <inheritdoc/>
    public override void Forward(in Pass pass, ReadOnlySpan<T> a, Span<T> z) => Convolve(pass, a, Parameters, z, FuseRelu);

    /// <inheritdoc/>
    public override void Apply(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> theta, Span<T> z) => Convolve(pass, a, theta, z, false);

    /// <inheritdoc/>
    public override void ApplyAdjoint(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> dz, Span<T> dtheta) =>
        Convolution.ParameterGradient(pass.Compute, _shape, pass.Batch, a, dz, Weight(dtheta), Bias(dtheta), _scratch.Span);

    /// <inheritdoc/>
    public override void Backward(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> z, ReadOnlySpan<T> dz, Span<T> da) =>
        Convolution.InputGradient(pass.Compute, _shape, pass.Batch, Weight(Parameters), dz, da, _scratch.Span);

    /// <inheritdoc/>
    public double GramFlops(int batch)
    {
        // With stride 1 only the offset between two taps matters: (2k − 1)² channel correlations over the image, half of them by symmetry.
        double offsets = ((2.0 * Kernel.Y) - 1) * ((2 * Kernel.X) - 1);
        double rows = (double)batch * Output.Pixels;
        return Stride == (1, 1)
            ? offsets * batch * Input.Pixels * Input.Channels * Input.Channels
            : rows * _shape.WeightsPerFilter * _shape.WeightsPerFilter;
    }

    /// <inheritdoc/>
    public void ExpectGram(ComputeContext products, int batch) => _arena?.Use(_gramScratch);

    /// <inheritdoc/>
    public void ExpectGramDiagonal(int batch)
    {
        _arena?.Use(_diagonalScratch);
        _arena?.Use(_squares);
        _arena?.Use(_ones);
        _arena?.Use(_diagonalPart);
    }

    /// <inheritdoc/>
    public void Gram(in Pass pass, ReadOnlySpan<T> a, Matrix<T> gram) =>
        Convolution.Gram(pass.Compute, _shape, pass.Batch, a, HasBias, gram, _gramScratch.Span);

    /// <summary>
    /// diag(AᵀA) = im2col(a∘a)ᵀ·1: the weight gradient of a one-filter convolution over the squared image for δ = 1, a group of samples at a
    /// time.
    /// </summary>
    /// <inheritdoc/>
    public void GramDiagonal(in Pass pass, ReadOnlySpan<T> a, Span<T> diagonal)
    {
        int group = DiagonalGroup(Input);
        Span<T> sum = diagonal[.._shape.WeightsPerFilter], part = _diagonalPart.Span;
        for (int first = 0; first < pass.Batch; first += group)
        {
            int samples = Math.Min(group, pass.Batch - first);
            ReadOnlySpan<T> images = a.Slice(first * Input.Size, samples * Input.Size);
            Span<T> squares = _squares.Span[..images.Length], ones = _ones.Span[..(samples * Output.Pixels)];
            Elementwise.Map(pass.Compute, default(ProductMap<T>), images, images, squares);
            ones.Fill(T.One);
            Convolution.ParameterGradient(
                pass.Compute, _shape with { Filters = 1 }, samples, squares, ones, first == 0 ? sum : part, default, _diagonalScratch.Span);
            if (first > 0)
                Elementwise.Axpy<T>(pass.Compute, T.One, part, sum);
        }

        if (HasBias)
            diagonal[sum.Length] = T.CreateSaturating((long)pass.Batch * Output.Pixels);
    }

    /// <inheritdoc/>
    protected override Shape Build(in PlanContext plan, Shape input)
    {
        if (!input.IsImage)
            throw new ArgumentException($"Conv2d needs an image at its input (channels x height x width), but got a vector of {input}.", nameof(input));
        _shape = new ConvolutionShape(
            input.Channels, input.Height, input.Width, Filters, Kernel.Y, Kernel.X, Stride.Y, Stride.X, Padding.Y, Padding.X, Dilation.Y, Dilation.X);
        _shape.Validate();
        DeclareParameter("weight", Filters, input.Channels, Kernel.Y, Kernel.X);
        if (HasBias)
            DeclareParameter("bias", Filters);
        var output = Shape.Image(Filters, _shape.OutputHeight, _shape.OutputWidth);
        using (plan.Arena.Scratch())
        {
            _arena = plan.Arena;
            (string owner, BufferPurpose purpose) = (plan.Arena.Owner, plan.Arena.Purpose);
            using ScratchAlternatives either = plan.Arena.Either();
            _scratch = plan.Arena.Reserve<T>("convolution scratch", Convolution.PassScratchLength(_shape, plan.MaxBatch, plan.Compute));
            plan.Arena.Label(owner, BufferPurpose.Standby);
            either.Or();
            _gramScratch = plan.Arena.Reserve<T>("convolution gram matrix, scratch", Convolution.GramScratchLength(_shape, plan.MaxBatch, plan.Compute));
            either.Or();
            int group = Math.Min(plan.MaxBatch, DiagonalGroup(input));
            _diagonalScratch = plan.Arena.Reserve<T>(
                "convolution gram diagonal, scratch", Convolution.PassScratchLength(_shape with { Filters = 1 }, group, plan.Compute));
            _squares = plan.Arena.Reserve<T>("convolution gram diagonal, squared input", (long)group * input.Size);
            _ones = plan.Arena.Reserve<T>("convolution gram diagonal, ones", (long)group * output.Pixels);
            _diagonalPart = plan.Arena.Reserve<T>("convolution gram diagonal, part", _shape.WeightsPerFilter);
            plan.Arena.Label(owner, purpose);
        }

        return output;
    }

    // Samples whose squares are held at a time; a function of the shape alone, since sums depend on it.
    private static int DiagonalGroup(Shape input) => (int)Math.Max(1, DiagonalElements / input.Size);

    private void Convolve(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> theta, Span<T> z, bool relu) => Convolution.Forward(
        pass.Compute,
        _shape,
        pass.Batch,
        a,
        theta[..Layout.WeightCount],
        HasBias ? theta.Slice(Layout.WeightCount, Filters) : default,
        z,
        relu,
        _scratch.Span);

    private Span<T> Weight(Span<T> theta) => theta[..Layout.WeightCount];

    private Span<T> Bias(Span<T> theta) => HasBias ? theta.Slice(Layout.WeightCount, Filters) : default;
}
