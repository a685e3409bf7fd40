using System.Numerics;
using ProxProp.Engine.Data;

namespace ProxProp.Engine.Tests.Reference;

/// <summary>The reference numbers: double-precision results of an independent implementation of the paper's equations.</summary>
internal static class ReferenceFile
{
    public static SafetensorsReader Open(string name) => SafetensorsReader.Open(Path.Combine(AppContext.BaseDirectory, "Reference", name));

    public static T[] Read<T>(SafetensorsReader file, string name)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var values = new T[file.Find(name).Count];
        file.Read<T>(name, values);
        return values;
    }

    /// <summary>Weight, then bias, as an engine layer keeps its parameters.</summary>
    public static T[] ReadParameters<T>(SafetensorsReader file, string prefix)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => [.. Read<T>(file, prefix + "weight"), .. Read<T>(file, prefix + "bias")];

    /// <summary>‖found − expected‖ / ‖expected‖.</summary>
    public static double RelativeError<T>(ReadOnlySpan<T> found, ReadOnlySpan<double> expected)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Assert.Equal(expected.Length, found.Length);
        double difference = 0, size = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double d = double.CreateChecked(found[i]) - expected[i];
            difference += d * d;
            size += expected[i] * expected[i];
        }

        Assert.True(double.IsFinite(difference));
        return Math.Sqrt(difference / size);
    }
}
