using System.Globalization;
using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Training;

namespace ProxProp.Paper.Methods;

/// <summary>
/// Muon (K. Jordan et al., 2024) for the weights of all layers but the last, Adam for the last one and for biases: an optimizer of one's own,
/// on the engine's public interfaces alone.
/// </summary>
/// <remarks>
/// <para>Each weight tensor is a matrix, output units × the rest. m = μm + v; u = v + μm; O ≈ UVᵀ for u = USVᵀ by five steps of the
/// Newton-Schulz iteration X ← aX + (bXXᵀ + c(XXᵀ)²)X with (a, b, c) = (3.4445, −4.7750, 2.0315) from X = u/‖u‖;
/// θ ← θ − η·0.2·√max(rows, columns)·O.</para>
/// <para>The last factor gives an update the size of Adam's (J. Liu et al., <em>Muon is scalable for LLM training</em>, 2025), so that one η serves both.</para>
/// </remarks>
/// <typeparam name="T">float or double.</typeparam>
internal sealed class Muon<T> : Optimizer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Iterations = 5;
    private const double A = 3.4445, B = -4.7750, C = 2.0315;
    private const double AdamScale = 0.2;

    private readonly List<Weights> _weights = [];
    private readonly List<(int Offset, int Count)> _others = [];
    private readonly double _momentum;
    private Slot<T> _buffer;
    private Slot<T> _second;
    private Slot<T> _x;
    private Slot<T> _next;
    private Slot<T> _gram;
    private Slot<T> _polynomial;

    /// <summary>Muon for a network's layers.</summary>
    /// <param name="network">The network; none of its layers frozen.</param>
    /// <param name="momentum">μ in [0, 1).</param>
    public Muon(Network<T> network, double momentum = 0.95)
    {
        ArgumentNullException.ThrowIfNull(network);
        if (network.FrozenLayers != 0)
            throw new ArgumentException($"Muon takes networks without frozen layers, but {network.FrozenLayers} are frozen.", nameof(network));
        _momentum = CheckFraction(momentum, nameof(momentum));
        ParametricLayer<T>[] layers = [.. network.Layers.OfType<ParametricLayer<T>>()];
        int offset = 0;
        foreach (ParametricLayer<T> layer in layers)
        {
            foreach (NamedTensor tensor in layer.Tensors)
            {
                if (tensor.Shape.Count > 1 && layer != layers[^1])
                    _weights.Add(new Weights(offset + tensor.Offset, tensor.Shape[0], tensor.Count / tensor.Shape[0]));
                else
                    _others.Add((offset + tensor.Offset, tensor.Count));
            }

            offset += layer.ParameterCount;
        }
    }

    /// <inheritdoc/>
    public override string Name => "muon";

    /// <inheritdoc/>
    public override string Settings => string.Create(CultureInfo.InvariantCulture, $"{Name}, momentum {_momentum}");

    /// <inheritdoc/>
    public override void Plan(Arena arena, int count)
    {
        _buffer = ReserveState(arena, "momentum", count);
        _second = ReserveState(arena, "second moment", count);
        long largest = _weights.Count == 0 ? 0 : _weights.Max(w => (long)w.Short * w.Long);
        long square = _weights.Count == 0 ? 0 : _weights.Max(w => (long)w.Short * w.Short);
        _x = arena.Reserve<T>("muon X", largest);
        _next = arena.Reserve<T>("muon next X", largest);
        _gram = arena.Reserve<T>("muon XXᵀ", square);
        _polynomial = arena.Reserve<T>("muon polynomial", square);
    }

    /// <inheritdoc/>
    protected override void Apply(ComputeContext context, Span<T> theta, ReadOnlySpan<T> v, double learningRate)
    {
        foreach ((int offset, int count) in _others)
        {
            OptimizerUpdates.Adam(
                context, theta.Slice(offset, count), v.Slice(offset, count), _buffer.Span.Slice(offset, count), _second.Span.Slice(offset, count),
                Updates, new AdamParameters(learningRate, 0.9, 0.999, 1e-8, 0, false));
        }

        foreach (Weights w in _weights)
        {
            Span<T> m = _buffer.Span.Slice(w.Offset, w.Count), x = _x.Span[..w.Count];
            ReadOnlySpan<T> direction = v.Slice(w.Offset, w.Count);
            Elementwise.Aypx(context, T.CreateChecked(_momentum), direction, m);
            Elementwise.Copy(context, direction, x);
            Elementwise.Axpy(context, T.CreateChecked(_momentum), m, x);
            double norm = Math.Sqrt(Reductions.SumOfSquares<T>(context, x));
            if (norm == 0)
                continue;
            Elementwise.Scale(context, T.CreateChecked(1 / norm), x, x);
            double size = AdamScale * Math.Sqrt(Math.Max(w.Rows, w.Columns));
            Elementwise.Axpy<T>(context, T.CreateChecked(-learningRate * size), Orthogonalise(context, w, x), theta.Slice(w.Offset, w.Count));
        }
    }

    // XXᵀ is formed on the shorter side: rows × rows, or, with X as the transpose of what is stored, columns × columns.
    private Span<T> Orthogonalise(ComputeContext context, in Weights w, Span<T> x)
    {
        int n = w.Short;
        var gram = new Matrix<T>(_gram.Span[..(n * n)], n, n);
        var polynomial = new Matrix<T>(_polynomial.Span[..(n * n)], n, n);
        Span<T> next = _next.Span[..w.Count];
        for (int i = 0; i < Iterations; i++)
        {
            var stored = new ReadOnlyMatrix<T>(x, w.Rows, w.Columns);
            bool wide = w.Rows <= w.Columns;
            Syrk.Assign(context, wide ? stored : stored.Transposed, gram);
            Gemm.Assign(context, gram, gram, polynomial);
            Elementwise.Scale(context, T.CreateChecked(C), polynomial.Data, polynomial.Data);
            Elementwise.Axpy(context, T.CreateChecked(B), gram.Data, polynomial.Data);
            for (int d = 0; d < n; d++)
                polynomial[d, d] += T.CreateChecked(A);
            var target = new Matrix<T>(next, w.Rows, w.Columns);
            if (wide)
                Gemm.Assign(context, polynomial, stored, target);
            else
                Gemm.Assign(context, stored, polynomial, target);
            Span<T> swap = x;
            x = next;
            next = swap;
        }

        return x;
    }

    private readonly record struct Weights(int Offset, int Rows, int Columns)
    {
        public int Count => Rows * Columns;

        public int Short => Math.Min(Rows, Columns);

        public int Long => Math.Max(Rows, Columns);
    }
}
