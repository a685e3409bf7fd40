namespace ProxProp.Engine.Tests.Generators;

/// <summary>The proximal steps that a claim about all solvers is checked on.</summary>
public static class StepSpecs
{
    public static readonly StepKind[] Cg = [StepKind.Cg, StepKind.CgJoint, StepKind.Pcg, StepKind.PcgJoint, StepKind.CgMatrixFree];

    /// <summary>Steps whose number of iterations depends on the problem, or whose first iterate is the solution already.</summary>
    public static readonly StepSpec[] Adaptive = [new(StepKind.Auto), new(StepKind.PcgFactor, 1), new(StepKind.PcgFactor, 3)];

    /// <summary>The gradient, the exact step, and each kind of conjugate gradients with each number of iterations.</summary>
    public static IEnumerable<StepSpec> All(params int[] iterations) =>
        [new(StepKind.Gradient), .. Proximal(iterations)];

    /// <summary>The exact step, and each kind of conjugate gradients with each number of iterations.</summary>
    public static IEnumerable<StepSpec> Proximal(params int[] iterations) =>
        [new(StepKind.Exact), .. iterations.SelectMany(n => Cg.Select(k => new StepSpec(k, n)))];
}
