using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Parallel;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>Substitution with one small diagonal block for strips of right-hand sides.</summary>
/// <remarks>
/// <para>Layout: a strip of eight vectors of right-hand sides is copied so that row p holds the unknown that is solved p-th (the last one
/// first where the solve runs backwards); the block is copied, negated, in the same order. Unknown p is
/// x_p = (b_p − Σ_q g_pq·x_q) / g_pp, q ascending in order of solution, one fused multiply-add each, then one division.</para>
/// <para>Registers: 8 sums, 1 broadcast, operands from the first-level cache.</para>
/// <para>Remainders: lanes without a right-hand side are zeros in the strip and are not copied back.</para>
/// </remarks>
internal static unsafe class TriangularBlock
{
    /// <summary>Largest block.</summary>
    public const int Size = 64;

    private const int Vectors = 8;
    private const long SerialFlops = 200_000;

    /// <summary>Bytes of strip that a worker needs at the widest vectors.</summary>
    public const int StripBytes = Size * Vectors * 64;

    /// <summary>Bytes of the copied block in the widest type.</summary>
    public const int BlockBytes = Size * Size * 8;

    /// <summary>B ← op(L)⁻¹·B, or with unknowns in columns B ← B·op(L)⁻¹.</summary>
    public static void Solve<T>(ComputeContext context, ReadOnlyMatrix<T> l, bool reversed, Matrix<T> b, bool unknownsAreColumns)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int n = l.Rows;
        T* block = (T*)context.TriangularBlock;
        for (int p = 0; p < n; p++)
        {
            for (int q = 0; q < p; q++)
                block[(p * n) + q] = reversed ? -l[n - 1 - q, n - 1 - p] : -l[p, q];
            block[(p * n) + p] = reversed ? l[n - 1 - p, n - 1 - p] : l[p, p];
        }

        fixed (T* pb = b.Data)
        {
            StripJob<T> job = new()
            {
                Context = context,
                Block = block,
                N = n,
                B = pb,
                Stride = b.Stride,
                RightSides = unknownsAreColumns ? b.Rows : b.Columns,
                UnknownsAreColumns = unknownsAreColumns,
                Reversed = reversed,
                Width = Vectors * Math.Max(1, (int)context.Width / 8 / sizeof(T)),
            };
            int items = (job.RightSides + job.Width - 1) / job.Width;
            bool serial = (long)n * n * job.RightSides < SerialFlops;
            if (!serial)
            {
                context.Team.Run(items, ref job);
                return;
            }

            for (int item = 0; item < items; item++)
                job.Execute(item, 0);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Substitute<TSimd, T>(T* block, int n, T* strip)
        where TSimd : unmanaged, ISimd<TSimd, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        nint width = Vectors * TSimd.Count;
        T* row = strip;
        for (int p = 0; p < n; p++, row += width, block += n)
        {
            TSimd s0 = TSimd.Load(row), s1 = TSimd.Load(row + TSimd.Count);
            TSimd s2 = TSimd.Load(row + (2 * TSimd.Count)), s3 = TSimd.Load(row + (3 * TSimd.Count));
            TSimd s4 = TSimd.Load(row + (4 * TSimd.Count)), s5 = TSimd.Load(row + (5 * TSimd.Count));
            TSimd s6 = TSimd.Load(row + (6 * TSimd.Count)), s7 = TSimd.Load(row + (7 * TSimd.Count));
            T* x = strip;
            for (int q = 0; q < p; q++, x += width)
            {
                TSimd g = TSimd.Broadcast(block[q]);
                TSimd.MultiplyAddTo(ref s0, g, TSimd.Load(x));
                TSimd.MultiplyAddTo(ref s1, g, TSimd.Load(x + TSimd.Count));
                TSimd.MultiplyAddTo(ref s2, g, TSimd.Load(x + (2 * TSimd.Count)));
                TSimd.MultiplyAddTo(ref s3, g, TSimd.Load(x + (3 * TSimd.Count)));
                TSimd.MultiplyAddTo(ref s4, g, TSimd.Load(x + (4 * TSimd.Count)));
                TSimd.MultiplyAddTo(ref s5, g, TSimd.Load(x + (5 * TSimd.Count)));
                TSimd.MultiplyAddTo(ref s6, g, TSimd.Load(x + (6 * TSimd.Count)));
                TSimd.MultiplyAddTo(ref s7, g, TSimd.Load(x + (7 * TSimd.Count)));
            }

            TSimd pivot = TSimd.Broadcast(block[p]);
            TSimd.Store(s0 / pivot, row);
            TSimd.Store(s1 / pivot, row + TSimd.Count);
            TSimd.Store(s2 / pivot, row + (2 * TSimd.Count));
            TSimd.Store(s3 / pivot, row + (3 * TSimd.Count));
            TSimd.Store(s4 / pivot, row + (4 * TSimd.Count));
            TSimd.Store(s5 / pivot, row + (5 * TSimd.Count));
            TSimd.Store(s6 / pivot, row + (6 * TSimd.Count));
            TSimd.Store(s7 / pivot, row + (7 * TSimd.Count));
        }
    }

    private struct StripJob<T> : IParallelJob
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public ComputeContext Context;
        public T* Block, B;
        public nint Stride;
        public int N, RightSides, Width;
        public bool UnknownsAreColumns, Reversed;

        public readonly void Execute(int item, int worker)
        {
            T* strip = (T*)Context.WorkerScratch(worker);
            int first = item * Width;
            int count = Math.Min(Width, RightSides - first);
            if (count < Width)
                new Span<T>(strip, N * Width).Clear();
            T* b = UnknownsAreColumns ? B + (first * Stride) : B + first;
            Copy(b, strip, count, toStrip: true);
            switch (Context.Width)
            {
                case SimdWidth.Bits512 when SimdSupport.IsCompiled(SimdWidth.Bits512):
                    Substitute<Simd512<T>, T>(Block, N, strip);
                    break;
                case SimdWidth.Bits256 when SimdSupport.IsCompiled(SimdWidth.Bits256):
                    Substitute<Simd256<T>, T>(Block, N, strip);
                    break;
                case SimdWidth.Bits128 when SimdSupport.IsCompiled(SimdWidth.Bits128):
                    Substitute<Simd128<T>, T>(Block, N, strip);
                    break;
                case SimdWidth.Scalar when SimdSupport.IsCompiled(SimdWidth.Scalar):
                    Substitute<Scalar<T>, T>(Block, N, strip);
                    break;
                default:
                    throw SimdSupport.NotCompiled(Context.Width);
            }

            Copy(b, strip, count, toStrip: false);
        }

        private readonly void Copy(T* b, T* strip, int count, bool toStrip)
        {
            // Row p of the strip is unknown p, or the p-th from the end.
            nint step = Reversed ? -Width : Width;
            T* start = Reversed ? strip + ((N - 1) * Width) : strip;
            if (UnknownsAreColumns)
            {
                if (toStrip)
                    SmallTranspose.Run(b, Stride, count, N, start, step);
                else
                    SmallTranspose.Run(start, step, N, count, b, Stride);
                return;
            }

            for (int i = 0; i < N; i++, b += Stride, start += step)
            {
                if (toStrip)
                    new ReadOnlySpan<T>(b, count).CopyTo(new Span<T>(start, count));
                else
                    new ReadOnlySpan<T>(start, count).CopyTo(new Span<T>(b, count));
            }
        }
    }
}
