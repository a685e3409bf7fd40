using System.Numerics;

namespace ProxProp.Engine.Tests.Oracles;

/// <summary>Slow dense algebra in double precision.</summary>
public static class Dense
{
    /// <summary>Solves M·X = B by Gaussian elimination with partial pivoting; nothing is overwritten.</summary>
    public static double[,] Solve(double[,] m, double[,] b)
    {
        int n = m.GetLength(0), columns = b.GetLength(1);
        var a = (double[,])m.Clone();
        var x = (double[,])b.Clone();
        for (int k = 0; k < n; k++)
        {
            int pivot = Enumerable.Range(k, n - k).MaxBy(i => Math.Abs(a[i, k]));
            Swap(a, k, pivot);
            Swap(x, k, pivot);
            for (int i = k + 1; i < n; i++)
            {
                double factor = a[i, k] / a[k, k];
                for (int j = k; j < n; j++)
                    a[i, j] -= factor * a[k, j];
                for (int j = 0; j < columns; j++)
                    x[i, j] -= factor * x[k, j];
            }
        }

        for (int i = n - 1; i >= 0; i--)
        {
            for (int j = 0; j < columns; j++)
            {
                for (int k = i + 1; k < n; k++)
                    x[i, j] -= a[i, k] * x[k, j];
                x[i, j] /= a[i, i];
            }
        }

        return x;
    }

    /// <summary>A·B.</summary>
    public static double[,] Product(double[,] a, double[,] b)
    {
        var c = new double[a.GetLength(0), b.GetLength(1)];
        for (int i = 0; i < c.GetLength(0); i++)
        {
            for (int j = 0; j < c.GetLength(1); j++)
            {
                for (int k = 0; k < a.GetLength(1); k++)
                    c[i, j] += a[i, k] * b[k, j];
            }
        }

        return c;
    }

    /// <summary>Aᵀ.</summary>
    public static double[,] Transpose(double[,] a)
    {
        var t = new double[a.GetLength(1), a.GetLength(0)];
        for (int i = 0; i < t.GetLength(0); i++)
        {
            for (int j = 0; j < t.GetLength(1); j++)
                t[i, j] = a[j, i];
        }

        return t;
    }

    /// <summary>A + shift·I.</summary>
    public static double[,] Shifted(double[,] a, double shift)
    {
        var m = (double[,])a.Clone();
        for (int i = 0; i < m.GetLength(0); i++)
            m[i, i] += shift;
        return m;
    }

    /// <summary>Σ xᵢ·yᵢ in double.</summary>
    public static double Dot<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Assert.Equal(x.Length, y.Length);
        double sum = 0;
        for (int i = 0; i < x.Length; i++)
            sum += double.CreateChecked(x[i]) * double.CreateChecked(y[i]);
        return sum;
    }

    /// <summary>‖x − y‖/‖y‖, and ‖x‖ where y is zero.</summary>
    public static double RelativeError(double[,] x, double[,] y)
    {
        double difference = 0, size = 0;
        for (int i = 0; i < y.GetLength(0); i++)
        {
            for (int j = 0; j < y.GetLength(1); j++)
            {
                difference += (x[i, j] - y[i, j]) * (x[i, j] - y[i, j]);
                size += y[i, j] * y[i, j];
            }
        }

        return Math.Sqrt(size == 0 ? difference : difference / size);
    }

    /// <summary>The largest |x − y| relative to the largest |y| (or 1 where that is smaller).</summary>
    public static double WorstError<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Assert.Equal(x.Length, y.Length);
        double worst = 0, largest = 1;
        for (int i = 0; i < x.Length; i++)
        {
            Assert.True(T.IsFinite(x[i]) && T.IsFinite(y[i]), $"element {i} is {x[i]} against {y[i]}");
            worst = Math.Max(worst, Math.Abs(double.CreateChecked(x[i]) - double.CreateChecked(y[i])));
            largest = Math.Max(largest, Math.Abs(double.CreateChecked(y[i])));
        }

        return worst / largest;
    }

    private static void Swap(double[,] a, int i, int j)
    {
        for (int k = 0; i != j && k < a.GetLength(1); k++)
            (a[i, k], a[j, k]) = (a[j, k], a[i, k]);
    }
}
