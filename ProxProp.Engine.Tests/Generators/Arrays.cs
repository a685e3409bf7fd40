using System.Numerics;
using ProxProp.Engine.Randomness;

namespace ProxProp.Engine.Tests.Generators;

/// <summary>Random arrays.</summary>
public static class Arrays
{
    /// <summary>Standard normal numbers, the same for a seed in float and double up to rounding.</summary>
    public static T[] Normal<T>(int length, int seed)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var generator = new Generator((ulong)seed);
        var values = new T[length];
        for (int i = 0; i < length; i++)
            values[i] = T.CreateTruncating(generator.NextNormal());
        return values;
    }

    /// <summary>The same with every special value in front: zeros, subnormals, the largest numbers, infinities, NaN.</summary>
    public static T[] WithSpecials<T>(int length, int seed)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T largest = typeof(T) == typeof(float) ? T.CreateChecked(float.MaxValue) : T.CreateChecked(double.MaxValue);
        T[] specials =
        [
            T.Zero, T.NegativeZero, T.Epsilon, -T.Epsilon, largest, -largest, T.PositiveInfinity, T.NegativeInfinity, T.NaN, T.One, -T.One,
        ];
        T[] values = Normal<T>(length, seed);
        specials.AsSpan(0, Math.Min(length, specials.Length)).CopyTo(values);
        return values;
    }

    /// <summary>The elements in double.</summary>
    public static double[] ToDouble<T>(ReadOnlySpan<T> values)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var result = new double[values.Length];
        for (int i = 0; i < values.Length; i++)
            result[i] = double.CreateTruncating(values[i]);
        return result;
    }
}
