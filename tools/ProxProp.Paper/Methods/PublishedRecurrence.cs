using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;

namespace ProxProp.Paper.Methods;

/// <summary>
/// The recurrence of the published code for (1/τ_θ + G)x = b, with vectors of units × n and the formed n × n matrix G.
/// </summary>
/// <remarks>
/// <para>Plain, G is AᵀA and inner products are ordinary ones. Weighted, G is K = AAᵀ, and a vector s stands for Aᵀs: then ⟨Aᵀs, Aᵀt⟩ = sᵀKt
/// and MAᵀs = Aᵀ(s/τ_θ + Ks), so that ‖r‖² = rᵀKr and ⟨p,Mp⟩ = (Kp)ᵀ(p/τ_θ + Kp).</para>
/// <para>Per iteration: α = ‖r‖²/(⟨p,Mp⟩ + ε), x += αp, r −= αMp, β = ‖r‖²₊/(‖r‖² + ε), p = r + βp; where p is r still, in the first, p = (1 + β)r.</para>
/// </remarks>
/// <typeparam name="T">float or double.</typeparam>
internal sealed class PublishedRecurrence<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const double Epsilon = 1e-6;
    private const double Tolerance = 1e-2;

    private readonly int _units;
    private readonly bool _joint;
    private readonly bool _weighted;
    private readonly Slot<T> _x;
    private readonly Slot<T> _r;
    private readonly Slot<T> _p;
    private readonly Slot<T> _q;
    private readonly Slot<T> _product;
    private readonly Slot<T> _scalars;

    /// <summary>Reserves the vectors.</summary>
    /// <param name="arena">Where they live.</param>
    /// <param name="units">Right-hand sides.</param>
    /// <param name="length">The largest n.</param>
    /// <param name="joint">One set of scalars for all units together.</param>
    /// <param name="weighted">Whether G is AAᵀ.</param>
    public PublishedRecurrence(Arena arena, int units, int length, bool joint, bool weighted)
    {
        (_units, _joint, _weighted) = (units, joint, weighted);
        long count = (long)units * length;
        _x = arena.Reserve<T>("published x", count);
        _r = arena.Reserve<T>("published r", count);
        _p = arena.Reserve<T>("published p", count);
        _q = arena.Reserve<T>("published q = Mp", count);
        _product = arena.Reserve<T>("published Gr", weighted ? count : 0);
        _scalars = arena.Reserve<T>("published scalars", 3L * units);
    }

    /// <summary>Where b goes, units × n.</summary>
    public Span<T> RightHandSide(int n) => _r.Span[..(_units * n)];

    /// <summary>x after <see cref="Run"/>, units × n.</summary>
    public ReadOnlySpan<T> Solution(int n) => _x.Span[..(_units * n)];

    /// <summary>Runs from x = 0.</summary>
    /// <returns>Iterations done.</returns>
    public int Run(ComputeContext context, ReadOnlyMatrix<T> g, T shift, int iterations)
    {
        int n = g.Rows, count = _units * n;
        Span<T> x = _x.Span[..count], r = _r.Span[..count], p = _p.Span[..count], q = _q.Span[..count];
        Span<T> square = _scalars.Span[.._units], next = _scalars.Span.Slice(_units, _units), factor = _scalars.Span.Slice(2 * _units, _units);
        T epsilon = T.CreateChecked(Epsilon);
        x.Clear();
        r.CopyTo(p);
        Square(context, g, r, square);
        double scale = 0;
        foreach (T s in square)
            scale += double.CreateSaturating(s);
        scale /= _units;

        for (int k = 1; ; k++)
        {
            var direction = new ReadOnlyMatrix<T>(p, _units, n);
            Gemm.Assign(context, direction, g, new Matrix<T>(q, _units, n));
            Curvature(context, p, q, shift, factor);
            for (int u = 0; u < _units; u++)
                factor[u] = square[u] / (factor[u] + epsilon);
            RowScaling.Axpy(context, factor, direction, new Matrix<T>(x, _units, n));
            if (k == iterations)
                return k;
            for (int u = 0; u < _units; u++)
                factor[u] = -factor[u];
            RowScaling.Axpy(context, factor, new ReadOnlyMatrix<T>(q, _units, n), new Matrix<T>(r, _units, n));
            Square(context, g, r, next);
            T largest = T.Zero;
            for (int u = 0; u < _units; u++)
            {
                largest = T.Max(largest, next[u]);
                factor[u] = next[u] / (square[u] + epsilon);
            }

            if (double.CreateSaturating(largest) < Tolerance * Tolerance * scale)
                return k;
            if (k == 1)
                r.CopyTo(p);
            RowScaling.Aypx(context, factor, new ReadOnlyMatrix<T>(r, _units, n), new Matrix<T>(p, _units, n));
            next.CopyTo(square);
        }
    }

    // q holds Gp and becomes Mp; curvature = ⟨p, Mp⟩ as the form demands.
    private void Curvature(ComputeContext context, ReadOnlySpan<T> p, Span<T> q, T shift, Span<T> curvature)
    {
        int n = p.Length / _units;
        if (!_weighted)
        {
            Elementwise.Axpy(context, shift, p, q);
            RowReductions.Dot(context, new ReadOnlyMatrix<T>(p, _units, n), new ReadOnlyMatrix<T>(q, _units, n), curvature);
        }
        else
        {
            Span<T> kp = _product.Span[..q.Length];
            q.CopyTo(kp);
            Elementwise.Axpy(context, shift, p, q);
            RowReductions.Dot(context, new ReadOnlyMatrix<T>(kp, _units, n), new ReadOnlyMatrix<T>(q, _units, n), curvature);
        }

        Join(curvature);
    }

    private void Square(ComputeContext context, ReadOnlyMatrix<T> g, ReadOnlySpan<T> r, Span<T> square)
    {
        var vectors = new ReadOnlyMatrix<T>(r, _units, g.Rows);
        if (!_weighted)
        {
            RowReductions.Dot(context, vectors, vectors, square);
        }
        else
        {
            var product = new Matrix<T>(_product.Span[..r.Length], _units, g.Rows);
            Gemm.Assign(context, vectors, g, product);
            RowReductions.Dot(context, vectors, product, square);
        }

        Join(square);
    }

    private void Join(Span<T> scalars)
    {
        if (!_joint)
            return;
        T sum = T.Zero;
        foreach (T s in scalars)
            sum += s;
        scalars.Fill(sum);
    }
}
