using ProxProp.Engine.Solvers;

namespace ProxProp.Engine.Proximal;

/// <summary>What became of one layer's direction in one step.</summary>
/// <param name="Solver">Which solver made it.</param>
/// <param name="Status">How the solve ended.</param>
/// <param name="Iterations">Iterations done; 0 for a factorisation.</param>
/// <param name="Shift">The damping 1/τ_θ in force; 0 for a plain gradient.</param>
public readonly record struct LayerReport(SolverKind Solver, SolveStatus Status, int Iterations, double Shift)
{
    /// <summary>‖g − Mv‖/‖g‖ as far as it is known; NaN where it was not measured in this step.</summary>
    public double RelativeResidual { get; init; } = double.NaN;

    /// <summary>⟨v, g⟩, positive for a descent direction; NaN where it was not measured in this step.</summary>
    public double InnerProduct { get; init; } = double.NaN;

    /// <summary>‖v‖; NaN where it was not measured in this step.</summary>
    public double DirectionNorm { get; init; } = double.NaN;

    /// <summary>‖g‖; NaN where it was not measured in this step.</summary>
    public double GradientNorm { get; init; } = double.NaN;

    /// <summary>‖v‖/‖g‖, at most τ_θ for an exact step.</summary>
    public double NormRatio => DirectionNorm / GradientNorm;

    /// <summary>cos∠(v, g), above 0 for a descent direction.</summary>
    public double Cosine => InnerProduct / (DirectionNorm * GradientNorm);

    /// <summary>τ_θ = 1/shift.</summary>
    public double TauTheta => 1 / Shift;
}
