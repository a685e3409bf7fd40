// Layout:    a job is cut into items by a rule that knows the data alone; the width is chosen once per call, the thread per item.
// Registers: those of the job's own loop.
// Remainder: VectorLoop ends a chunk with the same formula on Scalar<T>.
//            Loops are compiled with full optimisation at once: a training run is over before the JIT would have come round to them.
// Source:    one driver in place of one loop per operator, as System.Numerics.Tensors does with its operator structs.
using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Parallel;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>A job written once for all vector widths.</summary>
internal interface IVectorJob<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Does one item at the width of <typeparamref name="TVector"/>.</summary>
    void Execute<TVector>(int item)
        where TVector : unmanaged, ISimd<TVector, T>;
}

/// <summary>Runs an <see cref="IVectorJob{T}"/> at the context's width on the context's workers.</summary>
internal static class VectorJob
{
    /// <summary>Elements below which one thread is done sooner than a second one has started.</summary>
    public const long ParallelThreshold = 1 << 16;

    /// <summary>Runs all items; on the calling thread alone where <paramref name="work"/>, in elements touched, is small.</summary>
    public static void Run<T, TJob>(ComputeContext context, int items, long work, ref TJob job)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TJob : struct, IVectorJob<T>
    {
        ArgumentNullException.ThrowIfNull(context);
        switch (context.Width)
        {
            case SimdWidth.Bits512 when SimdSupport.IsCompiled(SimdWidth.Bits512):
                Run<Simd512<T>, T, TJob>(context, items, work, ref job);
                break;
            case SimdWidth.Bits256 when SimdSupport.IsCompiled(SimdWidth.Bits256):
                Run<Simd256<T>, T, TJob>(context, items, work, ref job);
                break;
            case SimdWidth.Bits128 when SimdSupport.IsCompiled(SimdWidth.Bits128):
                Run<Simd128<T>, T, TJob>(context, items, work, ref job);
                break;
            case SimdWidth.Scalar when SimdSupport.IsCompiled(SimdWidth.Scalar):
                Run<Scalar<T>, T, TJob>(context, items, work, ref job);
                break;
            default:
                throw SimdSupport.NotCompiled(context.Width);
        }
    }

    /// <summary>The same at the widest width that has at most so many lanes, for jobs whose rows are short.</summary>
    public static void RunFitting<T, TJob>(ComputeContext context, int items, long work, int lanes, TJob job)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TJob : struct, IVectorJob<T>
    {
        ArgumentNullException.ThrowIfNull(context);
        var action = new AtWidth<T, TJob>(context, items, work, job);
        FittingWidth.Run<AtWidth<T, TJob>, T>(context.Width, lanes, ref action);
    }

    private struct AtWidth<T, TJob>(ComputeContext context, int items, long work, TJob job) : IWidthAction<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TJob : struct, IVectorJob<T>
    {
        private TJob _job = job;

        public void Run<TVector>()
            where TVector : unmanaged, ISimd<TVector, T> => VectorJob.Run<TVector, T, TJob>(context, items, work, ref _job);
    }

    private static void Run<TVector, T, TJob>(ComputeContext context, int items, long work, ref TJob job)
        where TVector : unmanaged, ISimd<TVector, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TJob : struct, IVectorJob<T>
    {
        if (work < ParallelThreshold)
        {
            for (int item = 0; item < items; item++)
                job.Execute<TVector>(item);
            return;
        }

        var shared = new Shared<TVector, T, TJob>(ref job);
        context.Team.Run(items, ref shared);
    }

    private readonly ref struct Shared<TVector, T, TJob>(ref TJob job) : IParallelJob
        where TVector : unmanaged, ISimd<TVector, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TJob : struct, IVectorJob<T>
    {
        private readonly ref TJob _job = ref job;

        public void Execute(int item, int worker) => _job.Execute<TVector>(item);
    }
}

/// <summary>The body of a loop over independent elements; it holds its own pointers.</summary>
internal interface ILoopBody<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Does the elements i … i + Count − 1.</summary>
    void Step<TVector>(nint i)
        where TVector : unmanaged, ISimd<TVector, T>;
}

/// <summary>A body of several streams, which may be more than the caches hold.</summary>
internal interface IStreamBody<T> : ILoopBody<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Asks for the line that each stream comes to some vectors after element i.</summary>
    void Fetch(nint i);
}

/// <summary>Runs an <see cref="ILoopBody{T}"/> over 0 … n − 1 in fixed chunks.</summary>
internal static class VectorLoop
{
    /// <summary>Elements of one chunk: a few streams of it stay in the second-level cache.</summary>
    public const int Chunk = 1 << 14;

    // Bytes of a stream from which on several of them are more than the second-level cache holds.
    private const long FarBytes = 1 << 20;

    /// <summary>Runs the loop over <paramref name="length"/> elements.</summary>
    public static void Run<T, TBody>(ComputeContext context, int length, TBody body)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TBody : struct, ILoopBody<T>
    {
        var job = new Job<T, TBody>(body, length);
        VectorJob.Run<T, Job<T, TBody>>(context, (length + Chunk - 1) / Chunk, length, ref job);
    }

    /// <summary>
    /// Runs a loop over streams. Those that the second-level cache does not hold are fetched ahead: the processor's own fetching ends with each page, and
    /// beginning anew in several streams at a time costs a quarter of the bandwidth.
    /// </summary>
    public static void RunStreams<T, TBody>(ComputeContext context, int length, TBody body)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TBody : struct, IStreamBody<T>
    {
        var job = new StreamJob<T, TBody>(body, length, (long)length * Unsafe.SizeOf<T>() >= FarBytes);
        VectorJob.Run<T, StreamJob<T, TBody>>(context, (length + Chunk - 1) / Chunk, length, ref job);
    }

    /// <summary>One range on the calling thread.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Range<TVector, T, TBody>(nint begin, nint end, TBody body)
        where TVector : unmanaged, ISimd<TVector, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TBody : struct, ILoopBody<T>
    {
        nint i = begin;
        for (; i <= end - TVector.Count; i += TVector.Count)
            body.Step<TVector>(i);
        if (i < end)
            Remainder<T, TBody>(i, end, body);
    }

    /// <summary>A short row, of a body that may do an element twice: the last vector ends with the row and may overlap the one before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Row<TVector, T, TBody>(nint length, TBody body)
        where TVector : unmanaged, ISimd<TVector, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TBody : struct, ILoopBody<T>
    {
        nint last = length - TVector.Count;
        if (last < 0)
        {
            Remainder<T, TBody>(0, length, body);
            return;
        }

        for (nint i = 0; i < length; i += TVector.Count)
            body.Step<TVector>(Math.Min(i, last));
    }

    // Apart, so that the vector body has the JIT's whole inlining budget.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Remainder<T, TBody>(nint i, nint end, TBody body)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TBody : struct, ILoopBody<T>
    {
        for (; i <= end - Simd128<T>.Count; i += Simd128<T>.Count)
            body.Step<Simd128<T>>(i);
        for (; i < end; i++)
            body.Step<Scalar<T>>(i);
    }

    private readonly struct StreamJob<T, TBody>(TBody body, int length, bool isFar) : IVectorJob<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TBody : struct, IStreamBody<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public void Execute<TVector>(int item)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            nint i = (nint)item * Chunk, end = Math.Min(i + Chunk, length);
            for (; isFar && i <= end - TVector.Count; i += TVector.Count)
            {
                body.Fetch(i);
                body.Step<TVector>(i);
            }

            Range<TVector, T, TBody>(i, end, body);
        }
    }

    private readonly struct Job<T, TBody>(TBody body, int length) : IVectorJob<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TBody : struct, ILoopBody<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public void Execute<TVector>(int item)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            nint begin = (nint)item * Chunk;
            Range<TVector, T, TBody>(begin, Math.Min(begin + Chunk, length), body);
        }
    }
}

/// <summary>Checks of spans that must agree.</summary>
internal static class Lengths
{
    /// <summary>Throws where a span's length differs from the expected one; what expects it is put into words only then.</summary>
    public static void Check<TExpecting>(int found, int expected, string name, TExpecting expectedBy)
        where TExpecting : notnull
    {
        if (found != expected)
            Throw(found, expected, name, expectedBy.ToString());
    }

    private static void Throw(int found, int expected, string name, string? expectedBy) =>
        throw new ArgumentException($"'{name}' has {found} elements, but {expectedBy} asks for {expected}.", name);
}
