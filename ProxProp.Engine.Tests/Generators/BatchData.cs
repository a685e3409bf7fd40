using System.Numerics;

namespace ProxProp.Engine.Tests.Generators;

/// <summary>What the rows of a batch are like.</summary>
public enum DataKind
{
    /// <summary>Independent standard normal elements.</summary>
    Normal,

    /// <summary>Non-negative, as behind a ReLU, about half of them zero.</summary>
    Sparse,

    /// <summary>At most two different samples.</summary>
    Repeated,

    /// <summary>All samples in one plane: AᵀA is singular.</summary>
    RankTwo,

    /// <summary>Features of very different size: the condition number of AᵀA is about 10¹⁰.</summary>
    IllConditioned,

    /// <summary>A common mean much larger than the differences.</summary>
    Offset,

    /// <summary>Nothing but zeros.</summary>
    Zero,
}

/// <summary>Random batches, built to have a property and not searched for it.</summary>
public static class BatchData
{
    public static T[] Make<T>(DataKind kind, double scale, int batch, int features, Random random)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double[] first = Normals(random, features), second = Normals(random, features);
        var data = new T[batch * features];
        for (int n = 0; n < batch; n++)
        {
            bool coin = random.Next(2) == 0;
            double s = Normal(random), t = Normal(random);
            for (int j = 0; j < features; j++)
            {
                double x = kind switch
                {
                    DataKind.Normal => Normal(random),
                    DataKind.Sparse => Math.Max(0, Normal(random)),
                    DataKind.Repeated => coin ? first[j] : second[j],
                    DataKind.RankTwo => (s * first[j]) + (t * second[j]),
                    DataKind.IllConditioned => Normal(random) * Math.Pow(10, -5.0 * j / Math.Max(1, features - 1)),
                    DataKind.Offset => 10 + (0.1 * Normal(random)),
                    _ => 0,
                };
                data[(n * features) + j] = T.CreateChecked(scale * x);
            }
        }

        return data;
    }

    public static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    public static double[] Normals(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => Normal(random))];

    public static T[] Normals<T>(Random random, int count, double scale = 1)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        [.. Enumerable.Range(0, count).Select(_ => T.CreateChecked(scale * Normal(random)))];
}
