using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
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

    /// <summary>Whether the direction, or the gradient that it is made from, was not finite. A step with such a layer updates nothing.</summary>
    public bool HasNonFinite { get; init; }

    /// <summary>Whether the step was done in double because this precision would not do.</summary>
    public bool InDouble { get; init; }

    /// <summary>‖v‖/‖g‖, at most τ_θ for an exact step.</summary>
    public double NormRatio => DirectionNorm / GradientNorm;

    /// <summary>cos∠(v, g), above 0 for a descent direction.</summary>
    public double Cosine => InnerProduct / (DirectionNorm * GradientNorm);

    /// <summary>τ_θ = 1/shift.</summary>
    public double TauTheta => 1 / Shift;

    /// <summary>The report of a plain gradient step v = g.</summary>
    public static LayerReport Gradient<T>(in Pass pass, ReadOnlySpan<T> g)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var report = new LayerReport(SolverKind.Gradient, SolveStatus.Solved, 0, 0);
        if (!pass.Measure)
            return report;
        double squared = Reductions.SumOfSquares(pass.Compute, g);
        return report.With(new DirectionMeasure(squared, squared, squared));
    }

    /// <summary>The report of a solve.</summary>
    public static LayerReport From(in SolveReport solve, double shift) => new(solve.Solver, solve.Status, solve.Iterations, shift)
    {
        RelativeResidual = solve.RelativeResidual,
        GradientNorm = solve.RightHandSideNorm,
    };

    /// <summary>The same with measured inner products.</summary>
    public LayerReport With(in DirectionMeasure measure) => this with
    {
        InnerProduct = measure.InnerProduct,
        DirectionNorm = Math.Sqrt(measure.DirectionSquared),
        GradientNorm = Math.Sqrt(measure.GradientSquared),
        RelativeResidual = double.IsNaN(measure.ResidualSquared) ? RelativeResidual
            : measure.GradientSquared > 0 ? Math.Sqrt(measure.ResidualSquared / measure.GradientSquared)
            : 0,
    };
}
