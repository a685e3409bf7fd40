using System.Numerics;

namespace ProxProp.Engine.Kernels;

/// <summary>Symmetric rank-k product.</summary>
public static class Syrk
{
    /// <summary>C = A·Aᵀ with half the flops of a general product; both triangles are written and C is exactly symmetric.</summary>
    /// <param name="context">What to run on.</param>
    /// <param name="a">n × k; give its transposed view for AᵀA.</param>
    /// <param name="c">n × n, may not overlap A; what it held before does not matter.</param>
    /// <exception cref="ArgumentException">C is not n × n.</exception>
    public static void Assign<T>(ComputeContext context, ReadOnlyMatrix<T> a, Matrix<T> c)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (c.Rows != a.Rows || c.Columns != a.Rows)
            throw new ArgumentException($"A {a.Rows}x{a.Columns} times its transpose does not give C {c.Rows}x{c.Columns}.", nameof(c));
        Gemm.Assign(context, a, a.Transposed, c);
    }
}
