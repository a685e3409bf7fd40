using System.Numerics;

namespace ProxProp.Engine.Solvers;

/// <summary>
/// Powers of two, one per block, that bring right-hand sides whose squares would overflow or vanish into the middle of the exponent range.
/// </summary>
/// <remarks>
/// A linear system is solved for 2⁻ᵉg and its solution multiplied by 2ᵉ: exact, so blocks of ordinary size, for which e = 0, keep their
/// bits. Works element by element; only blocks of extraordinary size are touched.
/// </remarks>
internal ref struct BlockScaling<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // Squared norms in [2⁻ʳ, 2ʳ] leave room for the squared tolerance below and the eigenvalues of M above.
    private static readonly T Largest = T.ScaleB(T.One, typeof(T) == typeof(float) ? 60 : 400);
    private static readonly T Least = T.One / Largest;

    private readonly BlockLayout _layout;
    private readonly Span<T> _exponents;
    private int _base;

    /// <summary>With room for one exponent per block.</summary>
    public BlockScaling(BlockLayout layout, Span<T> exponents)
    {
        _layout = layout;
        _exponents = exponents;
        exponents.Clear();
    }

    /// <summary>Whether a squared norm is out of the range in which nothing need be done; zero and NaN are.</summary>
    public static bool IsNeeded(ReadOnlySpan<T> squares)
    {
        foreach (T s in squares)
        {
            if (!(s >= Least && s <= Largest))
                return true;
        }

        return false;
    }

    /// <summary>Scales the blocks of <paramref name="r"/> that need it; clears those that hold an infinity or a NaN.</summary>
    /// <returns>Whether all blocks were finite.</returns>
    public bool Scale(ReadOnlySpan<T> squares, Span<T> r)
    {
        bool finite = true;
        _base = int.MinValue;
        for (int u = 0; u < squares.Length; u++)
        {
            if (squares[u] >= Least && squares[u] <= Largest)
            {
                _base = Math.Max(_base, 0);
                continue;
            }

            T largest = MaxAbs(u, r);
            if (!T.IsFinite(largest))
            {
                Clear(_layout, u, r);
                finite = false;
            }
            else if (largest > T.Zero)
            {
                int exponent = T.ILogB(largest);
                _exponents[u] = T.CreateSaturating(exponent);
                _base = Math.Max(_base, exponent);
                Multiply(u, -exponent, r);
            }
        }

        _base = _base == int.MinValue ? 0 : _base;
        return finite;
    }

    /// <summary>Scales <paramref name="r"/> as <see cref="Scale"/> did.</summary>
    public readonly void Repeat(Span<T> r)
    {
        for (int u = 0; u < _exponents.Length; u++)
            Multiply(u, -Exponent(u), r);
    }

    /// <summary>Undoes the scaling on <paramref name="v"/>.</summary>
    public readonly void Undo(Span<T> v)
    {
        for (int u = 0; u < _exponents.Length; u++)
            Multiply(u, Exponent(u), v);
    }

    /// <summary>Σ squares of all blocks without the scaling, but for a common power of two that keeps it in range.</summary>
    public readonly double Total(ReadOnlySpan<T> squares)
    {
        double total = 0;
        for (int u = 0; u < squares.Length; u++)
            total += Math.ScaleB(double.CreateSaturating(squares[u]), 2 * (Exponent(u) - _base));
        return total;
    }

    /// <summary>The norm behind a <see cref="Total"/>.</summary>
    public readonly double Norm(double total) => Math.ScaleB(Math.Sqrt(total), _base);

    /// <summary>Makes one block zero.</summary>
    public static void Clear(BlockLayout layout, int u, Span<T> x)
    {
        x.Slice(u * layout.WeightsPerUnit, layout.WeightsPerUnit).Clear();
        if (layout.HasBias)
            x[layout.WeightCount + u] = T.Zero;
    }

    /// <summary>Makes the blocks zero that hold an infinity or a NaN.</summary>
    public readonly void ClearNonFinite(Span<T> x)
    {
        for (int u = 0; u < _layout.Units; u++)
        {
            if (!T.IsFinite(MaxAbs(u, x)))
                Clear(_layout, u, x);
        }
    }

    private readonly int Exponent(int u) => int.CreateTruncating(_exponents[u]);

    private readonly T MaxAbs(int u, ReadOnlySpan<T> x)
    {
        T largest = _layout.HasBias ? T.Abs(x[_layout.WeightCount + u]) : T.Zero;
        foreach (T e in x.Slice(u * _layout.WeightsPerUnit, _layout.WeightsPerUnit))
            largest = T.Max(largest, T.Abs(e));
        return largest;
    }

    private readonly void Multiply(int u, int exponent, Span<T> x)
    {
        if (exponent == 0)
            return;
        foreach (ref T e in x.Slice(u * _layout.WeightsPerUnit, _layout.WeightsPerUnit))
            e = T.ScaleB(e, exponent);
        if (_layout.HasBias)
            x[_layout.WeightCount + u] = T.ScaleB(x[_layout.WeightCount + u], exponent);
    }
}
