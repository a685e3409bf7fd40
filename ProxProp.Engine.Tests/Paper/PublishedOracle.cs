namespace ProxProp.Engine.Tests.Paper;

/// <summary>The published code's loop, line by line in double, with arrays that are shared as its tensors are.</summary>
internal static class PublishedOracle
{
    /// <summary>x after some iterations from zero for Mx = b.</summary>
    /// <param name="m">M, dense.</param>
    /// <param name="b">The right-hand side.</param>
    /// <param name="groups">Indices that share one set of scalars: those of a unit, or all.</param>
    /// <param name="iterations">Most iterations.</param>
    public static double[] Solve(double[,] m, double[] b, int[][] groups, int iterations)
    {
        const double Epsilon = 1e-6, Tolerance = 1e-2;
        var x = new double[b.Length];
        double[] r = [.. b];
        double[] p = r;
        double[] old = Dot(r, r, groups);
        double first = old.Average();
        for (int k = 0; k < iterations; k++)
        {
            double[] mp = Product(m, p);
            double[] curvature = Dot(p, mp, groups);
            for (int u = 0; u < groups.Length; u++)
            {
                double alpha = old[u] / (curvature[u] + Epsilon);
                foreach (int i in groups[u])
                    x[i] += alpha * p[i];
                // In place: while p is r, it changes too.
                foreach (int i in groups[u])
                    r[i] -= alpha * mp[i];
            }

            double[] now = Dot(r, r, groups);
            if (now.Max() < Tolerance * Tolerance * first)
                break;
            var direction = new double[b.Length];
            for (int u = 0; u < groups.Length; u++)
            {
                double beta = now[u] / (old[u] + Epsilon);
                foreach (int i in groups[u])
                    direction[i] = r[i] + (beta * p[i]);
            }

            p = direction;
            old = now;
        }

        return x;
    }

    private static double[] Dot(double[] x, double[] y, int[][] groups) => [.. groups.Select(g => g.Sum(i => x[i] * y[i]))];

    private static double[] Product(double[,] m, double[] x) =>
        [.. Enumerable.Range(0, x.Length).Select(i => Enumerable.Range(0, x.Length).Sum(j => m[i, j] * x[j]))];
}
