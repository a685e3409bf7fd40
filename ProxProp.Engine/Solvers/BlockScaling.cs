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

    private readonly BlockGeometry _blocks;
    private readonly Span<T> _exponents;
    private int _base;

    /// <summary>No scaling yet, with room for one exponent per block.</summary>
    public BlockScaling(BlockGeometry blocks, Span<T> exponents)
    {
        _blocks = blocks;
        _exponents = exponents[..blocks.Units];
        _exponents.Clear();
    }

    /// <summary>Whether <see cref="Apply(Span{T})"/> changes anything.</summary>
    public bool IsActive { get; private set; }

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

    /// <summary>Chooses the powers for right-hand sides <paramref name="x"/> from their squared norms and, where need be, their elements.</summary>
    /// <returns>Whether all elements of the blocks in question are finite.</returns>
    public bool Choose(ReadOnlySpan<T> squares, ReadOnlySpan<T> x)
    {
        bool finite = true;
        _base = int.MinValue;
        _blocks.MaxMagnitudes(x, _exponents);
        for (int u = 0; u < squares.Length; u++)
        {
            T largest = _exponents[u];
            _exponents[u] = T.Zero;
            if (squares[u] >= Least && squares[u] <= Largest)
            {
                _base = Math.Max(_base, 0);
            }
            else if (!T.IsFinite(largest))
            {
                _exponents[u] = T.NaN;
                IsActive = true;
                finite = false;
            }
            else if (largest > T.Zero)
            {
                int exponent = T.ILogB(largest);
                _exponents[u] = T.CreateSaturating(exponent);
                _base = Math.Max(_base, exponent);
                IsActive |= exponent != 0;
            }
        }

        _base = _base == int.MinValue ? 0 : _base;
        return finite;
    }

    /// <summary>Multiplies each block of <paramref name="x"/> by its 2⁻ᵉ; makes those zero whose right-hand side was not finite.</summary>
    public readonly void Apply(Span<T> x) => Multiply(-1, _blocks, x);

    /// <summary>The same for a vector whose blocks lie otherwise than those of the right-hand side.</summary>
    public readonly void Apply(BlockGeometry blocks, Span<T> x) => Multiply(-1, blocks, x);

    /// <summary>Multiplies each block of <paramref name="x"/> by its 2ᵉ.</summary>
    public readonly void Undo(Span<T> x) => Multiply(1, _blocks, x);

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

    /// <summary>Makes the blocks zero that hold an infinity or a NaN; overwrites the powers.</summary>
    public readonly void ClearNonFinite(Span<T> x)
    {
        _blocks.MaxMagnitudes(x, _exponents);
        for (int u = 0; u < _blocks.Units; u++)
        {
            if (!T.IsFinite(_exponents[u]))
                _blocks.Clear(u, x);
            _exponents[u] = T.Zero;
        }
    }

    private readonly int Exponent(int u) => T.IsNaN(_exponents[u]) ? 0 : int.CreateTruncating(_exponents[u]);

    private readonly void Multiply(int sign, BlockGeometry blocks, Span<T> x)
    {
        for (int u = 0; IsActive && u < _blocks.Units; u++)
        {
            if (T.IsNaN(_exponents[u]))
                blocks.Clear(u, x);
            else if (Exponent(u) != 0)
                blocks.Scale(u, sign * Exponent(u), x);
        }
    }
}
