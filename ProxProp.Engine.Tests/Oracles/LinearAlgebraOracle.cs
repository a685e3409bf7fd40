using System.Numerics;
using ProxProp.Engine.Kernels;

namespace ProxProp.Engine.Tests.Oracles;

/// <summary>Residuals of factorisations and solves, in double.</summary>
public static class LinearAlgebraOracle
{
    /// <summary>‖A − L·Lᵀ‖ / (n·‖A‖·ε) in the maximum-row-sum norm, over the lower triangles.</summary>
    public static double CholeskyRatio<T>(ReadOnlyMatrix<T> a, ReadOnlyMatrix<T> l)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int n = a.Rows;
        double worst = 0, norm = 0;
        for (int i = 0; i < n; i++)
        {
            double rowError = 0, rowNorm = 0;
            for (int j = 0; j < n; j++)
            {
                int p = Math.Max(i, j), q = Math.Min(i, j);
                double sum = double.CreateChecked(a[p, q]);
                rowNorm += Math.Abs(sum);
                for (int k = 0; k <= q; k++)
                    sum -= double.CreateChecked(l[p, k]) * double.CreateChecked(l[q, k]);
                rowError += Math.Abs(sum);
            }

            worst = Math.Max(worst, rowError);
            norm = Math.Max(norm, rowNorm);
        }

        return worst / (n * norm * Tolerances.Epsilon<T>());
    }

    /// <summary>
    /// The largest |(op(L)·X − B)_ij| / (n·(|op(L)|·|X|)_ij·ε): the row-wise bound of substitution, which holds however ill-conditioned L is.
    /// </summary>
    public static double SolveRatio<T>(ReadOnlyMatrix<T> l, bool transposed, ReadOnlyMatrix<T> x, ReadOnlyMatrix<T> b)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int n = l.Rows;
        double worst = 0;
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < x.Columns; j++)
            {
                double sum = -double.CreateChecked(b[i, j]), size = 0;
                int first = transposed ? i : 0, end = transposed ? n : i + 1;
                for (int k = first; k < end; k++)
                {
                    double product = double.CreateChecked(transposed ? l[k, i] : l[i, k]) * double.CreateChecked(x[k, j]);
                    sum += product;
                    size += Math.Abs(product);
                }

                if (!double.IsFinite(sum))
                    return double.PositiveInfinity;
                if (sum != 0)
                    worst = Math.Max(worst, Math.Abs(sum) / (n * size * Tolerances.Epsilon<T>()));
            }
        }

        return worst;
    }
}
