using System.Numerics;

namespace ProxProp.Engine.Theory;

/// <summary>Vectors in double, each result in an array of its own: for measurements, which may be slow.</summary>
internal static class DoubleVectors
{
    /// <summary>The numbers as double, which is exact.</summary>
    public static double[] ToDouble<T>(ReadOnlySpan<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var y = new double[x.Length];
        for (int i = 0; i < y.Length; i++)
            y[i] = double.CreateSaturating(x[i]);
        return y;
    }

    /// <summary>The numbers as <typeparamref name="T"/>, rounded.</summary>
    public static T[] FromDouble<T>(double[] x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var y = new T[x.Length];
        for (int i = 0; i < y.Length; i++)
            y[i] = T.CreateSaturating(x[i]);
        return y;
    }

    /// <summary>⟨x,y⟩.</summary>
    public static double Dot(double[] x, double[] y)
    {
        double sum = 0;
        for (int i = 0; i < x.Length; i++)
            sum += x[i] * y[i];
        return sum;
    }

    /// <summary>‖x‖.</summary>
    public static double Norm(double[] x) => Math.Sqrt(Dot(x, x));

    /// <summary>x − y.</summary>
    public static double[] Minus(double[] x, double[] y)
    {
        var difference = new double[x.Length];
        for (int i = 0; i < x.Length; i++)
            difference[i] = x[i] - y[i];
        return difference;
    }
}
