using System.Numerics.Tensors;
using BenchmarkDotNet.Attributes;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Bench.Kernels;

/// <summary>Element-wise maps, reductions and optimizer updates, beside System.Numerics.Tensors where it has the same function.</summary>
[MemoryDiagnoser]
public class ElementwiseBenchmarks : IDisposable
{
    private ComputeContext _context = null!;
    private AlignedBuffer<float> _x = null!;
    private AlignedBuffer<float> _y = null!;
    private AlignedBuffer<float> _m = null!;
    private AlignedBuffer<float> _s = null!;

    /// <summary>Second-level cache, a batch of activations, the parameters of a large layer.</summary>
    [Params(8_192, 2_000_000, 12_288_000)]
    public int Length { get; set; }

    [Params(1, 2)]
    public int Threads { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _context = new ComputeContext(Threads);
        (_x, _y, _m, _s) = (new(Length), new(Length), new(Length), new(Length));
        var random = new Random(1);
        for (int i = 0; i < Length; i++)
        {
            _x.Span[i] = (float)((8 * random.NextDouble()) - 4);
            _y.Span[i] = (float)random.NextDouble();
        }
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _context.Dispose();
        _x.Dispose();
        _y.Dispose();
        _m.Dispose();
        _s.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark]
    public void Relu() => Elementwise.Map<float, ReluMap<float>>(_context, default, _x.Span, _s.Span);

    [Benchmark]
    public void ReluTensors() => TensorPrimitives.Max(_x.Span, 0f, _s.Span);

    [Benchmark]
    public void Tanh() => Elementwise.Map<float, TanhMap<float>>(_context, default, _x.Span, _s.Span);

    [Benchmark]
    public void TanhTensors() => TensorPrimitives.Tanh<float>(_x.Span, _s.Span);

    [Benchmark]
    public void Sigmoid() => Elementwise.Map<float, SigmoidMap<float>>(_context, default, _x.Span, _s.Span);

    [Benchmark]
    public void SigmoidTensors() => TensorPrimitives.Sigmoid<float>(_x.Span, _s.Span);

    [Benchmark]
    public void Gelu() => Elementwise.Map<float, GeluMap<float>>(_context, default, _x.Span, _s.Span);

    [Benchmark]
    public void Axpy() => Elementwise.Axpy(_context, 1e-9f, _x.Span, _y.Span);

    [Benchmark]
    public void AxpyTensors() => TensorPrimitives.MultiplyAdd(_x.Span, 1e-9f, _y.Span, _y.Span);

    [Benchmark]
    public double Dot() => Reductions.Dot<float>(_context, _x.Span, _y.Span);

    [Benchmark]
    public float DotTensors() => TensorPrimitives.Dot<float>(_x.Span, _y.Span);

    [Benchmark]
    public void Nesterov() => OptimizerUpdates.Nesterov<float>(_context, _y.Span, _x.Span, _m.Span, 1e-9, 0.9);

    [Benchmark]
    public void Adam() => OptimizerUpdates.Adam<float>(_context, _y.Span, _x.Span, _m.Span, _s.Span, 10, new AdamParameters(1e-9));
}
