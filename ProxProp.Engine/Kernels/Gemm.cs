using System.Numerics;

namespace ProxProp.Engine.Kernels;

/// <summary>General matrix product.</summary>
/// <remarks>
/// The sum behind every element is part of the contract. With KC = 512 for float and 256 for double, k is cut into blocks of KC from 0 on
/// (the last one shorter). Each block is summed from +0 with one fused multiply-add for each k, ascending. The first block's sum is stored (assign), or
/// added to or subtracted from C; every further block's sum is added to (subtracted from) what is there. Bias and ReLU come last. Nothing
/// in this depends on vector width, tile, thread or path, so neither do the bits.
/// </remarks>
public static unsafe class Gemm
{
    /// <summary>C = A·B. A and B may be views of the same storage; C may not overlap them. What C held before, NaN included, does not matter.</summary>
    /// <exception cref="ArgumentException">The shapes do not match.</exception>
    public static void Assign<T>(ComputeContext context, ReadOnlyMatrix<T> a, ReadOnlyMatrix<T> b, Matrix<T> c)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Run(context, a, b, c, Update.Assign, default);

    /// <summary>C = epilogue(A·B): bias and ReLU are applied while the sums are still in registers.</summary>
    /// <exception cref="ArgumentException">The shapes do not match, or the bias has not one value per column of C.</exception>
    public static void Assign<T>(ComputeContext context, ReadOnlyMatrix<T> a, ReadOnlyMatrix<T> b, Matrix<T> c, in Epilogue<T> epilogue)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Run(context, a, b, c, Update.Assign, epilogue);

    /// <summary>C += A·B. A and B may be views of the same storage; C may not overlap them.</summary>
    /// <exception cref="ArgumentException">The shapes do not match.</exception>
    public static void Accumulate<T>(ComputeContext context, ReadOnlyMatrix<T> a, ReadOnlyMatrix<T> b, Matrix<T> c)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Run(context, a, b, c, Update.Add, default);

    /// <summary>C −= A·B, the update of the blocked factorisation and solves.</summary>
    internal static void Subtract<T>(ComputeContext context, ReadOnlyMatrix<T> a, ReadOnlyMatrix<T> b, Matrix<T> c)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Run(context, a, b, c, Update.Subtract, default);

    private static void Run<T>(
        ComputeContext context, ReadOnlyMatrix<T> a, ReadOnlyMatrix<T> b, Matrix<T> c, Update update, in Epilogue<T> epilogue)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (a.Columns != b.Rows || a.Rows != c.Rows || b.Columns != c.Columns)
        {
            throw new ArgumentException(
                $"A {a.Rows}x{a.Columns} times B {b.Rows}x{b.Columns} does not give C {c.Rows}x{c.Columns}.", nameof(c));
        }

        if (!epilogue.ColumnBias.IsEmpty && epilogue.ColumnBias.Length != c.Columns)
        {
            throw new ArgumentException(
                $"The bias has {epilogue.ColumnBias.Length} values, but C has {c.Columns} columns.", nameof(epilogue));
        }

        if (c.Rows == 0 || c.Columns == 0)
            return;
        fixed (T* pa = a.Data, pb = b.Data, pc = c.Data, bias = epilogue.ColumnBias)
        {
            Product<T> product = default;
            product.M = c.Rows;
            product.N = c.Columns;
            product.K = a.Columns;
            product.A = pa;
            product.ARow = a.IsTransposed ? 1 : a.Stride;
            product.AColumn = a.IsTransposed ? a.Stride : 1;
            product.B = pb;
            product.BRow = b.IsTransposed ? 1 : b.Stride;
            product.BColumn = b.IsTransposed ? b.Stride : 1;
            product.C = pc;
            product.CRow = c.Stride;
            product.Update = update;
            product.Bias = bias;
            product.Relu = epilogue.Relu;
            GemmDriver.Run(context, product);
        }
    }
}
