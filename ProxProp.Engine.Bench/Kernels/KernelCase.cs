using System.Diagnostics;
using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Bench.Kernels;

/// <summary>One kernel on one shape: gemm-nn, gemm-nt, gemm-tn, syrk (m × k), trsm-left, trsm-right (n unknowns, m right-hand sides), potrf (n).</summary>
internal abstract class KernelCase : IDisposable
{
    /// <summary>Flops of one call by the usual count.</summary>
    public abstract double Flops { get; }

    /// <summary>Makes a case with well-conditioned random operands.</summary>
    public static KernelCase Create(ComputeContext context, string operation, int m, int n, int k, bool isDouble) =>
        (operation.StartsWith("conv-", StringComparison.Ordinal), isDouble) switch
        {
            (true, true) => new ConvolutionCase<double>(context, operation, m, n, k),
            (true, false) => new ConvolutionCase<float>(context, operation, m, n, k),
            (false, true) => new KernelCase<double>(context, operation, m, n, k),
            _ => new KernelCase<float>(context, operation, m, n, k),
        };

    /// <summary>Seconds of one call, averaged over as many as fill the given time.</summary>
    public abstract double Time(double fillSeconds);

    /// <summary>One call; kernels that work in place start from fresh operands, whose copy is part of the call.</summary>
    public virtual void Run() => Time(0);

    public abstract void Dispose();
}

internal sealed class KernelCase<T> : KernelCase
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly ComputeContext _context;
    private readonly string _operation;
    private readonly int _m;
    private readonly int _n;
    private readonly int _k;
    private readonly AlignedBuffer<T> _a;
    private readonly AlignedBuffer<T> _b;
    private readonly AlignedBuffer<T> _c;

    public KernelCase(ComputeContext context, string operation, int m, int n, int k)
    {
        (_context, _operation, _m, _n, _k) = (context, operation, m, n, k);
        (long a, long b, long c) = operation switch
        {
            "gemm-nn" or "gemm-nt" or "gemm-tn" => ((long)m * k, (long)k * n, (long)m * n),
            "syrk" => ((long)m * k, 0, (long)m * m),
            "trsm-left" or "trsm-right" => ((long)n * n, (long)m * n, (long)m * n),
            "potrf" => ((long)n * n, 0, (long)n * n),
            _ => throw new ArgumentException($"Unknown kernel '{operation}'.", nameof(operation)),
        };
        (_a, _b, _c) = (new(a), new(b), new(c));
        Random random = new(1);
        foreach (ref T x in _a.Span)
            x = T.CreateTruncating(random.NextDouble() - 0.5);
        foreach (ref T x in _b.Span)
            x = T.CreateTruncating(random.NextDouble() - 0.5);
        for (int i = 0; a == (long)n * n && i < n; i++)
            _a.Span[(i * n) + i] = T.CreateTruncating(n);
    }

    public override double Flops => _operation switch
    {
        "syrk" => (double)_m * (_m + 1) * _k,
        "trsm-left" or "trsm-right" => (double)_n * _n * _m,
        "potrf" => (double)_n * _n * _n / 3,
        _ => 2.0 * _m * _n * _k,
    };

    public override double Time(double fillSeconds)
    {
        Restore();
        Call();
        double total = 0;
        int calls = 0;
        int batch = 1;
        while (total < fillSeconds)
        {
            bool restored = Restore();
            int repeat = restored ? 1 : batch;
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < repeat; i++)
                Call();
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            total += seconds;
            calls += repeat;
            if (seconds < fillSeconds / 8)
                batch *= 2;
        }

        return total / calls;
    }

    public override void Run()
    {
        Restore();
        Call();
    }

    public override void Dispose()
    {
        _a.Dispose();
        _b.Dispose();
        _c.Dispose();
    }

    // In-place kernels start from fresh operands each time, outside the clock.
    private bool Restore()
    {
        if (_operation is "trsm-left" or "trsm-right")
            _b.Span.CopyTo(_c.Span);
        else if (_operation == "potrf")
            _a.Span.CopyTo(_c.Span);
        else
            return false;
        return true;
    }

    private void Call()
    {
        Span<T> a = _a.Span, b = _b.Span, c = _c.Span;
        switch (_operation)
        {
            case "gemm-nn":
                Gemm.Assign(_context, new(a, _m, _k), new(b, _k, _n), new Matrix<T>(c, _m, _n));
                break;
            case "gemm-nt":
                Gemm.Assign(_context, new(a, _m, _k), new ReadOnlyMatrix<T>(b, _n, _k).Transposed, new Matrix<T>(c, _m, _n));
                break;
            case "gemm-tn":
                Gemm.Assign(_context, new ReadOnlyMatrix<T>(a, _k, _m).Transposed, new(b, _k, _n), new Matrix<T>(c, _m, _n));
                break;
            case "syrk":
                Syrk.Assign(_context, new(a, _m, _k), new Matrix<T>(c, _m, _m));
                break;
            case "trsm-left":
                TriangularSolve.SolveLeft(_context, new(a, _n, _n), transposed: false, new Matrix<T>(c, _n, _m));
                break;
            case "trsm-right":
                TriangularSolve.SolveRight(_context, new(a, _n, _n), transposed: true, new Matrix<T>(c, _m, _n));
                break;
            default:
                if (Cholesky.Factor(_context, new Matrix<T>(c, _n, _n)) != 0)
                    throw new InvalidOperationException("The benchmark's matrix must be positive definite.");
                break;
        }
    }
}
