using ProxProp.Engine.Layers;

namespace ProxProp.Engine.Tests.Generators;

/// <summary>What the derivative δ behind a layer is like.</summary>
public enum DeltaKind
{
    /// <summary>Independent normal elements.</summary>
    Normal,

    /// <summary>Most elements zero, as behind a ReLU with dead units.</summary>
    Sparse,

    /// <summary>δ = A·x: the least-squares problem has a zero residual.</summary>
    InRange,

    /// <summary>Equal samples with opposite derivatives: Aᵀδ = 0 while δ is not zero. A stationary point.</summary>
    Mirrored,

    /// <summary>Zero.</summary>
    Zero,
}

/// <summary>One proximal layer with an input, a derivative and τ_θ: one system (I/τ_θ + AᵀA)v = Aᵀδ.</summary>
public sealed record LayerCase(
    LayerSpec Layer, Shape Input, int Batch, DataKind Data, double DataScale, DeltaKind Delta, double DeltaScale, double TauTheta, int Seed)
{
    public override string ToString() =>
        $"layer [{Layer.Words(Input)}], batch {Batch}, {Data} data, data scale {DataScale:g2}, {Delta} delta, delta scale {DeltaScale:g2}, "
        + $"tau_theta {TauTheta:g2}, seed {Seed}";

    public static LayerCase Next(Random random, int size)
    {
        bool image = random.Next(2) == 0;
        Shape input = image
            ? Shape.Image(random.Next(1, 4), random.Next(1, 4 + (size / 20)), random.Next(1, 4 + (size / 20)))
            : Shape.Vector(random.Next(1, 3 + (size / 4)));
        LayerSpec layer = image ? NetworkCases.Convolution(random, input) : new LinearSpec(random.Next(1, 6), random.Next(4) != 0);
        Shape output = layer.Output(input);
        double columns = 1 + (layer is ConvSpec c ? input.Channels * c.Kernel.Y * c.Kernel.X : input.Size);
        int largest = (int)Math.Clamp(2e6 / (output.Pixels * columns * columns * output.Channels * output.Channels), 1, 64);
        return new LayerCase(
            layer,
            input,
            random.Next(6) == 0 ? largest : random.Next(1, Math.Min(largest, 2 + (size / 4)) + 1),
            (DataKind)random.Next(7),
            random.Next(2) == 0 ? 1 : Math.Pow(10, (random.NextDouble() * 7) - 3),
            (DeltaKind)random.Next(5),
            Math.Pow(10, (random.NextDouble() * 8) - 6),
            Math.Pow(10, (random.NextDouble() * 12) - 6),
            random.Next());
    }

    public IEnumerable<LayerCase> Shrink()
    {
        if (Batch > 1)
            yield return this with { Batch = Batch / 2 };
        if (Batch > 2)
            yield return this with { Batch = Batch - 1 };
        foreach (LayerSpec simpler in Layer.Shrink())
        {
            if (simpler is LinearSpec || Input is { Height: > 0, Width: > 0 })
                yield return this with { Layer = simpler };
        }

        if (!Input.IsImage && Input.Size > 1)
            yield return this with { Input = Shape.Vector(Input.Size / 2) };
        if (Data != DataKind.Normal)
            yield return this with { Data = DataKind.Normal };
        if (Delta != DeltaKind.Normal)
            yield return this with { Delta = DeltaKind.Normal };
        if (DataScale != 1)
            yield return this with { DataScale = 1 };
        if (DeltaScale != 1)
            yield return this with { DeltaScale = 1 };
        if (TauTheta != 1)
            yield return this with { TauTheta = 1 };
    }
}
