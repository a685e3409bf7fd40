using System.Numerics;

namespace ProxProp.Engine.Tests.Generators;

/// <summary>Arrays of random numbers, the same for the same seed in every precision.</summary>
public static class Values
{
    /// <summary>Uniform in ±<paramref name="scale"/>.</summary>
    public static T[] Uniform<T>(int count, int seed, double scale = 1)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var random = new Random(seed);
        var values = new T[count];
        foreach (ref T v in values.AsSpan())
            v = T.CreateSaturating(((2 * random.NextDouble()) - 1) * scale);
        return values;
    }

    /// <summary>Class labels below <paramref name="classes"/>.</summary>
    public static int[] Labels(int count, int classes, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(classes))];
    }
}
