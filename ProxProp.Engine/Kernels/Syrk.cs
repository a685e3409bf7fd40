using System.Numerics;

namespace ProxProp.Engine.Kernels;

/// <summary>Symmetric rank-k product.</summary>
/// <remarks>
/// The sums are those of <see cref="Gemm"/>. Only tiles that touch the lower triangle are computed; each block of C is copied across the
/// diagonal while it is still in cache.
/// </remarks>
public static unsafe class Syrk
{
    /// <summary>C = A·Aᵀ with half the flops of a general product; both triangles are written and C is exactly symmetric.</summary>
    /// <param name="context">What to run on.</param>
    /// <param name="a">n × k; give its transposed view for AᵀA.</param>
    /// <param name="c">n × n, may not overlap A; what it held before does not matter.</param>
    /// <exception cref="ArgumentException">C is not n × n.</exception>
    public static void Assign<T>(ComputeContext context, ReadOnlyMatrix<T> a, Matrix<T> c)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check(a, c);
        Run(context, a, c, Update.Assign, mirror: true);
    }

    /// <summary>C += A·Aᵀ, with C symmetric before and after.</summary>
    /// <param name="context">What to run on.</param>
    /// <param name="a">n × k.</param>
    /// <param name="c">n × n, may not overlap A.</param>
    /// <exception cref="ArgumentException">C is not n × n.</exception>
    public static void Accumulate<T>(ComputeContext context, ReadOnlyMatrix<T> a, Matrix<T> c)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check(a, c);
        Run(context, a, c, Update.Add, mirror: true);
    }

    /// <summary>C −= A·Aᵀ in the lower triangle of C; the strict upper one is neither read nor written.</summary>
    internal static void SubtractLower<T>(ComputeContext context, ReadOnlyMatrix<T> a, Matrix<T> c)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Run(context, a, c, Update.Subtract, mirror: false);

    private static void Check<T>(ReadOnlyMatrix<T> a, Matrix<T> c)
        where T : unmanaged
    {
        if (c.Rows != a.Rows || c.Columns != a.Rows)
            throw new ArgumentException($"A {a.Rows}x{a.Columns} times its transpose does not give C {c.Rows}x{c.Columns}.", nameof(c));
    }

    private static void Run<T>(ComputeContext context, ReadOnlyMatrix<T> a, Matrix<T> c, Update update, bool mirror)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (c.Rows == 0)
            return;
        fixed (T* pa = a.Data, pc = c.Data)
        {
            Product<T> product = default;
            product.M = product.N = c.Rows;
            product.K = a.Columns;
            product.A = product.B = pa;
            product.ARow = product.BColumn = a.IsTransposed ? 1 : a.Stride;
            product.AColumn = product.BRow = a.IsTransposed ? a.Stride : 1;
            product.C = pc;
            product.CRow = c.Stride;
            product.Update = update;
            product.LowerOnly = true;
            product.Mirror = mirror;
            GemmDriver.Run(context, product);
        }
    }
}
