using System.Numerics;
using ProxProp.Engine.Kernels;

namespace ProxProp.Engine.Solvers;

/// <summary>
/// The recurrence of conjugate gradients with one set of scalars for each block: how far it steps, how its direction turns, when it stops.
/// </summary>
/// <remarks>
/// A block whose ⟨r,z⟩ has fallen to (tolerance)² times its first value has converged; one whose ⟨p,Mp⟩ is not positive, or whose step
/// is not finite, has broken down. Either keeps its iterate (step 0) while the others go on. There is no absolute ε. A block in which
/// numbers overflow becomes zero.
/// </remarks>
/// <typeparam name="T">float or double.</typeparam>
internal ref struct BlockRecurrence<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Numbers of memory for each block.</summary>
    public const int Scalars = 4;

    // Below this the residual is rounding: r is updated, not recomputed, and no digit of it is left.
    private static readonly double RoundingFloor = 4 * MachineEpsilon.Of<T>();

    private readonly Span<T> _next;
    private readonly Span<T> _step;
    private readonly Span<T> _floor;
    private readonly T _relativeFloor;
    private bool _broke;

    /// <summary>Lays the scalars of <paramref name="blocks"/> blocks over <paramref name="memory"/>.</summary>
    public BlockRecurrence(Span<T> memory, int blocks, double tolerance)
    {
        Residuals = memory[..blocks];
        _next = memory.Slice(blocks, blocks);
        _step = memory.Slice(2 * blocks, blocks);
        _floor = memory.Slice(3 * blocks, blocks);
        double limit = Math.Max(tolerance, RoundingFloor);
        _relativeFloor = T.CreateSaturating(limit * limit);
    }

    /// <summary>⟨r,z⟩ of each block; the caller writes the first values.</summary>
    public readonly Span<T> Residuals { get; }

    /// <summary>⟨r,z⟩ after the last step, where it was asked for; free for the caller before <see cref="Start"/>.</summary>
    public readonly Span<T> Last => _next;

    /// <summary>Number of iterations done.</summary>
    public int Done { get; private set; }

    /// <summary>Whether no number has overflowed.</summary>
    public bool IsDefined { get; private set; }

    /// <summary>Whether no block is still on its way.</summary>
    public readonly bool IsSolved
    {
        get
        {
            for (int u = 0; u < Residuals.Length; u++)
            {
                if (Residuals[u] > _floor[u])
                    return false;
            }

            return true;
        }
    }

    /// <summary>How the solve stands.</summary>
    public readonly SolveStatus Status => _broke ? SolveStatus.Breakdown : IsSolved ? SolveStatus.Solved : SolveStatus.IterationLimit;

    /// <summary>Sets each block's floor from its first ⟨r,z⟩.</summary>
    /// <param name="squares">‖r‖² of each block, or what else is zero for a zero right-hand side only.</param>
    /// <param name="isDefined">Whether the right-hand sides were finite.</param>
    public void Start(ReadOnlySpan<T> squares, bool isDefined)
    {
        IsDefined = isDefined;
        _broke = !isDefined;
        for (int u = 0; u < Residuals.Length; u++)
        {
            // With a symmetric positive definite P only a zero residual gives zero here.
            if (!(Residuals[u] > T.Zero && T.IsFinite(Residuals[u])))
            {
                _broke |= squares[u] != T.Zero;
                Residuals[u] = T.Zero;
            }

            _floor[u] = _relativeFloor * Residuals[u];
        }
    }

    /// <summary>Does <paramref name="iterations"/> iterations, or fewer when no block is on its way any more.</summary>
    /// <param name="vectors">The vectors, with p = z for the first right-hand sides.</param>
    /// <param name="iterations">Upper bound of iterations, 0 or more.</param>
    /// <param name="knowLast">Whether <see cref="Last"/> and <see cref="Status"/> are wanted after the last of them too.</param>
    public void Run<TVectors>(ref TVectors vectors, int iterations, bool knowLast)
        where TVectors : IKrylovVectors<T>, allows ref struct
    {
        while (Done < iterations && !IsSolved)
        {
            vectors.Curvature(_step);
            TakeStep(ref vectors);
            vectors.Advance(_step);
            Done++;
            if (Done == iterations && !knowLast)
                return;
            vectors.Residual(_next);
            TurnDirection(ref vectors);
            if (Done < iterations)
                vectors.Turn(_step);
        }
    }

    /// <summary>Takes note of a solution that overflowed.</summary>
    public void Break()
    {
        _broke = true;
        IsDefined = false;
    }

    // α = ⟨r,z⟩/⟨p,Mp⟩ where that is a usable step, 0 elsewhere.
    private void TakeStep<TVectors>(ref TVectors vectors)
        where TVectors : IKrylovVectors<T>, allows ref struct
    {
        for (int u = 0; u < _step.Length; u++)
        {
            // An overflow in Mp must not reach r, where 0·∞ would be NaN.
            bool finite = T.IsFinite(_step[u]);
            if (!finite)
                vectors.ClearProduct(u);
            bool active = Residuals[u] > _floor[u];
            T alpha = active ? Residuals[u] / _step[u] : T.Zero;
            bool usable = alpha >= T.Zero && T.IsFinite(alpha) && finite;
            _broke |= active && !usable;
            _step[u] = usable ? alpha : T.Zero;
            if (!usable)
                Residuals[u] = T.Zero;
        }
    }

    // β = ⟨r,z⟩₊/⟨r,z⟩, and the new ⟨r,z⟩ takes the old one's place.
    private void TurnDirection<TVectors>(ref TVectors vectors)
        where TVectors : IKrylovVectors<T>, allows ref struct
    {
        for (int u = 0; u < _step.Length; u++)
        {
            bool active = Residuals[u] > _floor[u];
            bool usable = _next[u] >= T.Zero && T.IsFinite(_next[u]);
            _broke |= active && !usable;
            _step[u] = active && usable ? _next[u] / Residuals[u] : T.Zero;
            Residuals[u] = active && usable ? _next[u] : T.Zero;
            if (!T.IsFinite(_next[u]))
            {
                IsDefined = false;
                vectors.Clear(u);
            }
        }
    }
}
