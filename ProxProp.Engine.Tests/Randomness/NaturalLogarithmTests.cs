using ProxProp.Engine.Randomness;

namespace ProxProp.Engine.Tests.Randomness;

public sealed class NaturalLogarithmTests
{
    /// <summary>Bits from the same formula in another language.</summary>
    [Theory]
    [InlineData(1.0, 0x0000000000000000)]
    [InlineData(0.5, unchecked((long)0xBFE62E42FEFA39EF))]
    [InlineData(0.7, unchecked((long)0xBFD6D3C324E13F50))]
    [InlineData(0.999999, unchecked((long)0xBEB0C6F82D74D230))]
    [InlineData(1e-30, unchecked((long)0xC05144F69FF9FFC4))]
    [InlineData(0.1, unchecked((long)0xC0026BB1BBB55515))]
    public void Bits_are_fixed(double x, long bits) => Assert.Equal(bits, BitConverter.DoubleToInt64Bits(NaturalLogarithm.Of(x)));

    /// <summary>Below one unit in the last place here, and as much for the library's: within two of each other.</summary>
    [Fact]
    public void Agrees_with_the_library()
    {
        Generator generator = new(3);
        for (int i = 0; i < 100_000; i++)
        {
            double x = (i & 1) == 0 ? generator.NextDouble() : Math.ScaleB(1 + generator.NextDouble(), -generator.NextInt(104));
            if (x == 0)
                continue;
            double expected = Math.Log(x);
            Assert.True(Math.Abs(NaturalLogarithm.Of(x) - expected) <= TwoUlps(expected), $"ln {x:R}");
        }
    }

    private static double TwoUlps(double x) => 2 * (Math.BitIncrement(Math.Abs(x)) - Math.Abs(x));
}
