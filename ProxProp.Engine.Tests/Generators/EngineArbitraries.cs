using FsCheck;
using FsCheck.Fluent;

namespace ProxProp.Engine.Tests.Generators;

/// <summary>The generators and shrinkers that <see cref="EnginePropertyAttribute"/> gives to properties.</summary>
public static class EngineArbitraries
{
    public static Arbitrary<NetworkCase> Networks() => Of(NetworkCases.Next, c => c.Shrink());

    public static Arbitrary<LayerCase> Layers() => Of(LayerCase.Next, c => c.Shrink());

    private static Arbitrary<TCase> Of<TCase>(Func<Random, int, TCase> next, Func<TCase, IEnumerable<TCase>> shrink) => Arb.From(
        Gen.Sized(size => Gen.Choose(0, int.MaxValue - 1).Select(seed => next(new Random(seed), size))), shrink);
}
