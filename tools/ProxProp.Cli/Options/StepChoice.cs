using System.Globalization;
using System.Numerics;
using ProxProp.Engine.Proximal;

namespace ProxProp.Cli.Options;

/// <summary>What <c>--step</c> names: <c>gradient</c>, <c>exact</c>, <c>auto</c>, <c>cgN</c> or <c>pcgN</c>.</summary>
/// <param name="Name">As it was typed.</param>
/// <param name="Iterations">N of cgN and pcgN, else 0.</param>
internal sealed record StepChoice(string Name, int Iterations)
{
    public const string Expected = "gradient, exact, auto, cgN or pcgN with N of at least 1 (cg3, for example)";
    private const int MostIterations = 1_000_000;

    public static StepChoice Gradient { get; } = new("gradient", 0);

    public static StepChoice Exact { get; } = new("exact", 0);

    public static StepChoice Auto { get; } = new("auto", 0);

    public bool IsProximal => Name != Gradient.Name;

    /// <summary>Reads a name; null if it is none.</summary>
    public static StepChoice? Parse(string text)
    {
        if (text == Gradient.Name)
            return Gradient;
        if (text == Exact.Name)
            return Exact;
        if (text == Auto.Name)
            return Auto;
        string digits = text.StartsWith("pcg", StringComparison.Ordinal) ? text[3..]
            : text.StartsWith("cg", StringComparison.Ordinal) ? text[2..]
            : string.Empty;
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int n) && n is >= 1 and <= MostIterations
            ? new StepChoice(text, n)
            : null;
    }

    /// <summary>Makes the step.</summary>
    /// <param name="damping">How τ_θ is chosen.</param>
    /// <param name="solverBytes">What one layer's solver may take where the step is automatic.</param>
    public ProximalStep<T> Make<T>(Damping damping, long solverBytes = long.MaxValue)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        !IsProximal ? new ExplicitStep<T>()
        : Name == Auto.Name ? new AutoStep<T>(damping) { MemoryBudget = solverBytes }
        : Iterations == 0 ? new ExactStep<T>(damping)
        : new CgStep<T>(Iterations, damping, Name[0] == 'p' ? CgPreconditioner.Jacobi : CgPreconditioner.None);
}
