using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>Factorisation of one small diagonal block.</summary>
/// <remarks>
/// <para>Layout: the lower triangle is copied transposed, so that row i of U = Lᵀ is contiguous from column i on. Rows are made one after
/// the other (left-looking): u_ij = (a_ij − Σ_k u_ki·u_kj) / u_ii, k ascending, one fused multiply-add each, then one division.</para>
/// <para>Registers: up to 4 sums, 1 broadcast. What lies left of the diagonal in a row's first vector is computed and never read.</para>
/// <para>Remainders: each row of the copy is followed by zeros for a whole group of four vectors.</para>
/// </remarks>
internal static unsafe class CholeskyBlock
{
    /// <summary>Largest block.</summary>
    public const int Size = 96;

    /// <summary>Factors in place; returns 0 or the 1-based index of the first pivot that is not positive and finite.</summary>
    public static int Factor<T>(ComputeContext context, Matrix<T> a)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int n = a.Rows;
        Memory.PinnedBytes scratch = context.Workspace;
        T* u = (T*)context.WorkerScratch(0);
        int lanes = Math.Max(1, (int)context.Width / 8 / sizeof(T));
        int stride = ((n + lanes - 1) / lanes * lanes) + (4 * lanes);
        new Span<T>(u, n * stride).Clear();
        fixed (T* pa = a.Data)
        {
            CopyTriangle(pa, a.Stride, n, u, stride);
            int failed = context.Width switch
            {
                SimdWidth.Bits512 when SimdSupport.IsCompiled(SimdWidth.Bits512) => Factor<Simd512<T>, T>(u, stride, n),
                SimdWidth.Bits256 when SimdSupport.IsCompiled(SimdWidth.Bits256) => Factor<Simd256<T>, T>(u, stride, n),
                SimdWidth.Bits128 when SimdSupport.IsCompiled(SimdWidth.Bits128) => Factor<Simd128<T>, T>(u, stride, n),
                SimdWidth.Scalar when SimdSupport.IsCompiled(SimdWidth.Scalar) => Factor<Scalar<T>, T>(u, stride, n),
                _ => throw SimdSupport.NotCompiled(context.Width),
            };
            if (failed == 0)
                CopyBack(u, stride, n, pa, a.Stride);
            scratch.Keep();
            return failed;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Factor<TSimd, T>(T* u, nint stride, int n)
        where TSimd : unmanaged, ISimd<TSimd, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < n; i++)
        {
            T* row = u + (i * stride);
            int first = i / TSimd.Count * TSimd.Count;
            for (int j = first; j < n; j += 4 * TSimd.Count)
            {
                T* at = row + j;
                TSimd s0 = TSimd.Load(at), s1 = TSimd.Load(at + TSimd.Count);
                TSimd s2 = TSimd.Load(at + (2 * TSimd.Count)), s3 = TSimd.Load(at + (3 * TSimd.Count));
                T* coefficient = u + i;
                T* above = u + j;
                for (int k = 0; k < i; k++, coefficient += stride, above += stride)
                {
                    TSimd c = -TSimd.Broadcast(*coefficient);
                    TSimd.MultiplyAddTo(ref s0, c, TSimd.Load(above));
                    TSimd.MultiplyAddTo(ref s1, c, TSimd.Load(above + TSimd.Count));
                    TSimd.MultiplyAddTo(ref s2, c, TSimd.Load(above + (2 * TSimd.Count)));
                    TSimd.MultiplyAddTo(ref s3, c, TSimd.Load(above + (3 * TSimd.Count)));
                }

                TSimd.Store(s0, at);
                TSimd.Store(s1, at + TSimd.Count);
                TSimd.Store(s2, at + (2 * TSimd.Count));
                TSimd.Store(s3, at + (3 * TSimd.Count));
            }

            T pivot = row[i];
            if (!(pivot > T.Zero) || T.IsPositiveInfinity(pivot))
                return i + 1;
            T root = T.Sqrt(pivot);
            TSimd divisor = TSimd.Broadcast(root);
            for (int j = first; j < n; j += TSimd.Count)
                TSimd.Store(TSimd.Load(row + j) / divisor, row + j);
            row[i] = root;
        }

        return 0;
    }

    private static void CopyTriangle<T>(T* a, nint aStride, int n, T* u, nint stride)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < n; i += 4)
        {
            int rows = Math.Min(4, n - i);
            SmallTranspose.Run(a + (i * aStride), aStride, rows, i, u + i, stride);
            for (int r = i; r < i + rows; r++)
            {
                for (int j = i; j <= r; j++)
                    u[(j * stride) + r] = a[(r * aStride) + j];
            }
        }
    }

    private static void CopyBack<T>(T* u, nint stride, int n, T* a, nint aStride)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < n; i += 4)
        {
            int rows = Math.Min(4, n - i);
            SmallTranspose.Run(u + i, stride, i, rows, a + (i * aStride), aStride);
            for (int r = i; r < i + rows; r++)
            {
                for (int j = i; j <= r; j++)
                    a[(r * aStride) + j] = u[(j * stride) + r];
            }
        }
    }
}
