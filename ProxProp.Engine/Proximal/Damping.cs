using System.Globalization;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Proximal;

/// <summary>How the shift 1/τ_θ of a proximal system is chosen.</summary>
/// <remarks>
/// A description shared by all layers; <see cref="Bind"/> makes what one layer keeps between steps. The paper uses one fixed τ_θ. The
/// eigenvalues of AᵀA grow with the batch and with the square of the data's scale, so a τ_θ that suits one layer may be far too large or
/// too small for another; a scale-free rule measures the shift in units of their mean.
/// </remarks>
public abstract class Damping
{
    /// <summary>1/τ_θ for one and the same τ_θ everywhere, as in the paper.</summary>
    /// <param name="tauTheta">τ_θ, positive.</param>
    public static Damping Fixed(double tauTheta) => new FixedDamping(CheckPositive(tauTheta, nameof(tauTheta), "proximal step size tauTheta"));

    /// <summary>1/τ_θ = λ · trace(AᵀA)/columns: λ times the mean eigenvalue of AᵀA, for every batch anew.</summary>
    /// <param name="lambda">λ, positive.</param>
    public static Damping ScaleFree(double lambda) => new ScaleFreeDamping(CheckPositive(lambda, nameof(lambda), "scale-free damping lambda"));

    /// <summary>
    /// As <see cref="ScaleFree"/>, with a λ per layer that follows the ratio of actual to foreseen decrease of the loss
    /// (Levenberg-Marquardt): one layer in turn is tried every <paramref name="every"/> steps, for one forward pass.
    /// </summary>
    /// <param name="lambda">The first λ, positive.</param>
    /// <param name="every">Steps from one trial to the next, 1 or more.</param>
    public static Damping LevenbergMarquardt(double lambda, int every = 5)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(every);
        return new LevenbergMarquardtDamping(CheckPositive(lambda, nameof(lambda), "scale-free damping lambda"), every);
    }

    /// <summary>Whether <see cref="LayerDamping.Shift"/> looks at the trace of AᵀA.</summary>
    public abstract bool NeedsTrace { get; }

    /// <summary>The name in messages and logs, such as <c>tauTheta 0.05</c>.</summary>
    public abstract override string ToString();

    /// <summary>Makes the state of one layer.</summary>
    public abstract LayerDamping Bind();

    private static double CheckPositive(double value, string name, string what) => value > 0 && double.IsFinite(value)
        ? value
        : throw new ArgumentOutOfRangeException(name, value, $"The {what} must be positive and finite.");

    // All digits, since a checkpoint compares the names; but 1E+06 for a million, as checkpoints have always had it.
    private static string Text(double value)
    {
        string rounded = value.ToString("G6", CultureInfo.InvariantCulture);
        return double.Parse(rounded, CultureInfo.InvariantCulture) == value ? rounded : value.ToString("R", CultureInfo.InvariantCulture);
    }

    private sealed class FixedDamping(double tauTheta) : Damping
    {
        public override bool NeedsTrace => false;

        public override string ToString() => $"tauTheta {Text(tauTheta)}";

        public override LayerDamping Bind() => new(1 / tauTheta, isRelative: false);
    }

    private sealed class ScaleFreeDamping(double lambda) : Damping
    {
        public override bool NeedsTrace => true;

        public override string ToString() => $"lambda {Text(lambda)}";

        public override LayerDamping Bind() => new(lambda, isRelative: true);
    }

    private sealed class LevenbergMarquardtDamping(double lambda, int every) : Damping
    {
        public override bool NeedsTrace => true;

        public override string ToString() => $"Levenberg-Marquardt lambda {Text(lambda)}";

        public override LayerDamping Bind() => new(lambda, isRelative: true) { AdaptEvery = every };
    }
}

/// <summary>The damping of one layer.</summary>
public sealed class LayerDamping : IStateful
{
    private readonly bool _isRelative;

    internal LayerDamping(double factor, bool isRelative)
    {
        Factor = factor;
        _isRelative = isRelative;
    }

    /// <summary>1/τ_θ itself, or λ where the rule is scale-free. A rule that adapts changes it between steps.</summary>
    public double Factor { get; set; }

    /// <summary>Steps from one adaptation to the next; 0 for a rule that never adapts.</summary>
    public int AdaptEvery { get; init; }

    /// <summary>Actual over foreseen decrease of the loss in the last trial; NaN before the first.</summary>
    public double LastRatio { get; set; } = double.NaN;

    /// <inheritdoc/>
    public void VisitState(IStateVisitor visitor, string prefix)
    {
        double factor = Factor, ratio = LastRatio;
        visitor.Visit($"{prefix}.damping", ref factor, positive: true);
        visitor.Visit($"{prefix}.damping ratio", ref ratio);
        (Factor, LastRatio) = (factor, ratio);
    }

    /// <summary>The shift 1/τ_θ for a batch.</summary>
    /// <param name="trace">trace(AᵀA); unused by a fixed rule.</param>
    /// <param name="columns">Columns of A.</param>
    /// <remarks>An all-zero A has no scale; its system is then damped by λ itself, and its solution is zero all the same.</remarks>
    public double Shift(double trace, int columns) => !_isRelative ? Factor : Factor * (trace > 0 ? trace / columns : 1);
}
