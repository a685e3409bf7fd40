using System.Collections.Immutable;
using System.Numerics;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Proximal;

namespace ProxProp.Engine.Tests.Generators;

public enum StepKind
{
    Gradient,
    Exact,
    Cg,
    CgJoint,
    Pcg,
    PcgJoint,

    /// <summary>Conjugate gradients that form no matrix, whatever is cheaper.</summary>
    CgMatrixFree,

    /// <summary>Preconditioned by an earlier factor.</summary>
    PcgFactor,

    /// <summary>Whatever the engine thinks cheapest.</summary>
    Auto,

    /// <summary>Preconditioned by a <see cref="RandomPreconditioner{T}"/>, all units in one recurrence.</summary>
    PcgOwn,
}

/// <summary>A proximal step as a value.</summary>
public sealed record StepSpec(StepKind Kind, int Iterations = 0)
{
    public bool IsPreconditioned => Kind is StepKind.Pcg or StepKind.PcgJoint or StepKind.Auto or StepKind.PcgOwn;

    public bool IsJoint => Kind is StepKind.CgJoint or StepKind.PcgJoint;

    public ProximalStep<T> Make<T>(double tauTheta)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Kind switch
        {
            StepKind.Gradient => new ExplicitStep<T>(),
            StepKind.Exact => new ExactStep<T>(tauTheta),
            StepKind.Auto => new AutoStep<T>(tauTheta),
            StepKind.PcgFactor => new CgStep<T>(Iterations, tauTheta, CgPreconditioner.EarlierFactor),
            StepKind.PcgOwn => new CgStep<T>(Iterations, tauTheta, joint: true)
            {
                CustomPreconditioner = layer => new RandomPreconditioner<T>(layer.ParameterCount, 1),
            },
            StepKind.CgMatrixFree => new CgStep<T>(Iterations, tauTheta) { MatrixFree = true },
            _ => new CgStep<T>(Iterations, tauTheta, IsPreconditioned ? CgPreconditioner.Jacobi : CgPreconditioner.None, IsJoint),
        };

    public override string ToString() => Kind switch
    {
        StepKind.Gradient => "gradient step",
        StepKind.Exact => "exact step",
        StepKind.Auto => "automatic step",
        _ => $"{Kind} step of {Iterations} iterations",
    };
}

/// <summary>A whole training problem as a value: what is computed follows from it alone.</summary>
public sealed record NetworkCase(
    Shape Input,
    ImmutableList<LayerSpec> Layers,
    int Batch,
    bool CrossEntropy,
    DataKind Data,
    double DataScale,
    double WeightScale,
    int DeadUnits,
    bool ZeroGradient,
    double Tau,
    double TauTheta,
    StepSpec Step,
    int Seed)
{
    /// <summary>Batch statistics need two samples.</summary>
    public int LeastBatch => Layers.Any(l => l is BatchNormSpec) ? 2 : 1;

    /// <summary>Shape in front of each layer, and the output's at the end.</summary>
    public IReadOnlyList<Shape> Shapes
    {
        get
        {
            var shapes = new List<Shape> { Input };
            foreach (LayerSpec layer in Layers)
                shapes.Add(layer.Output(shapes[^1]));
            return shapes;
        }
    }

    public override string ToString()
    {
        IReadOnlyList<Shape> shapes = Shapes;
        IEnumerable<string> words = Layers.Select((l, i) => l.Words(shapes[i]));
        string dead = DeadUnits > 0 ? $", {DeadUnits} dead units" : "";
        string target = ZeroGradient ? "squared error with targets equal to the outputs" : CrossEntropy ? "cross-entropy" : "squared error";
        return $"network [{string.Join(", ", words)}], batch {Batch}, {Data} data, data scale {DataScale:g2}, weight scale {WeightScale:g2}{dead}, "
            + $"{target}, tau {Tau:g2}, tau_theta {TauTheta:g2}, {Step}, seed {Seed}";
    }

    /// <summary>Simpler cases, the boldest first.</summary>
    public IEnumerable<NetworkCase> Shrink()
    {
        for (int i = 0; i < Layers.Count; i++)
        {
            if (Without(i) is { } shorter)
                yield return shorter;
        }

        if (Batch / 2 >= LeastBatch)
            yield return this with { Batch = Batch / 2 };
        if (Batch - 1 >= LeastBatch)
            yield return this with { Batch = Batch - 1 };
        for (int i = 0; i < Layers.Count; i++)
        {
            foreach (LayerSpec simpler in Layers[i].Shrink())
            {
                if (Fits(this with { Layers = Layers.SetItem(i, simpler) }) is { } smaller)
                    yield return smaller;
            }
        }

        if (DeadUnits > 0)
            yield return this with { DeadUnits = 0 };
        if (Data != DataKind.Normal)
            yield return this with { Data = DataKind.Normal };
        if (DataScale != 1)
            yield return this with { DataScale = 1 };
        if (WeightScale != 1)
            yield return this with { WeightScale = 1 };
        if (Tau != 1)
            yield return this with { Tau = 1 };
        if (TauTheta != 1)
            yield return this with { TauTheta = 1 };
        if (Step.Iterations > 1)
            yield return this with { Step = Step with { Iterations = Step.Iterations / 2 } };
        if (CrossEntropy)
            yield return this with { CrossEntropy = false };
        if (!Input.IsImage && Input.Size > 1)
            yield return this with { Input = Shape.Vector(Input.Size / 2) };
    }

    private NetworkCase? Without(int index)
    {
        ImmutableList<LayerSpec> rest = Layers.RemoveAt(index);
        return rest.Any(l => l.IsParametric) ? Fits(this with { Layers = rest }) : null;
    }

    // Whether every layer gets an input it can take.
    private static NetworkCase? Fits(NetworkCase candidate)
    {
        Shape shape = candidate.Input;
        foreach (LayerSpec layer in candidate.Layers)
        {
            if (layer is ConvSpec or PoolSpec && !shape.IsImage)
                return null;
            (int y, int x) = layer switch
            {
                ConvSpec c => (shape.Height + (2 * c.Padding.Y) - (c.Dilation.Y * (c.Kernel.Y - 1)), shape.Width + (2 * c.Padding.X) - (c.Dilation.X * (c.Kernel.X - 1))),
                PoolSpec p => (shape.Height + (2 * p.Padding) - p.Kernel + 1, shape.Width + (2 * p.Padding) - p.Kernel + 1),
                _ => (1, 1),
            };
            if (y < 1 || x < 1)
                return null;
            shape = layer.Output(shape);
        }

        return candidate;
    }
}
