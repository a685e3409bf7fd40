using System.Numerics;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Randomness;

namespace ProxProp.Engine.Tests.Layers;

/// <summary>A user's layer: every place of the output has a small kernel of its own, z[n,o] = Σₖ θ[o,k]·a[n,o+k]. Nothing but the small interface.</summary>
public sealed class LocallyConnected<T>(int kernel) : ProximalLayer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public override void Initialize(Generator generator, Span<T> theta) => InitializeUniform(generator, theta, kernel);

    public override void Apply(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> theta, Span<T> z)
    {
        for (int n = 0; n < pass.Batch; n++)
        {
            for (int o = 0; o < Output.Size; o++)
            {
                T sum = T.Zero;
                for (int k = 0; k < kernel; k++)
                    sum += theta[(o * kernel) + k] * a[(n * Input.Size) + o + k];
                z[(n * Output.Size) + o] = sum;
            }
        }
    }

    public override void ApplyAdjoint(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> dz, Span<T> dtheta)
    {
        dtheta.Clear();
        for (int n = 0; n < pass.Batch; n++)
        {
            for (int o = 0; o < Output.Size; o++)
            {
                for (int k = 0; k < kernel; k++)
                    dtheta[(o * kernel) + k] += dz[(n * Output.Size) + o] * a[(n * Input.Size) + o + k];
            }
        }
    }

    public override void Backward(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> z, ReadOnlySpan<T> dz, Span<T> da)
    {
        da.Clear();
        ReadOnlySpan<T> theta = Parameters;
        for (int n = 0; n < pass.Batch; n++)
        {
            for (int o = 0; o < Output.Size; o++)
            {
                for (int k = 0; k < kernel; k++)
                    da[(n * Input.Size) + o + k] += dz[(n * Output.Size) + o] * theta[(o * kernel) + k];
            }
        }
    }

    protected override Shape Build(in PlanContext plan, Shape input)
    {
        if (input.Size < kernel)
            throw new ArgumentException($"A kernel of {kernel} needs at least as many features, but got {input}.", nameof(input));
        int outputs = input.Size - kernel + 1;
        DeclareParameter("weight", outputs, kernel);
        return Shape.Vector(outputs);
    }
}
