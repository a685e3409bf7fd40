using ProxProp.Engine.Randomness;

namespace ProxProp.Engine.Tests.Randomness;

/// <summary>
/// Numbers from an implementation of xoshiro256++ and SplitMix64 of its own, in another language, on integers of any size. The ten outputs
/// of the state 1, 2, 3, 4 are also the ones that other libraries publish for it.
/// </summary>
public sealed class GeneratorTests
{
    [Fact]
    public void Published_outputs_of_the_state_1_2_3_4()
    {
        Generator generator = new(new GeneratorState(1, 2, 3, 4));
        ulong[] expected =
        [
            41943041, 58720359, 3588806011781223, 3591011842654386, 9228616714210784205, 9973669472204895162, 14011001112246962877,
            12406186145184390807, 15849039046786891736, 10450023813501588000,
        ];
        Assert.Equal(expected, Enumerable.Range(0, expected.Length).Select(_ => generator.NextUInt64()));
    }

    [Theory]
    [InlineData(0UL, 0UL, 0x53175d61490b23dfUL, 0x61da6f3dc380d507UL, 0x5c0fdf91ec9a7bfcUL, 0x2eebf8c3bbe5e1aUL)]
    [InlineData(42UL, 0UL, 0xd0764d4f4476689fUL, 0x519e4174576f3791UL, 0xfbe07cfb0c24ed8cUL, 0xb37d9f600cd835b8UL)]
    [InlineData(42UL, 1UL, 0xb6473066c53b872fUL, 0xf3159a927e549cccUL, 0xc479679f3519929dUL, 0x60dcf8299829f55UL)]
    [InlineData(ulong.MaxValue, 7UL, 0xb6fd6a5f6b4fb43bUL, 0x998112cbe32a6a8UL, 0xf937b0045802f940UL, 0x8306b206805bec9fUL)]
    public void Seeds_and_streams_start_their_documented_sequences(ulong seed, ulong stream, ulong first, ulong second, ulong third, ulong fourth)
    {
        Generator generator = new(seed, stream);
        Assert.Equal([first, second, third, fourth], Enumerable.Range(0, 4).Select(_ => generator.NextUInt64()));
    }

    [Fact]
    public void Derived_numbers_are_the_documented_ones()
    {
        Generator ints = new(42);
        Assert.Equal([8, 3, 9, 7, 7, 5, 1, 6, 2, 9, 5, 8], Enumerable.Range(0, 12).Select(_ => ints.NextInt(10)));
        Generator doubles = new(42);
        Assert.Equal(
            [0.8143051451229099, 0.3188210400616611, 0.9838941681774888, 0.7011355981347556],
            Enumerable.Range(0, 4).Select(_ => doubles.NextDouble()));
        Generator large = new(42);
        Assert.Equal([1748706982, 684662969, 2112896636], Enumerable.Range(0, 3).Select(_ => large.NextInt(int.MaxValue)));
    }

    /// <summary>The expected numbers take a correctly rounded logarithm.</summary>
    [Fact]
    public void Normal_numbers_are_the_documented_ones()
    {
        Generator generator = new(42);
        Assert.Equal(
            [
                0.9813983900724986, 1.3403256427520227, -0.9642205062941384, 0.1962265296745266,
                0.20290854483035597, -2.2415265146996535, 2.4560456925976637, -0.12249225089280448,
            ],
            Enumerable.Range(0, 8).Select(_ => generator.NextNormal()));
    }

    [Fact]
    public void Shuffles_are_the_documented_ones()
    {
        Generator generator = new(42);
        int[] items = [.. Enumerable.Range(0, 10)];
        generator.Shuffle<int>(items);
        Assert.Equal([5, 3, 1, 0, 9, 6, 4, 7, 2, 8], items);
        items = [.. Enumerable.Range(0, 10)];
        generator.Shuffle<int>(items);
        Assert.Equal([1, 3, 8, 7, 2, 0, 4, 6, 5, 9], items);
    }

    [Fact]
    public void A_saved_state_continues_the_sequence()
    {
        Generator generator = new(7, 3);
        for (int i = 0; i < 100; i++)
            generator.NextNormal();
        Generator copy = new(generator.State);
        for (int i = 0; i < 100; i++)
            Assert.Equal(generator.NextUInt64(), copy.NextUInt64());
    }

    [Fact]
    public void A_state_of_zeros_is_refused() =>
        Assert.Contains("four zero words", Assert.Throws<ArgumentException>(() => new Generator(default(GeneratorState))).Message);

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void A_bound_that_is_not_positive_is_refused(int bound) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new Generator(1).NextInt(bound));

    /// <summary>
    /// Of 2⁶⁴ numbers one, 0, is too many for three equal parts: the state that begins with it must draw again for a bound of 3, and need not
    /// for 2.
    /// </summary>
    [Fact]
    public void The_number_that_would_bias_is_drawn_again()
    {
        GeneratorState state = new(0, 1, 2, 0);
        Generator reference = new(state);
        Assert.Equal(0UL, reference.NextUInt64());
        ulong second = reference.NextUInt64();
        Generator three = new(state);
        Assert.Equal((int)(((UInt128)second * 3) >> 64), three.NextInt(3));
        Assert.Equal(reference.State, three.State);
        Assert.Equal(0, new Generator(state).NextInt(2));
    }

    /// <summary>Chi-square with <paramref name="bound"/> − 1 degrees of freedom, refused beyond six standard deviations of its mean.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(10)]
    [InlineData(97)]
    [InlineData(1000)]
    public void NextInt_is_uniform(int bound)
    {
        Generator generator = new(2024, (ulong)bound);
        const int PerCell = 1000;
        long[] counts = new long[bound];
        for (int i = 0; i < PerCell * bound; i++)
            counts[generator.NextInt(bound)]++;
        double chiSquare = counts.Sum(count => (double)(count - PerCell) * (count - PerCell) / PerCell);
        double degrees = bound - 1;
        Assert.InRange(chiSquare, degrees - (6 * Math.Sqrt(2 * degrees)), degrees + (6 * Math.Sqrt(2 * degrees)));
    }

    /// <summary>Of four items there are 24 orders; each must come equally often.</summary>
    [Fact]
    public void Every_order_of_a_shuffle_is_equally_likely()
    {
        Generator generator = new(11);
        Dictionary<string, int> counts = [];
        const int PerOrder = 1000;
        for (int i = 0; i < 24 * PerOrder; i++)
        {
            char[] items = ['a', 'b', 'c', 'd'];
            generator.Shuffle<char>(items);
            string order = new(items);
            counts[order] = counts.GetValueOrDefault(order) + 1;
        }

        Assert.Equal(24, counts.Count);
        double chiSquare = counts.Values.Sum(count => (double)(count - PerOrder) * (count - PerOrder) / PerOrder);
        Assert.InRange(chiSquare, 0, 23 + (6 * Math.Sqrt(46)));
    }

    /// <summary>The first four moments of a million draws, within six standard errors.</summary>
    [Fact]
    public void NextNormal_has_the_moments_of_the_standard_normal()
    {
        const int Draws = 1_000_000;
        Generator generator = new(5);
        double first = 0, second = 0, third = 0, fourth = 0;
        for (int i = 0; i < Draws; i++)
        {
            double x = generator.NextNormal();
            first += x;
            second += x * x;
            third += x * x * x;
            fourth += x * x * x * x;
        }

        // Variances of the powers of a standard normal: 1, 2, 15, 96.
        Assert.InRange(first / Draws, -6 * Math.Sqrt(1.0 / Draws), 6 * Math.Sqrt(1.0 / Draws));
        Assert.InRange(second / Draws, 1 - (6 * Math.Sqrt(2.0 / Draws)), 1 + (6 * Math.Sqrt(2.0 / Draws)));
        Assert.InRange(third / Draws, -6 * Math.Sqrt(15.0 / Draws), 6 * Math.Sqrt(15.0 / Draws));
        Assert.InRange(fourth / Draws, 3 - (6 * Math.Sqrt(96.0 / Draws)), 3 + (6 * Math.Sqrt(96.0 / Draws)));
    }
}
