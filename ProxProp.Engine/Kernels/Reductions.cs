// Layout:    a chunk of 4096 elements has 16 running lanes (element i goes to lane i mod 16), joined by the tree 8, 4, 2, 1.
//            Chunk results are added in double, in order, within an item (a fixed group of chunks), then over the items.
// Registers: 16 lanes are 1, 2 or 4 vectors; widths that need 8 or 16 keep them in memory.
// Remainder: the last r < 16 elements go to lanes 0 … r − 1 through Scalar<T>. The order depends on the length alone.
using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>What a reduction does with an element and with two partial results, written once for all widths.</summary>
internal interface IReduction<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Takes one element (two for products: b is a where there is one input) into a running lane.</summary>
    TVector Take<TVector>(TVector lane, TVector a, TVector b)
        where TVector : unmanaged, ISimd<TVector, T>;

    /// <summary>Joins two partial results.</summary>
    TVector Join<TVector>(TVector left, TVector right)
        where TVector : unmanaged, ISimd<TVector, T>;
}

/// <summary>Reductions of flat spans in one fixed order: the same bits for every width and number of threads.</summary>
public static unsafe class Reductions
{
    /// <summary>Elements of one chunk.</summary>
    public const int Chunk = 4096;

    private const int Lanes = 16;
    private const int MaximumItems = 256;

    /// <summary>Σ x[i]; lanes in T, chunks in double.</summary>
    public static double Sum<T>(ComputeContext context, ReadOnlySpan<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Reduce<T, Summing<T>>(context, x, x);

    /// <summary>Σ x[i]·y[i]; each product is added with one rounding.</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static double Dot<T>(ComputeContext context, ReadOnlySpan<T> x, ReadOnlySpan<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Lengths.Check(y.Length, x.Length, nameof(y), nameof(x));
        return Reduce<T, Multiplying<T>>(context, x, y);
    }

    /// <summary>Σ x[i]².</summary>
    public static double SumOfSquares<T>(ComputeContext context, ReadOnlySpan<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Reduce<T, Multiplying<T>>(context, x, x);

    /// <summary>max |x[i]|; 0 for an empty span, NaN where any element is NaN.</summary>
    public static double MaxAbs<T>(ComputeContext context, ReadOnlySpan<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Reduce<T, Maximising<T>>(context, x, x);

    /// <summary>Whether no element is infinite or NaN.</summary>
    public static bool AllFinite<T>(ComputeContext context, ReadOnlySpan<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Reduce<T, Vanishing<T>>(context, x, x) == 0;

    /// <summary>Reduces a contiguous range in the fixed order, on the calling thread.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    internal static double Range<TVector, T, TReduction>(TReduction reduction, T* x, T* y, nint length)
        where TVector : unmanaged, ISimd<TVector, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TReduction : struct, IReduction<T>
    {
        double total = 0;
        for (nint begin = 0; begin < length; begin += Chunk)
        {
            T part = ReduceChunk<TVector, T, TReduction>(
                reduction, x + begin, y + begin, (int)Math.Min(Chunk, length - begin));
            total = Join<T, TReduction>(total, double.CreateTruncating(part));
        }

        return total;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static double Join<T, TReduction>(double left, double right)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TReduction : struct, IReduction<T> =>
        typeof(TReduction) == typeof(Maximising<T>) ? Math.Max(left, right) : left + right;

    private static double Reduce<T, TReduction>(ComputeContext context, ReadOnlySpan<T> x, ReadOnlySpan<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TReduction : struct, IReduction<T>
    {
        int chunks = (int)(((long)x.Length + Chunk - 1) / Chunk);
        int chunksPerItem = (chunks + MaximumItems - 1) / MaximumItems;
        int items = chunks == 0 ? 0 : (chunks + chunksPerItem - 1) / chunksPerItem;
        double* parts = stackalloc double[MaximumItems];
        fixed (T* px = x, py = y)
        {
            var job = new RangeJob<T, TReduction>(px, py, x.Length, chunksPerItem * Chunk, parts);
            VectorJob.Run<T, RangeJob<T, TReduction>>(context, items, x.Length, ref job);
        }

        double total = 0;
        for (int i = 0; i < items; i++)
            total = Join<T, TReduction>(total, parts[i]);
        return total;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static T ReduceChunk<TVector, T, TReduction>(TReduction reduction, T* x, T* y, int length)
        where TVector : unmanaged, ISimd<TVector, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TReduction : struct, IReduction<T>
    {
        int count = TVector.Count;
        int whole = length & -Lanes;
        T* lanes = stackalloc T[Lanes];
        if (count * 4 >= Lanes)
        {
            TVector lane0 = TVector.Zero, lane1 = TVector.Zero, lane2 = TVector.Zero, lane3 = TVector.Zero;
            for (int i = 0; i < whole; i += Lanes)
            {
                lane0 = reduction.Take(lane0, TVector.Load(x + i), TVector.Load(y + i));
                if (count < Lanes)
                    lane1 = reduction.Take(lane1, TVector.Load(x + i + count), TVector.Load(y + i + count));
                if (count * 2 < Lanes)
                {
                    lane2 = reduction.Take(lane2, TVector.Load(x + i + (2 * count)), TVector.Load(y + i + (2 * count)));
                    lane3 = reduction.Take(lane3, TVector.Load(x + i + (3 * count)), TVector.Load(y + i + (3 * count)));
                }
            }

            TVector.Store(lane0, lanes);
            if (count < Lanes)
                TVector.Store(lane1, lanes + count);
            if (count * 2 < Lanes)
            {
                TVector.Store(lane2, lanes + (2 * count));
                TVector.Store(lane3, lanes + (3 * count));
            }
        }
        else
        {
            new Span<T>(lanes, Lanes).Clear();
            for (int i = 0; i < whole; i += Lanes)
            {
                for (int j = 0; j < Lanes; j += count)
                    TVector.Store(reduction.Take(TVector.Load(lanes + j), TVector.Load(x + i + j), TVector.Load(y + i + j)), lanes + j);
            }
        }

        Scalar<T>* scalars = (Scalar<T>*)lanes;
        for (int i = whole; i < length; i++)
            scalars[i - whole] = reduction.Take(scalars[i - whole], Scalar<T>.Load(x + i), Scalar<T>.Load(y + i));
        for (int half = Lanes / 2; half > 0; half /= 2)
        {
            for (int j = 0; j < half; j++)
                scalars[j] = reduction.Join(scalars[j], scalars[j + half]);
        }

        return lanes[0];
    }

    private readonly struct RangeJob<T, TReduction>(T* x, T* y, int length, int itemLength, double* parts) : IVectorJob<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TReduction : struct, IReduction<T>
    {
        public void Execute<TVector>(int item)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            nint begin = (nint)item * itemLength;
            parts[item] = Range<TVector, T, TReduction>(default, x + begin, y + begin, Math.Min(itemLength, length - begin));
        }
    }

    /// <summary>Σ a.</summary>
    internal readonly struct Summing<T> : IReduction<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Take<TVector>(TVector lane, TVector a, TVector b)
            where TVector : unmanaged, ISimd<TVector, T> => lane + a;

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Join<TVector>(TVector left, TVector right)
            where TVector : unmanaged, ISimd<TVector, T> => left + right;
    }

    /// <summary>Σ a·b.</summary>
    internal readonly struct Multiplying<T> : IReduction<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Take<TVector>(TVector lane, TVector a, TVector b)
            where TVector : unmanaged, ISimd<TVector, T> => TVector.MultiplyAdd(a, b, lane);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Join<TVector>(TVector left, TVector right)
            where TVector : unmanaged, ISimd<TVector, T> => left + right;
    }

    /// <summary>max |a|, NaN once there was one.</summary>
    private readonly struct Maximising<T> : IReduction<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Take<TVector>(TVector lane, TVector a, TVector b)
            where TVector : unmanaged, ISimd<TVector, T> => Join(lane, TVector.Abs(a));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Join<TVector>(TVector left, TVector right)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            TVector maximum = TVector.Max(left, right);
            return TVector.Select(TVector.LessThanOrEqual(left, left), maximum, left);
        }
    }

    /// <summary>Σ 0·a: 0 for finite elements, NaN for the others.</summary>
    private readonly struct Vanishing<T> : IReduction<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Take<TVector>(TVector lane, TVector a, TVector b)
            where TVector : unmanaged, ISimd<TVector, T> => TVector.MultiplyAdd(a, TVector.Zero, lane);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Join<TVector>(TVector left, TVector right)
            where TVector : unmanaged, ISimd<TVector, T> => left + right;
    }
}
