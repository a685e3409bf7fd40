using System.Numerics;
using ProxProp.Engine.Solvers;

namespace ProxProp.Engine.Tests.Generators;

/// <summary>P⁻¹ = diag(d) + u·uᵀ with d log-uniform over two decades and u normal: symmetric, positive definite, and no relation to the system at all.</summary>
public sealed class RandomPreconditioner<T> : IPreconditioner<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly T[] _d;
    private readonly T[] _u;

    public RandomPreconditioner(int n, int seed)
    {
        var random = new Random(seed);
        _d = [.. Enumerable.Range(0, n).Select(_ => T.CreateChecked(Math.Pow(10, (2 * random.NextDouble()) - 1)))];
        _u = BatchData.Normals<T>(random, n);
    }

    /// <summary>The lower triangular L with L·Lᵀ = P⁻¹, in double.</summary>
    public double[,] Factor
    {
        get
        {
            int n = _d.Length;
            var l = new double[n, n];
            for (int j = 0; j < n; j++)
            {
                for (int i = j; i < n; i++)
                {
                    double x = double.CreateChecked(_u[i]) * double.CreateChecked(_u[j]) + (i == j ? double.CreateChecked(_d[i]) : 0);
                    for (int k = 0; k < j; k++)
                        x -= l[i, k] * l[j, k];
                    l[i, j] = i == j ? Math.Sqrt(x) : x / l[j, j];
                }
            }

            return l;
        }
    }

    public void Apply(ReadOnlySpan<T> r, Span<T> z)
    {
        T inner = T.Zero;
        for (int i = 0; i < r.Length; i++)
            inner += _u[i] * r[i];
        for (int i = 0; i < r.Length; i++)
            z[i] = (_d[i] * r[i]) + (_u[i] * inner);
    }
}
