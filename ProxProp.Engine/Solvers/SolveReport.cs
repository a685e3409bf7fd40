namespace ProxProp.Engine.Solvers;

/// <summary>How a proximal system was solved.</summary>
public enum SolverKind
{
    /// <summary>Not at all: the gradient itself is the direction.</summary>
    Gradient,

    /// <summary>Cholesky factor of I/τ_θ + AᵀA (columns × columns).</summary>
    PrimalCholesky,

    /// <summary>Cholesky factor of I/τ_θ + AAᵀ (rows × rows).</summary>
    DualCholesky,

    /// <summary>Conjugate gradients that apply A and its adjoint; no matrix is formed.</summary>
    MatrixFreeCg,

    /// <summary>Conjugate gradients on the formed AᵀA.</summary>
    GramCg,

    /// <summary>Conjugate gradients on the formed AAᵀ.</summary>
    DualCg,

    /// <summary>A solver from outside the engine.</summary>
    Custom,
}

/// <summary>How a solve ended.</summary>
public enum SolveStatus
{
    /// <summary>The system is solved: exactly, or to the tolerance that was asked for.</summary>
    Solved,

    /// <summary>The given number of iterations was done; the residual says how far it came.</summary>
    IterationLimit,

    /// <summary>
    /// A right-hand side stopped early because rounding had used up its search direction, and its iterate is the best there is; or because
    /// numbers overflowed, and its solution is zero.
    /// </summary>
    Breakdown,

    /// <summary>The matrix was not positive definite in this precision; the direction is the stated fall-back's.</summary>
    NotPositiveDefinite,

    /// <summary>
    /// Solved, but the matrix is so near to singular in this precision that parts of the solution are rounding; it is still a descent direction.
    /// </summary>
    IllConditioned,
}

/// <summary>What became of one linear solve. A solver that does not converge says so here; it does not throw.</summary>
/// <param name="Solver">Which solver ran.</param>
/// <param name="Status">How it ended.</param>
/// <param name="Iterations">Iterations done (the most of any right-hand side); 0 for a factorisation.</param>
/// <param name="RelativeResidual">‖g − M v‖/‖g‖ over all right-hand sides: measured where the solve converged, as the recurrence knows it where it
/// stopped earlier; NaN where it was not measured or overflowed.</param>
public readonly record struct SolveReport(SolverKind Solver, SolveStatus Status, int Iterations, double RelativeResidual)
{
    /// <summary>‖g‖ over all right-hand sides; NaN where it was not measured.</summary>
    public double RightHandSideNorm { get; init; } = double.NaN;

    /// <summary>The report of this solve and one for other right-hand sides of the same system, as if they had been one.</summary>
    internal SolveReport And(in SolveReport other)
    {
        double norm = double.Hypot(RightHandSideNorm, other.RightHandSideNorm);
        double residual = double.Hypot(Absolute(this), Absolute(other));
        return new SolveReport(
            Solver,
            (SolveStatus)Math.Max((int)Status, (int)other.Status),
            Math.Max(Iterations, other.Iterations),
            double.IsNaN(RelativeResidual + other.RelativeResidual) ? double.NaN : norm == 0 ? 0 : residual / norm)
        {
            RightHandSideNorm = norm,
        };

        static double Absolute(in SolveReport report) => report.RelativeResidual * report.RightHandSideNorm;
    }
}
