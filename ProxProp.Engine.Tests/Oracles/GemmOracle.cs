using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Tests.Generators;

namespace ProxProp.Engine.Tests.Oracles;

/// <summary>Matrix products by their definition.</summary>
public static class GemmOracle
{
    /// <summary>A·B in double.</summary>
    public static double[,] Product<T>(ReadOnlyMatrix<T> a, ReadOnlyMatrix<T> b)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double[,] c = new double[a.Rows, b.Columns];
        for (int i = 0; i < a.Rows; i++)
        {
            for (int k = 0; k < a.Columns; k++)
            {
                double x = double.CreateChecked(a[i, k]);
                for (int j = 0; j < b.Columns; j++)
                    c[i, j] += x * double.CreateChecked(b[k, j]);
            }
        }

        return c;
    }

    /// <summary>One element as the contract of <see cref="Gemm"/> writes it down, to the bit: sign is +1 for C + A·B, −1 for C − A·B, 0 for A·B.</summary>
    public static T Element<T>(ReadOnlyMatrix<T> a, ReadOnlyMatrix<T> b, int i, int j, T c, int sign)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int depth = typeof(T) == typeof(float) ? 512 : 256;
        for (int first = 0; first < Math.Max(1, a.Columns); first += depth)
        {
            T sum = T.Zero;
            for (int k = first; k < Math.Min(first + depth, a.Columns); k++)
                sum = T.FusedMultiplyAdd(a[i, k], b[k, j], sum);
            c = sign < 0 ? c - sum : sign == 0 && first == 0 ? sum : c + sum;
        }

        return c;
    }

    /// <summary>All of C by <see cref="Element"/>.</summary>
    public static T[,] Contract<T>(ReadOnlyMatrix<T> a, ReadOnlyMatrix<T> b, ReadOnlyMatrix<T> before, int sign)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[,] c = new T[a.Rows, b.Columns];
        for (int i = 0; i < a.Rows; i++)
        {
            for (int j = 0; j < b.Columns; j++)
                c[i, j] = Element(a, b, i, j, sign == 0 ? T.Zero : before[i, j], sign);
        }

        return c;
    }

    /// <summary>Fails unless both hold the same numbers, NaN being equal to NaN.</summary>
    public static void AssertSameBits<T>(T[,] expected, ReadOnlyMatrix<T> c, string what)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < c.Rows; i++)
        {
            for (int j = 0; j < c.Columns; j++)
            {
                if (!expected[i, j].Equals(c[i, j]))
                    Assert.Fail($"{what}: element ({i}, {j}) is {c[i, j]:R}, expected {expected[i, j]:R}.");
            }
        }
    }
}
