using System.Numerics;

namespace ProxProp.Engine.Solvers;

/// <summary>
/// The scalars of conjugate gradients, one set for each block: when a block stops, how far it steps, how its direction turns.
/// </summary>
/// <remarks>
/// A block whose ⟨r,z⟩ has fallen to (tolerance)² times its first value has converged; one whose ⟨p,q⟩ is not positive, or whose step
/// is not finite, has broken down. Either keeps its iterate (step 0) while the others go on. There is no absolute ε.
/// </remarks>
/// <typeparam name="T">float or double.</typeparam>
internal ref struct BlockRecurrence<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // Below this the residual is rounding: r is updated, not recomputed, and no digit of it is left.
    private static readonly double RoundingFloor = typeof(T) == typeof(float) ? 4 * Math.ScaleB(1, -23) : 4 * Math.ScaleB(1, -52);

    private readonly Span<T> _floor;
    private readonly T _relativeFloor;
    private double _first;
    private bool _broke;

    /// <summary>Lays the scalars of <paramref name="blocks"/> blocks over <paramref name="memory"/>, four each.</summary>
    public BlockRecurrence(Span<T> memory, int blocks, double tolerance)
    {
        Residuals = memory[..blocks];
        Next = memory.Slice(blocks, blocks);
        Step = memory.Slice(2 * blocks, blocks);
        _floor = memory.Slice(3 * blocks, blocks);
        double limit = Math.Max(tolerance, RoundingFloor);
        _relativeFloor = T.CreateSaturating(limit * limit);
    }

    /// <summary>⟨r,z⟩ of each block; the caller writes the first values.</summary>
    public readonly Span<T> Residuals { get; }

    /// <summary>⟨r,z⟩ after the step; the caller writes it.</summary>
    public readonly Span<T> Next { get; }

    /// <summary>In: ⟨p,q⟩. After <see cref="TakeStep"/>: α. After <see cref="TurnDirection"/>: β.</summary>
    public readonly Span<T> Step { get; }

    /// <summary>Whether some block is still on its way.</summary>
    public readonly bool AnyActive
    {
        get
        {
            for (int u = 0; u < Residuals.Length; u++)
            {
                if (Residuals[u] > _floor[u])
                    return true;
            }

            return false;
        }
    }

    /// <summary>How the solve stands.</summary>
    public readonly SolveStatus Status => AnyActive ? SolveStatus.IterationLimit : _broke ? SolveStatus.Breakdown : SolveStatus.Solved;

    /// <summary>Sets each block's floor from its first residual, and returns the sum of these.</summary>
    public double Start()
    {
        _first = 0;
        for (int u = 0; u < Residuals.Length; u++)
        {
            _floor[u] = _relativeFloor * Residuals[u];
            _first += double.CreateSaturating(Residuals[u]);
            // A right-hand side that is zero, or not even a number, has nowhere to go.
            if (!(Residuals[u] > T.Zero) || !T.IsFinite(Residuals[u]))
            {
                _broke |= Residuals[u] != T.Zero;
                Residuals[u] = T.Zero;
                _floor[u] = T.Zero;
            }
        }

        return _first;
    }

    /// <summary>
    /// Stops the blocks whose ⟨r,z⟩ is within the rounding of the sum that it was taken from, 8·ε·<paramref name="scale"/>·<paramref name="squares"/>.
    /// </summary>
    /// <param name="squares">‖ρ‖² of each block, where ⟨r,z⟩ = ⟨ρ,Kρ⟩.</param>
    /// <param name="scale">trace(K).</param>
    /// <param name="atStart">Whether no step was taken yet: then <see cref="Step"/> is set to 1 for the blocks that stop with a ρ that is not zero, to 0 for the others.</param>
    public void StopUnresolved(ReadOnlySpan<T> squares, double scale, bool atStart)
    {
        T factor = T.CreateSaturating(2 * RoundingFloor * scale);
        for (int u = 0; u < Residuals.Length; u++)
        {
            bool unresolved = Residuals[u] <= factor * squares[u];
            if (atStart)
                Step[u] = unresolved && squares[u] > T.Zero && T.IsFinite(squares[u]) ? T.One : T.Zero;
            _broke |= unresolved && atStart && squares[u] > T.Zero;
            if (unresolved)
                Residuals[u] = T.Zero;
        }
    }

    /// <summary>α = ⟨r,z⟩/⟨p,q⟩ where that is a usable step, 0 elsewhere.</summary>
    public void TakeStep()
    {
        for (int u = 0; u < Step.Length; u++)
        {
            bool active = Residuals[u] > _floor[u];
            T alpha = active ? Residuals[u] / Step[u] : T.Zero;
            bool usable = Step[u] > T.Zero && T.IsFinite(alpha);
            if (active && !usable)
            {
                _broke = true;
                Residuals[u] = T.Zero;
            }

            Step[u] = active && usable ? alpha : T.Zero;
        }
    }

    /// <summary>−α, for the residual.</summary>
    public readonly void NegateStep()
    {
        foreach (ref T alpha in Step)
            alpha = -alpha;
    }

    /// <summary>β = ⟨r,z⟩₊/⟨r,z⟩, and the new ⟨r,z⟩ takes the old one's place.</summary>
    public void TurnDirection()
    {
        for (int u = 0; u < Step.Length; u++)
        {
            bool active = Residuals[u] > _floor[u];
            Step[u] = active ? Next[u] / Residuals[u] : T.Zero;
            Residuals[u] = active ? Next[u] : T.Zero;
        }
    }

    /// <summary>Sum of ⟨r,z⟩ over all blocks after <paramref name="done"/> iterations.</summary>
    public readonly double SumOfNext(int done)
    {
        if (done == 0)
            return _first;
        double sum = 0;
        foreach (T value in Next)
            sum += double.CreateSaturating(value);
        return sum;
    }
}
