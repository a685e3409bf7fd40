using BenchmarkDotNet.Attributes;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Bench.Kernels;

/// <summary>Pooling, batch normalisation and the loss at the sizes of the paper's ConvNet: batch 500.</summary>
[MemoryDiagnoser]
public class PoolingBenchmarks : IDisposable
{
    private const int Batch = 500;
    private const int Classes = 10;
    private readonly int[] _labels = new int[Batch];
    private readonly float[] _channel = new float[20];
    private ComputeContext _context = null!;
    private PoolingShape _shape;
    private AlignedBuffer<float> _x = null!;
    private AlignedBuffer<float> _z = null!;
    private AlignedBuffer<float> _y = null!;
    private AlignedBuffer<int> _argmax = null!;

    [Params(1, 2)]
    public int Threads { get; set; }

    /// <summary>Channels of the layer: 16 at 32×32, 20 at 16×16.</summary>
    [Params(16, 20)]
    public int Channels { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _context = new ComputeContext(Threads);
        int size = Channels == 16 ? 32 : 16;
        _shape = new PoolingShape(Channels, size, size, 2, 2, 2, 2, 0, 0);
        (_x, _z) = (new(Batch * Channels * _shape.InputPlane), new(Batch * Channels * _shape.InputPlane));
        (_y, _argmax) = (new(Batch * Channels * _shape.OutputPlane), new(Batch * Channels * _shape.OutputPlane));
        var random = new Random(1);
        foreach (ref float value in _x.Span)
            value = (float)random.NextDouble() - 0.5f;
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _context.Dispose();
        _x.Dispose();
        _z.Dispose();
        _y.Dispose();
        _argmax.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark]
    public void MaxForward() => MaxPooling.Forward<float>(_context, _shape, Batch, _x.Span, _y.Span, _argmax.Span);

    [Benchmark]
    public void MaxBackward() => MaxPooling.Backward<float>(_context, _shape, Batch, _y.Span, _argmax.Span, _z.Span);

    [Benchmark]
    public void AverageForward() => AveragePooling.Forward<float>(_context, _shape, Batch, _x.Span, _y.Span);

    [Benchmark]
    public void AverageBackward() => AveragePooling.Backward<float>(_context, _shape, Batch, _y.Span, _z.Span);

    [Benchmark]
    public void BatchNormalizationForward()
    {
        ReadOnlySpan<float> zeros = _channel.AsSpan(0, Channels);
        var shape = new ChannelShape(Batch, Channels, _shape.InputPlane);
        BatchNormalization.ForwardEvaluation<float>(_context, shape, _x.Span, zeros, zeros, zeros, zeros, _z.Span);
    }

    [Benchmark]
    public double CrossEntropy() => SoftmaxCrossEntropy.Forward<float>(
        _context, new(_x.Span, Batch, Classes), _labels, _y.Span[..Batch], new(_z.Span, Batch, Classes));
}
