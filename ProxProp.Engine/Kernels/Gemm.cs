using System.Numerics;

namespace ProxProp.Engine.Kernels;

/// <summary>General matrix product.</summary>
public static class Gemm
{
    /// <summary>C = A·B. A and B may be views of the same storage; C may not overlap them. What C held before, NaN included, does not matter.</summary>
    public static void Assign<T>(ComputeContext context, ReadOnlyMatrix<T> a, ReadOnlyMatrix<T> b, Matrix<T> c)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check(a, b, c);
        for (int i = 0; i < c.Rows; i++)
            c.Data.Slice(i * c.Stride, c.Columns).Clear();
        Accumulate(context, a, b, c);
    }

    /// <summary>C = epilogue(A·B): bias and ReLU are applied while the sums are still in registers.</summary>
    /// <exception cref="ArgumentException">The shapes do not match, or the bias has not one value per column of C.</exception>
    public static void Assign<T>(ComputeContext context, ReadOnlyMatrix<T> a, ReadOnlyMatrix<T> b, Matrix<T> c, in Epilogue<T> epilogue)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (!epilogue.ColumnBias.IsEmpty && epilogue.ColumnBias.Length != c.Columns)
        {
            throw new ArgumentException(
                $"The bias has {epilogue.ColumnBias.Length} values, but C has {c.Columns} columns.", nameof(epilogue));
        }

        Assign(context, a, b, c);
        for (int i = 0; i < c.Rows; i++)
        {
            for (int j = 0; j < c.Columns; j++)
            {
                T x = c[i, j];
                if (!epilogue.ColumnBias.IsEmpty)
                    x += epilogue.ColumnBias[j];
                c[i, j] = epilogue.Relu && x <= T.Zero ? T.Zero : x;
            }
        }
    }

    /// <summary>C += A·B. A and B may be views of the same storage; C may not overlap them.</summary>
    public static void Accumulate<T>(ComputeContext context, ReadOnlyMatrix<T> a, ReadOnlyMatrix<T> b, Matrix<T> c)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check(a, b, c);
        for (int i = 0; i < c.Rows; i++)
        {
            for (int k = 0; k < a.Columns; k++)
            {
                T aik = a[i, k];
                for (int j = 0; j < c.Columns; j++)
                    c[i, j] = T.FusedMultiplyAdd(aik, b[k, j], c[i, j]);
            }
        }
    }

    private static void Check<T>(ReadOnlyMatrix<T> a, ReadOnlyMatrix<T> b, Matrix<T> c)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (a.Columns != b.Rows || a.Rows != c.Rows || b.Columns != c.Columns)
        {
            throw new ArgumentException(
                $"A {a.Rows}x{a.Columns} times B {b.Rows}x{b.Columns} does not give C {c.Rows}x{c.Columns}.", nameof(c));
        }
    }
}
