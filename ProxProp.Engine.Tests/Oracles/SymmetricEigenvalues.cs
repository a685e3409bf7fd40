namespace ProxProp.Engine.Tests.Oracles;

/// <summary>Eigenvalues of a symmetric matrix by cyclic Jacobi rotations (Golub and Van Loan, Algorithm 8.5.3): slow and accurate.</summary>
public static class SymmetricEigenvalues
{
    /// <summary>All eigenvalues in ascending order.</summary>
    public static double[] Of(double[,] matrix)
    {
        int n = matrix.GetLength(0);
        var a = (double[,])matrix.Clone();
        for (int sweep = 0; sweep < 60 && OffDiagonal(a) > 1e-32 * Total(a); sweep++)
        {
            for (int p = 0; p < n; p++)
            {
                for (int q = p + 1; q < n; q++)
                    Rotate(a, p, q);
            }
        }

        return [.. Enumerable.Range(0, n).Select(i => a[i, i]).Order()];
    }

    private static void Rotate(double[,] a, int p, int q)
    {
        if (a[p, q] == 0)
            return;
        double theta = (a[q, q] - a[p, p]) / (2 * a[p, q]);
        double t = (theta >= 0 ? 1 : -1) / (Math.Abs(theta) + Math.Sqrt((theta * theta) + 1));
        double c = 1 / Math.Sqrt((t * t) + 1), s = t * c;
        int n = a.GetLength(0);
        for (int k = 0; k < n; k++)
            (a[k, p], a[k, q]) = ((c * a[k, p]) - (s * a[k, q]), (s * a[k, p]) + (c * a[k, q]));
        for (int k = 0; k < n; k++)
            (a[p, k], a[q, k]) = ((c * a[p, k]) - (s * a[q, k]), (s * a[p, k]) + (c * a[q, k]));
    }

    private static double OffDiagonal(double[,] a)
    {
        double sum = 0;
        for (int i = 0; i < a.GetLength(0); i++)
        {
            for (int j = 0; j < a.GetLength(1); j++)
                sum += i == j ? 0 : a[i, j] * a[i, j];
        }

        return sum;
    }

    private static double Total(double[,] a) => a.Cast<double>().Sum(x => x * x);
}
