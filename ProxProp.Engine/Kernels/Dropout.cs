// Layout:    flat spans in fixed chunks. Element i is kept where Hash(seed, step, i) < keep·2³²; nothing is stored, backward asks again.
//            Hash: two rounds of the 32-bit finaliser h ^= h>>16, h *= 0x7FEB352D, h ^= h>>15, h *= 0x846CA68B, h ^= h>>16 on
//            i ^ k₀ and then on h + k₁, where k₀ and k₁ are the halves of the first word of Generator(seed, step).
// Registers: eight 32-bit lanes of the hash whatever the context's width (integers are exact), one vector of x.
// Remainder: the same integers, one lane at a time; x·scale through Scalar<T>.
// Source:    the finaliser is Chris Wellons' lowbias32 (public domain); counter-based generation as in Salmon et al., SC 2011.
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ProxProp.Engine.Randomness;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>Which elements one application of dropout keeps: a pure function of seed, step and element index.</summary>
public readonly struct DropoutPattern
{
    private readonly uint _key0;
    private readonly uint _key1;
    private readonly ulong _threshold;
    private readonly uint _first;

    /// <summary>Fixes a pattern.</summary>
    /// <param name="keepProbability">Probability that an element is kept, above 0 and at most 1.</param>
    /// <param name="seed">Seed of the layer.</param>
    /// <param name="step">Number of the training step: another pattern for each.</param>
    /// <param name="first">Index of the first element of a span among all; they wrap around at 2³².</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="keepProbability"/> is not in (0, 1].</exception>
    public DropoutPattern(double keepProbability, ulong seed, ulong step, long first = 0)
    {
        _first = unchecked((uint)first);
        if (!(keepProbability > 0 && keepProbability <= 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(keepProbability), keepProbability, $"'{nameof(keepProbability)}' must be above 0 and at most 1.");
        }

        KeepProbability = keepProbability;
        _threshold = (ulong)(keepProbability * 4294967296.0);
        ulong key = Mix(Mix(seed) + step);
        _key0 = (uint)key;
        _key1 = (uint)(key >> 32);
    }

    /// <summary>Probability that an element is kept.</summary>
    public double KeepProbability { get; }

    /// <summary>Whether element <paramref name="index"/> is kept.</summary>
    public bool Keeps(int index) => Hash(unchecked((uint)index + _first)) < _threshold;

    /// <summary>All ones in the lanes of the elements index … index + 7 that are kept.</summary>
    internal Vector256<uint> KeepsEight(uint index)
    {
        if (_threshold > uint.MaxValue)
            return Vector256<uint>.AllBitsSet;
        Vector256<uint> h = Vector256.Create(unchecked(index + _first)) + Vector256.Create(0u, 1, 2, 3, 4, 5, 6, 7);
        h = Finalise(Finalise(h ^ Vector256.Create(_key0)) + Vector256.Create(_key1));
        return Vector256.LessThan(h, Vector256.Create((uint)_threshold));
    }

    private static Vector256<uint> Finalise(Vector256<uint> h)
    {
        h = (h ^ (h >>> 16)) * Vector256.Create(0x7FEB352Du);
        h = (h ^ (h >>> 15)) * Vector256.Create(0x846CA68Bu);
        return h ^ (h >>> 16);
    }

    private static uint Finalise(uint h)
    {
        h = (h ^ (h >> 16)) * 0x7FEB352Du;
        h = (h ^ (h >> 15)) * 0x846CA68Bu;
        return h ^ (h >> 16);
    }

    private static ulong Mix(ulong z)
    {
        z += 0x9E3779B97F4A7C15UL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }

    private uint Hash(uint index) => Finalise(Finalise(index ^ _key0) + _key1);
}

/// <summary>Inverted dropout: kept elements are divided by the keep probability, the others become 0.</summary>
public static unsafe class Dropout
{
    /// <summary>y[i] = kept(i) ? x[i]/keep : 0·x[i].</summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="pattern">Which elements are kept.</param>
    /// <param name="x">Input.</param>
    /// <param name="y">Output, as long as x; may be exactly x.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Forward<T>(ComputeContext context, in DropoutPattern pattern, ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Lengths.Check(y.Length, x.Length, nameof(y), nameof(x));
        fixed (T* px = x, py = y)
        {
            var job = new ChunkJob<T>(pattern, px, py, x.Length);
            VectorJob.Run<T, ChunkJob<T>>(context, (x.Length + VectorLoop.Chunk - 1) / VectorLoop.Chunk, x.Length, ref job);
        }
    }

    /// <summary>dx[i] = kept(i) ? dy[i]/keep : 0·dy[i]: the map is linear and diagonal, so backward is forward.</summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="pattern">The pattern of the forward pass.</param>
    /// <param name="dy">Gradient by the output.</param>
    /// <param name="dx">Gradient by the input, as long as dy; may be exactly dy.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Backward<T>(ComputeContext context, in DropoutPattern pattern, ReadOnlySpan<T> dy, Span<T> dx)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Lengths.Check(dx.Length, dy.Length, nameof(dx), nameof(dy));
        Forward(context, pattern, dy, dx);
    }

    private readonly struct ChunkJob<T>(DropoutPattern pattern, T* x, T* y, int length) : IVectorJob<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private const int Block = 256;

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public void Execute<TVector>(int item)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            T* scale = stackalloc T[Block];
            nint begin = (nint)item * VectorLoop.Chunk;
            nint end = Math.Min(begin + VectorLoop.Chunk, length);
            for (; begin < end; begin += Block)
            {
                int count = (int)Math.Min(Block, end - begin);
                FillScale(scale, (uint)begin);
                VectorLoop.Range<TVector, T, MultiplyBody>(0, count, new(x + begin, scale, y + begin));
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        private void FillScale(T* scale, uint first)
        {
            T kept = T.CreateTruncating(1 / pattern.KeepProbability);
            for (uint i = 0; i < Block; i += 8)
            {
                Vector256<uint> mask = pattern.KeepsEight(first + i);
                if (typeof(T) == typeof(float))
                {
                    (mask & Vector256.Create(kept).AsUInt32()).Store((uint*)(scale + i));
                }
                else
                {
                    (Vector256<long> low, Vector256<long> high) = Vector256.Widen(mask.AsInt32());
                    (low & Vector256.Create(kept).AsInt64()).Store((long*)(scale + i));
                    (high & Vector256.Create(kept).AsInt64()).Store((long*)(scale + i + 4));
                }
            }
        }

        private readonly struct MultiplyBody(T* x, T* scale, T* y) : ILoopBody<T>
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            public void Step<TVector>(nint i)
                where TVector : unmanaged, ISimd<TVector, T> => TVector.Store(TVector.Load(x + i) * TVector.Load(scale + i), y + i);
        }
    }
}
