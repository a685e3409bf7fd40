namespace ProxProp.Engine.Tests.Oracles;

/// <summary>Plain double-precision vectors and matrices.</summary>
public static class Vectors
{
    public static double Dot(IReadOnlyList<double> x, IReadOnlyList<double> y)
    {
        double sum = 0;
        for (int i = 0; i < x.Count; i++)
            sum += x[i] * y[i];
        return sum;
    }

    public static double Norm(IReadOnlyList<double> x) => Math.Sqrt(Dot(x, x));

    public static double[] Minus(IReadOnlyList<double> x, IReadOnlyList<double> y) => [.. x.Zip(y, (p, q) => p - q)];

    public static double[] Scaled(double s, IReadOnlyList<double> x) => [.. x.Select(p => s * p)];

    public static double Distance(IReadOnlyList<double> x, IReadOnlyList<double> y) => Norm(Minus(x, y));

    /// <summary>A·x.</summary>
    public static double[] Apply(double[,] a, IReadOnlyList<double> x)
    {
        var y = new double[a.GetLength(0)];
        for (int i = 0; i < y.Length; i++)
        {
            for (int j = 0; j < x.Count; j++)
                y[i] += a[i, j] * x[j];
        }

        return y;
    }

    /// <summary>Aᵀ·y.</summary>
    public static double[] ApplyTransposed(double[,] a, IReadOnlyList<double> y)
    {
        var x = new double[a.GetLength(1)];
        for (int i = 0; i < y.Count; i++)
        {
            for (int j = 0; j < x.Length; j++)
                x[j] += a[i, j] * y[i];
        }

        return x;
    }

    /// <summary>√Σ a².</summary>
    public static double Frobenius(double[,] a) => Math.Sqrt(a.Cast<double>().Sum(x => x * x));
}
