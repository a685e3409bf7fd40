using BenchmarkDotNet.Attributes;
using ProxProp.Engine.Kernels;

namespace ProxProp.Engine.Bench.Kernels;

/// <summary>What the benchmarks of dense kernels share: threads, precision, and one case on one shape, written m x n x k (see <see cref="KernelCase"/>).</summary>
[MemoryDiagnoser]
public abstract class DenseBenchmarks : IDisposable
{
    private ComputeContext _context = null!;
    private KernelCase _case = null!;

    [Params(1, 2)]
    public int Threads { get; set; }

    [Params(false, true)]
    public bool IsDouble { get; set; }

    [GlobalCleanup]
    public void Dispose()
    {
        _case.Dispose();
        _context.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected void Open(string operation, string shape)
    {
        int[] sizes = [.. shape.Split('x').Select(s => int.Parse(s, System.Globalization.CultureInfo.InvariantCulture))];
        _context = new ComputeContext(Threads);
        _case = KernelCase.Create(_context, operation, sizes[0], sizes[1], sizes[2], IsDouble);
    }

    private protected void Run() => _case.Run();
}

/// <summary>Products A·B, A·Bᵀ and Aᵀ·B on shapes of a batch of 500, square ones and small ones.</summary>
public class GemmBenchmarks : DenseBenchmarks
{
    [Params("500x4000x3072", "500x1000x4000", "4000x3072x500", "2048x2048x2048", "256x256x256", "97x101x103", "64x64x64")]
    public string Shape { get; set; } = string.Empty;

    [Params("nn", "nt", "tn")]
    public string Transposes { get; set; } = string.Empty;

    [GlobalSetup]
    public void Setup() => Open($"gemm-{Transposes}", Shape);

    [Benchmark]
    public void Assign() => Run();
}

/// <summary>A·Aᵀ for A of n x k.</summary>
public class SyrkBenchmarks : DenseBenchmarks
{
    [Params("500x0x3072", "500x0x4000", "1000x0x1000", "2000x0x500", "4000x0x500")]
    public string Shape { get; set; } = string.Empty;

    [GlobalSetup]
    public void Setup() => Open("syrk", Shape);

    [Benchmark]
    public void Assign() => Run();
}

/// <summary>L⁻¹·B and B·L⁻ᵀ for right-hand sides x unknowns.</summary>
public class TriangularSolveBenchmarks : DenseBenchmarks
{
    [Params("4000x500x0", "4000x2000x0", "4000x4000x0")]
    public string Shape { get; set; } = string.Empty;

    [Params("left", "right")]
    public string Side { get; set; } = string.Empty;

    [GlobalSetup]
    public void Setup() => Open($"trsm-{Side}", Shape);

    [Benchmark]
    public void Solve() => Run();
}

/// <summary>Cholesky factorisation of n x n.</summary>
public class CholeskyBenchmarks : DenseBenchmarks
{
    [Params(76, 200, 500, 1000, 2000, 4000)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup() => Open("potrf", $"0x{Size}x0");

    [Benchmark]
    public void Factor() => Run();
}
