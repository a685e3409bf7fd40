// Layout:    [batch, channels, positions]. A group is one channel (its rows of positions are contiguous) or, where there is one position,
//            a tile of 64 channels (lanes are channels).
// Registers: 16 lanes for rows; one running vector for tiles.
// Remainder: Scalar<T>, the same bits. Order of a sum: positions in the fixed tree of Reductions, samples in ascending order in double;
//            for tiles, blocks of 256 samples in ascending order, the blocks in double.
using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>Activations with channels: batch × channels × positions; one position for plain vectors, Height·Width for images.</summary>
/// <param name="Batch">Number of samples.</param>
/// <param name="Channels">Number of channels.</param>
/// <param name="Positions">Elements of one channel of one sample.</param>
public readonly record struct ChannelShape(int Batch, int Channels, int Positions)
{
    internal const int Tile = 64;
    private const int BlockSamples = 256;

    /// <summary>Number of elements.</summary>
    public int Length => checked(Batch * Channels * Positions);

    internal int ChannelsPerGroup => Positions == 1 ? Tile : 1;

    internal int Groups => (Channels + ChannelsPerGroup - 1) / ChannelsPerGroup;

    // sums[k] = Σ term(x, dy, center[k]) over all samples and positions of channel first + k.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    internal unsafe void Reduce<TVector, T, TTerm>(int first, int count, T* x, T* dy, T* center, double* sums)
        where TVector : unmanaged, ISimd<TVector, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TTerm : struct, IChannelTerm<T>
    {
        new Span<double>(sums, count).Clear();
        if (Positions > 1)
        {
            var reduction = new CenteredSum<T, TTerm>(*center);
            for (int n = 0; n < Batch; n++)
            {
                nint row = (((nint)n * Channels) + first) * Positions;
                *sums += Reductions.Range<TVector, T, CenteredSum<T, TTerm>>(reduction, x + row, dy + row, Positions);
            }

            return;
        }

        T* block = stackalloc T[Tile];
        for (int begin = 0; begin < Batch; begin += BlockSamples)
        {
            new Span<T>(block, count).Clear();
            int end = Math.Min(Batch, begin + BlockSamples);
            for (int n = begin; n < end; n++)
            {
                nint row = ((nint)n * Channels) + first;
                VectorLoop.Range<TVector, T, AddTerms<T, TTerm>>(0, count, new(x + row, dy + row, center, block));
            }

            for (int k = 0; k < count; k++)
                sums[k] += double.CreateTruncating(block[k]);
        }
    }

    // y = map(x, dy; coefficients of the channel) for the channels first … first + count − 1.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    internal unsafe void Apply<TVector, T, TMap>(int first, int count, T* x, T* dy, T* y, ChannelCoefficients<T> coefficients)
        where TVector : unmanaged, ISimd<TVector, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TMap : struct, IChannelMap<T>
    {
        for (int n = 0; n < Batch; n++)
        {
            nint row = (((nint)n * Channels) + first) * Positions;
            if (Positions > 1)
                VectorLoop.Range<TVector, T, RowMap<T, TMap>>(0, Positions, new(x + row, dy + row, y + row, coefficients));
            else
                VectorLoop.Range<TVector, T, LaneMap<T, TMap>>(0, count, new(x + row, dy + row, y + row, coefficients));
        }
    }

    private readonly struct CenteredSum<T, TTerm>(T center) : IReduction<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TTerm : struct, IChannelTerm<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Take<TVector>(TVector lane, TVector a, TVector b)
            where TVector : unmanaged, ISimd<TVector, T> => TTerm.Add(lane, a, b, TVector.Broadcast(center));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TVector Join<TVector>(TVector left, TVector right)
            where TVector : unmanaged, ISimd<TVector, T> => left + right;
    }

    private readonly unsafe struct AddTerms<T, TTerm>(T* x, T* dy, T* center, T* lanes) : ILoopBody<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TTerm : struct, IChannelTerm<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Step<TVector>(nint i)
            where TVector : unmanaged, ISimd<TVector, T> =>
            TVector.Store(
                TTerm.Add(TVector.Load(lanes + i), TVector.Load(x + i), TVector.Load(dy + i), TVector.Load(center + i)), lanes + i);
    }

    private readonly unsafe struct RowMap<T, TMap>(T* x, T* dy, T* y, ChannelCoefficients<T> c) : ILoopBody<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TMap : struct, IChannelMap<T>
    {
        private readonly T _center = *c.Center;
        private readonly T _scale = *c.Scale;
        private readonly T _offset = *c.Offset;
        private readonly T _slope = *c.Slope;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Step<TVector>(nint i)
            where TVector : unmanaged, ISimd<TVector, T> =>
            TVector.Store(
                TMap.Invoke(
                    TVector.Load(x + i),
                    TVector.Load(dy + i),
                    TVector.Broadcast(_center),
                    TVector.Broadcast(_scale),
                    TVector.Broadcast(_offset),
                    TVector.Broadcast(_slope)),
                y + i);
    }

    private readonly unsafe struct LaneMap<T, TMap>(T* x, T* dy, T* y, ChannelCoefficients<T> c) : ILoopBody<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TMap : struct, IChannelMap<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Step<TVector>(nint i)
            where TVector : unmanaged, ISimd<TVector, T> =>
            TVector.Store(
                TMap.Invoke(
                    TVector.Load(x + i),
                    TVector.Load(dy + i),
                    TVector.Load(c.Center + i),
                    TVector.Load(c.Scale + i),
                    TVector.Load(c.Offset + i),
                    TVector.Load(c.Slope + i)),
                y + i);
    }
}

/// <summary>One term of a sum over a channel.</summary>
internal interface IChannelTerm<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>sum + the term of one element.</summary>
    static abstract TVector Add<TVector>(TVector sum, TVector x, TVector dy, TVector center)
        where TVector : unmanaged, ISimd<TVector, T>;
}

/// <summary>A function of one element and of its channel's four coefficients.</summary>
internal interface IChannelMap<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The function, lane by lane.</summary>
    static abstract TVector Invoke<TVector>(TVector x, TVector dy, TVector center, TVector scale, TVector offset, TVector slope)
        where TVector : unmanaged, ISimd<TVector, T>;
}

/// <summary>Four arrays with one coefficient per channel of a group.</summary>
internal readonly unsafe struct ChannelCoefficients<T>(T* center, T* scale, T* offset, T* slope)
    where T : unmanaged
{
    public T* Center => center;

    public T* Scale => scale;

    public T* Offset => offset;

    public T* Slope => slope;
}
