using System.Numerics;

namespace ProxProp.Engine.Tests.Generators;

/// <summary>Symmetric positive definite matrices and triangular factors.</summary>
public static class SymmetricData
{
    /// <summary>G·Gᵀ + shift·I in the lower triangle, NaN above the diagonal: G uniform, n × n.</summary>
    public static MatrixData<T> PositiveDefinite<T>(Random random, int n, double shift)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double[,] g = new double[n, n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
                g[i, j] = (2 * random.NextDouble()) - 1;
        }

        return new MatrixData<T>(n, n).Fill((i, j) =>
        {
            if (j > i)
                return double.NaN;
            double sum = i == j ? shift : 0;
            for (int k = 0; k < n; k++)
                sum += g[i, k] * g[j, k];
            return sum;
        });
    }

    /// <summary>A lower triangle whose solutions neither grow nor vanish; NaN above the diagonal.</summary>
    public static MatrixData<T> LowerTriangle<T>(Random random, int n)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        new MatrixData<T>(n, n).Fill((i, j) => j > i ? double.NaN : i == j ? 1 + random.NextDouble() : ((2 * random.NextDouble()) - 1) / Math.Sqrt(n));

    /// <summary>A copy with the same surroundings of NaN.</summary>
    public static MatrixData<T> Copy<T>(MatrixData<T> source)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => new MatrixData<T>(source.Rows, source.Columns).Fill((i, j) => double.CreateChecked(source[i, j]));

    /// <summary>The elements as an array.</summary>
    public static T[,] ToArray<T>(MatrixData<T> source)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[,] array = new T[source.Rows, source.Columns];
        for (int i = 0; i < source.Rows; i++)
        {
            for (int j = 0; j < source.Columns; j++)
                array[i, j] = source[i, j];
        }

        return array;
    }
}
