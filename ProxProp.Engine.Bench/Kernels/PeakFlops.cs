using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Parallel;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Bench.Kernels;

/// <summary>The machine's fused multiply-add rate: twelve independent chains in registers, no memory.</summary>
internal static unsafe class PeakFlops
{
    private const int Iterations = 200_000;

    /// <summary>GFLOP/s of all workers of the context together, the best of several short runs.</summary>
    public static double Measure<T>(ComputeContext context, int runs = 12)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int threads = context.Team.Workers;
        double best = 0;
        for (int run = 0; run < runs; run++)
        {
            ChainJob<T> job = new() { Width = context.Width };
            long start = Stopwatch.GetTimestamp();
            context.Team.Run(threads * 8, ref job);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            double lanes = context.Width == SimdWidth.Scalar ? 1 : (int)context.Width / 8.0 / sizeof(T);
            best = Math.Max(best, threads * 8 * 2.0 * 12 * lanes * Iterations / seconds * 1e-9);
        }

        return best;
    }

    private struct ChainJob<T> : IParallelJob
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public SimdWidth Width;

        public readonly void Execute(int item, int worker)
        {
            T sum = Width switch
            {
                SimdWidth.Bits512 => Chains<Simd512<T>, T>(),
                SimdWidth.Bits256 => Chains<Simd256<T>, T>(),
                SimdWidth.Bits128 => Chains<Simd128<T>, T>(),
                _ => Chains<Scalar<T>, T>(),
            };
            if (T.IsNaN(sum))
                throw new InvalidOperationException("The chains must stay finite.");
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static T Chains<TSimd, T>()
        where TSimd : unmanaged, ISimd<TSimd, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TSimd x = TSimd.Broadcast(T.CreateChecked(0.5)), y = TSimd.Broadcast(T.CreateChecked(0.25));
        TSimd s0 = x, s1 = x, s2 = x, s3 = x, s4 = x, s5 = x, s6 = x, s7 = x, s8 = x, s9 = x, s10 = x, s11 = x;
        for (int i = 0; i < Iterations; i++)
        {
            s0 = TSimd.MultiplyAdd(s0, x, y);
            s1 = TSimd.MultiplyAdd(s1, x, y);
            s2 = TSimd.MultiplyAdd(s2, x, y);
            s3 = TSimd.MultiplyAdd(s3, x, y);
            s4 = TSimd.MultiplyAdd(s4, x, y);
            s5 = TSimd.MultiplyAdd(s5, x, y);
            s6 = TSimd.MultiplyAdd(s6, x, y);
            s7 = TSimd.MultiplyAdd(s7, x, y);
            s8 = TSimd.MultiplyAdd(s8, x, y);
            s9 = TSimd.MultiplyAdd(s9, x, y);
            s10 = TSimd.MultiplyAdd(s10, x, y);
            s11 = TSimd.MultiplyAdd(s11, x, y);
        }

        T* lanes = stackalloc T[16];
        TSimd.Store(s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9 + s10 + s11, lanes);
        return lanes[0];
    }
}
