using System.Diagnostics;
using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Bench.Kernels;

/// <summary>
/// One convolution operation on 500 square images, kernel 5x5, padding 2: conv-forward, conv-input, conv-parameter, conv-gram, with
/// m channels, n filters and images of k × k.
/// </summary>
internal sealed class ConvolutionCase<T> : KernelCase
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Batch = 500;
    private readonly ComputeContext _context;
    private readonly string _operation;
    private readonly ConvolutionShape _shape;
    private readonly AlignedBuffer<T> _input;
    private readonly AlignedBuffer<T> _output;
    private readonly AlignedBuffer<T> _weight;
    private readonly AlignedBuffer<T> _bias;
    private readonly AlignedBuffer<T> _gram;
    private readonly AlignedBuffer<T> _scratch;

    public ConvolutionCase(ComputeContext context, string operation, int channels, int filters, int size)
    {
        (_context, _operation) = (context, operation);
        _shape = new ConvolutionShape(channels, size, size, filters, 5, 5, 1, 1, 2, 2, 1, 1);
        _input = new((long)Batch * _shape.InputLength);
        _output = new((long)Batch * _shape.OutputLength);
        _weight = new(_shape.WeightLength);
        _bias = new(_shape.Filters);
        _gram = new((long)Columns * Columns);
        _scratch = new(Convolution.ScratchLength(_shape, Batch, context));
        Random random = new(1);
        foreach (AlignedBuffer<T> buffer in (AlignedBuffer<T>[])[_input, _output, _weight])
        {
            foreach (ref T x in buffer.Span)
                x = T.CreateTruncating(random.NextDouble() - 0.5);
        }
    }

    /// <summary>Of the gradients and the forward pass by definition; of the Gram matrix, those of im2col and a symmetric product.</summary>
    public override double Flops => _operation == "conv-gram"
        ? (double)Columns * (Columns + 1) * Batch * _shape.OutputPixels
        : 2.0 * _shape.WeightLength * _shape.OutputPixels * Batch;

    private int Columns => _shape.WeightsPerFilter + 1;

    public override double Time(double fillSeconds)
    {
        Call();
        long start = Stopwatch.GetTimestamp();
        int calls = 0;
        do
        {
            Call();
            calls++;
        }
        while (Stopwatch.GetElapsedTime(start).TotalSeconds < fillSeconds);
        return Stopwatch.GetElapsedTime(start).TotalSeconds / calls;
    }

    public override void Dispose()
    {
        foreach (AlignedBuffer<T> buffer in (AlignedBuffer<T>[])[_input, _output, _weight, _bias, _gram, _scratch])
            buffer.Dispose();
    }

    private void Call()
    {
        Span<T> scratch = _scratch.Span;
        switch (_operation)
        {
            case "conv-forward":
                Convolution.Forward(_context, _shape, Batch, _input.Span, _weight.Span, _bias.Span, _output.Span, relu: false, scratch);
                break;
            case "conv-input":
                Convolution.InputGradient(_context, _shape, Batch, _weight.Span, _output.Span, _input.Span, scratch);
                break;
            case "conv-parameter":
                Convolution.ParameterGradient(_context, _shape, Batch, _input.Span, _output.Span, _weight.Span, _bias.Span, scratch);
                break;
            default:
                Convolution.Gram(_context, _shape, Batch, _input.Span, withBias: true, new Matrix<T>(_gram.Span, Columns, Columns), scratch);
                break;
        }
    }
}
