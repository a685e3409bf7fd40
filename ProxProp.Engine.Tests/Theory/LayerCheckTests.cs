using ProxProp.Engine.Layers;
using ProxProp.Engine.Randomness;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Theory;

namespace ProxProp.Engine.Tests.Theory;

/// <summary>The one line with which users test a layer of their own: right layers pass, wrong ones are told what is wrong.</summary>
public sealed class LayerCheckTests
{
    [EngineProperty(Cases = 60)]
    public void All_layers_of_the_engine_pass(LayerCase c) => LayerCheck.Run(() => c.Layer.Make<double>(), c.Input).ThrowIfFailed();

    [Fact]
    public void Layers_without_parameters_pass()
    {
        foreach (ActivationKind kind in Enum.GetValues<ActivationKind>())
            LayerCheck.Run(() => new ActivationSpec(kind).Make<double>(), Shape.Vector(9)).ThrowIfFailed();
        LayerCheck.Run(() => new MaxPool2d<double>(2), Shape.Image(2, 5, 4)).ThrowIfFailed();
        LayerCheck.Run(() => new AvgPool2d<double>(3, 1, 1), Shape.Image(2, 5, 4)).ThrowIfFailed();
        LayerCheck.Run(() => new BatchNorm<double>(), Shape.Image(3, 2, 2)).ThrowIfFailed();
        LayerCheck.Run(() => new Dropout<double>(0.3), Shape.Vector(12)).ThrowIfFailed();
    }

    [Fact]
    public void A_layer_of_ones_own_passes() => LayerCheck.Run(() => new ScaleLayer<double>(Fault.None), Shape.Vector(5)).ThrowIfFailed();

    [Theory]
    [InlineData(Fault.AdjointSign, "adjoint belong together")]
    [InlineData(Fault.AdjointSign, "descends")]
    [InlineData(Fault.NotLinear, "A(sx + ty)")]
    [InlineData(Fault.Backward, "derivative with respect to the input")]
    [InlineData(Fault.ForgottenElement, "adjoint belong together")]
    public void A_wrong_layer_is_told_what_is_wrong(Fault fault, string expected)
    {
        LayerCheckReport report = LayerCheck.Run(() => new ScaleLayer<double>(fault), Shape.Vector(5));
        Assert.Contains(expected, Assert.Throws<InvalidOperationException>(report.ThrowIfFailed).Message, StringComparison.Ordinal);
    }

    public enum Fault
    {
        None,
        AdjointSign,
        NotLinear,
        Backward,
        ForgottenElement,
    }

    /// <summary>z = θ∘a: one factor per feature.</summary>
    private sealed class ScaleLayer<T>(Fault fault) : ProximalLayer<T>
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        public override void Initialize(Generator generator, Span<T> theta) => InitializeUniform(generator, theta, 1);

        public override void Apply(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> theta, Span<T> z)
        {
            for (int i = 0; i < z.Length; i++)
                z[i] = (theta[i % theta.Length] * a[i]) + (fault == Fault.NotLinear ? T.One : T.Zero);
        }

        public override void ApplyAdjoint(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> dz, Span<T> dtheta)
        {
            dtheta[..^(fault == Fault.ForgottenElement ? 1 : 0)].Clear();
            for (int i = 0; i < dz.Length; i++)
                dtheta[i % dtheta.Length] += fault == Fault.AdjointSign ? -(a[i] * dz[i]) : a[i] * dz[i];
        }

        public override void Backward(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> z, ReadOnlySpan<T> dz, Span<T> da)
        {
            for (int i = 0; i < da.Length; i++)
                da[i] = Parameters[(i + (fault == Fault.Backward ? 1 : 0)) % Parameters.Length] * dz[i];
        }

        protected override Shape Build(in PlanContext plan, Shape input)
        {
            DeclareParameter("weight", input.Size);
            return input;
        }
    }
}
