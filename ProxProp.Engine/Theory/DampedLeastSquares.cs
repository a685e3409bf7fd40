namespace ProxProp.Engine.Theory;

/// <summary>argmin_x ½‖Ax − b‖² + 1/(2τ)‖x‖² as the least-squares problem [A; I/√τ]x = [b; 0], by Householder QR.</summary>
/// <remarks>
/// <para>Golub and Van Loan, Algorithm 5.2.1 with the factor applied to the right-hand side as it goes. The error grows with the condition number of [A; I/√τ],
/// the square root of that of I/τ + AᵀA, which is what makes it a measure for solvers of the normal equations.</para>
/// <para>Departure: a reflection touches only the rows where its vector is not zero, so that a block-diagonal A costs no more than its blocks.</para>
/// </remarks>
public static class DampedLeastSquares
{
    /// <summary>Solves the problem.</summary>
    /// <param name="a">A, rows × columns.</param>
    /// <param name="b">b, one element per row.</param>
    /// <param name="tau">τ, positive.</param>
    /// <returns>x, one element per column.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="tau"/> is not positive and finite.</exception>
    /// <exception cref="ArgumentException"><paramref name="b"/> does not have one element per row of <paramref name="a"/>.</exception>
    public static double[] Solve(double[,] a, ReadOnlySpan<double> b, double tau)
    {
        ArgumentNullException.ThrowIfNull(a);
        Descent.CheckPositive(tau, nameof(tau));
        int rows = a.GetLength(0), columns = a.GetLength(1);
        if (b.Length != rows)
            throw new ArgumentException($"One element for each of the {rows} rows was expected, but b has {b.Length}.", nameof(b));
        // Columns first: a reflection works on whole columns.
        var q = new double[columns + 1][];
        for (int j = 0; j <= columns; j++)
        {
            q[j] = new double[rows + columns];
            for (int i = 0; i < rows; i++)
                q[j][columns + i] = j < columns ? a[i, j] : b[i];
            if (j < columns)
                q[j][j] = 1 / Math.Sqrt(tau);
        }

        var support = new List<int>();
        for (int j = 0; j < columns; j++)
            Reflect(q, j, support);

        var x = new double[columns];
        for (int j = columns - 1; j >= 0; j--)
        {
            double sum = q[columns][j];
            for (int k = j + 1; k < columns; k++)
                sum -= q[k][j] * x[k];
            x[j] = sum / q[j][j];
        }

        return x;
    }

    // Makes column j zero below its diagonal element and applies the same reflection to all columns behind it.
    private static void Reflect(double[][] q, int j, List<int> support)
    {
        double[] v = q[j];
        support.Clear();
        double squares = 0;
        for (int i = j; i < v.Length; i++)
        {
            if (v[i] == 0)
                continue;
            support.Add(i);
            squares += v[i] * v[i];
        }

        double alpha = v[j] > 0 ? -Math.Sqrt(squares) : Math.Sqrt(squares);
        double head = v[j] - alpha;
        v[j] = head;
        double beta = -1 / (alpha * head);
        for (int k = j + 1; k < q.Length; k++)
        {
            double[] c = q[k];
            double dot = 0;
            foreach (int i in support)
                dot += v[i] * c[i];
            if (dot == 0)
                continue;
            dot *= beta;
            foreach (int i in support)
                c[i] -= dot * v[i];
        }

        v[j] = alpha;
    }
}
