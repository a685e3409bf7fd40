using System.Numerics;
using ProxProp.Engine.Kernels;

namespace ProxProp.Engine.Solvers;

/// <summary>
/// The vectors of <see cref="DualConjugateGradient{T}"/> for a panel of columns: ρ, Kρ, π and κ = Kπ, rows × columns each and without gaps, while δ
/// and s stay where the caller has them.
/// </summary>
/// <remarks>Until the first update ρ and π are δ itself, and κ is Kρ: nothing is copied.</remarks>
/// <typeparam name="T">float or double.</typeparam>
internal ref struct DualKrylovVectors<T> : IKrylovVectors<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Vectors of rows × columns elements.</summary>
    public const int Vectors = 4;

    /// <summary>Numbers of memory for each column.</summary>
    public const int Scalars = 4;

    private readonly ComputeContext _context;
    private readonly ReadOnlyMatrix<T> _k;
    private readonly ReadOnlyMatrix<T> _delta;
    private readonly Matrix<T> _s;
    private readonly T _shift;
    private readonly Matrix<T> _rhoMemory;
    private readonly Matrix<T> _kRho;
    private readonly Matrix<T> _piMemory;
    private readonly Matrix<T> _kPi;
    private readonly Span<T> _dots;
    private readonly Span<T> _beta;
    private readonly Span<T> _hidden;
    private readonly T _shortest;
    private readonly T _rounding;
    private ReadOnlyMatrix<T> _rho;
    private ReadOnlyMatrix<T> _pi;
    private bool _isFirst;

    /// <summary>Lays the vectors over <paramref name="memory"/>.</summary>
    /// <param name="context">What to compute on.</param>
    /// <param name="k">K, rows × rows.</param>
    /// <param name="trace">trace(K).</param>
    /// <param name="shift">1/τ_θ.</param>
    /// <param name="delta">δ, rows × columns.</param>
    /// <param name="s">s, rows × columns; what it holds does not matter.</param>
    /// <param name="memory"><see cref="Vectors"/> · rows · columns elements.</param>
    /// <param name="scalars"><see cref="Scalars"/> · columns elements.</param>
    public DualKrylovVectors(
        ComputeContext context, ReadOnlyMatrix<T> k, double trace, T shift, ReadOnlyMatrix<T> delta, Matrix<T> s, Span<T> memory, Span<T> scalars)
    {
        int rows = s.Rows, columns = s.Columns, length = rows * columns;
        _context = context;
        _k = k;
        _shift = shift;
        _rho = _delta = delta;
        _s = s;
        _rhoMemory = new Matrix<T>(memory[..length], rows, columns);
        _kRho = new Matrix<T>(memory.Slice(length, length), rows, columns);
        _piMemory = new Matrix<T>(memory.Slice(2 * length, length), rows, columns);
        _kPi = new Matrix<T>(memory.Slice(3 * length, length), rows, columns);
        _dots = scalars[..columns];
        _beta = scalars.Slice(columns, columns);
        Squares = scalars.Slice(2 * columns, columns);
        _hidden = scalars.Slice(3 * columns, columns);
        _shortest = T.One / (shift + T.CreateSaturating(trace));
        _rounding = T.CreateSaturating(MachineEpsilon.Of<T>() * trace);
    }

    /// <summary>‖ρ‖² of each column.</summary>
    public readonly Span<T> Squares { get; }

    private readonly BlockGeometry Own => BlockGeometry.Columns(_s.Rows, _s.Columns, _s.Columns);

    /// <summary>Goes on with the scaled δ, to be followed by another <see cref="Start"/>.</summary>
    public void Scale(BlockScaling<T> scaling)
    {
        CopyScaled(scaling, _piMemory);
        _rho = _piMemory;
    }

    /// <summary>κ = Kδ and ‖g‖² of each column.</summary>
    public void Start(Span<T> residual)
    {
        Gemm.Assign(_context, _k, _rho, _kPi);
        ColumnReductions.Dot(_context, _rho, _kPi, residual);
        residual.CopyTo(_dots);
        _pi = _rho;
        _isFirst = true;
    }

    /// <summary>Sets ‖g‖² to zero where it is rounding, and tells the step to be taken there instead; 0 for all other columns.</summary>
    public readonly ReadOnlySpan<T> StopHidden(Span<T> residual)
    {
        ColumnReductions.Dot(_context, _rho, _rho, Squares);
        for (int u = 0; u < residual.Length; u++)
        {
            bool hidden = residual[u] <= _rounding * Squares[u];
            _hidden[u] = hidden && Squares[u] > T.Zero && T.IsFinite(Squares[u]) ? _shortest : T.Zero;
            if (hidden)
                residual[u] = T.Zero;
        }

        return _hidden;
    }

    /// <inheritdoc/>
    public void Curvature(Span<T> curvature)
    {
        if (_isFirst)
        {
            ColumnReductions.Dot<T>(_context, _kPi, _kPi, curvature);
        }
        else
        {
            ColumnRecurrence.Turn(_context, _beta, _rho, _kRho, _pi, _piMemory, _kPi, curvature, _dots);
            _pi = _piMemory;
        }

        for (int u = 0; u < curvature.Length; u++)
            curvature[u] = T.FusedMultiplyAdd(_shift, _dots[u], curvature[u]);
    }

    /// <inheritdoc/>
    public void Advance(Span<T> alpha)
    {
        ColumnRecurrence.Advance(_context, alpha, _shift, _pi, _kPi, _rho, _rhoMemory, _s, _isFirst, Squares);
        _rho = _rhoMemory;
        _isFirst = false;
    }

    /// <inheritdoc/>
    public readonly void Residual(Span<T> residual)
    {
        Gemm.Assign(_context, _k, _rho, _kRho);
        ColumnReductions.Dot(_context, _rho, _kRho, residual);
        for (int u = 0; u < residual.Length; u++)
        {
            if (residual[u] <= _rounding * Squares[u])
                residual[u] = T.Zero;
        }
    }

    // The vectors turn in one pass with the inner products of the next iteration.

    /// <inheritdoc/>
    public readonly void Turn(ReadOnlySpan<T> beta) => beta.CopyTo(_beta);

    /// <inheritdoc/>
    public readonly void ClearProduct(int u) => Own.Clear(u, _kPi.Data);

    /// <inheritdoc/>
    public readonly void Clear(int u)
    {
        BlockGeometry.Columns(_s.Rows, _s.Columns, _s.Stride).Clear(u, _s.Data);
        Own.Clear(u, _rhoMemory.Data);
        Own.Clear(u, _kRho.Data);
        Own.Clear(u, _piMemory.Data);
        Own.Clear(u, _kPi.Data);
    }

    /// <summary>‖g − Mv‖² of each column from s itself: where the recurrence has converged its ρ is far below the rounding of that.</summary>
    public readonly void TrueResidual(BlockScaling<T> scaling, Span<T> residual)
    {
        CopyScaled(scaling, _rhoMemory);
        DualMeasure.Residual(_context, _k, _shift, _s, _rhoMemory, _kRho, _piMemory, _dots, residual);
    }

    private readonly void CopyScaled(BlockScaling<T> scaling, Matrix<T> to)
    {
        for (int i = 0; i < to.Rows; i++)
            _delta.Data.Slice(i * _delta.Stride, to.Columns).CopyTo(to.Data.Slice(i * to.Stride, to.Columns));
        scaling.Apply(Own, to.Data);
    }
}
