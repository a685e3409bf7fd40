// Forward:  m = N·P elements of a channel, μ = Σx/m, σ² = Σ(x − μ)²/m, s = 1/√(σ² + ε), x̂ = (x − μ)s, y = γx̂ + β.
// Backward: dβ = Σdy and dγ = Σdy·x̂ = s·Σdy(x − μ). μ and σ² depend on every x, which takes two means off:
//           dx = γs·(dy − (Σdy)/m − x̂·(Σdy·x̂)/m) = γs·(dy − dβ/m − (x − μ)·s·dγ/m).
// Running:  μ_r ← (1 − ρ)μ_r + ρμ, σ²_r ← (1 − ρ)σ²_r + ρσ²·m/(m − 1); evaluation takes μ_r and σ²_r for μ and σ².
// Layout, registers, remainder: ChannelShape. Source: Ioffe and Szegedy 2015; conventions of torch.nn.BatchNorm1d and 2d.
using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>Normalisation of each channel over the batch and its positions.</summary>
public static unsafe class BatchNormalization
{
    /// <summary>y = γ(x − μ)/√(σ² + ε) + β with the batch's own μ and σ², and the running statistics' next value.</summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="shape">Batch, channels and positions.</param>
    /// <param name="x">Input of that shape.</param>
    /// <param name="gamma">γ, one per channel.</param>
    /// <param name="beta">β, one per channel.</param>
    /// <param name="runningMean">μ_r, updated in place.</param>
    /// <param name="runningVariance">σ²_r, updated in place with the unbiased variance.</param>
    /// <param name="y">Output; may be exactly x (but backward asks for x).</param>
    /// <param name="mean">Receives μ, for backward.</param>
    /// <param name="inverseDeviation">Receives 1/√(σ² + ε), for backward.</param>
    /// <param name="momentum">ρ; with 0 the running statistics are not touched.</param>
    /// <param name="epsilon">ε.</param>
    /// <exception cref="ArgumentException">A length is wrong, or a channel has fewer than two elements.</exception>
    public static void ForwardTraining<T>(
        ComputeContext context,
        ChannelShape shape,
        ReadOnlySpan<T> x,
        ReadOnlySpan<T> gamma,
        ReadOnlySpan<T> beta,
        Span<T> runningMean,
        Span<T> runningVariance,
        Span<T> y,
        Span<T> mean,
        Span<T> inverseDeviation,
        double momentum = 0.1,
        double epsilon = 1e-5)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CheckData(shape, x.Length, nameof(x), y.Length, nameof(y));
        CheckChannels(shape, gamma.Length, nameof(gamma), beta.Length, nameof(beta));
        CheckChannels(shape, runningMean.Length, nameof(runningMean), runningVariance.Length, nameof(runningVariance));
        CheckChannels(shape, mean.Length, nameof(mean), inverseDeviation.Length, nameof(inverseDeviation));
        if ((long)shape.Batch * shape.Positions < 2)
            throw new ArgumentException($"Batch statistics need at least two elements per channel, but the shape is {shape}.", nameof(shape));
        fixed (T* px = x, pg = gamma, pb = beta, prm = runningMean, prv = runningVariance, py = y, pm = mean, pd = inverseDeviation)
        {
            var job = new TrainingJob<T>(shape, px, pg, pb, prm, prv, py, pm, pd, momentum, epsilon);
            VectorJob.Run<T, TrainingJob<T>>(context, shape.Groups, shape.Length, ref job);
        }
    }

    /// <summary>y = γ(x − μ_r)/√(σ²_r + ε) + β with the running statistics.</summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="shape">Batch, channels and positions.</param>
    /// <param name="x">Input of that shape.</param>
    /// <param name="gamma">γ, one per channel.</param>
    /// <param name="beta">β, one per channel.</param>
    /// <param name="runningMean">μ_r.</param>
    /// <param name="runningVariance">σ²_r.</param>
    /// <param name="y">Output; may be exactly x.</param>
    /// <param name="epsilon">ε.</param>
    /// <exception cref="ArgumentException">A length is wrong.</exception>
    public static void ForwardEvaluation<T>(
        ComputeContext context,
        ChannelShape shape,
        ReadOnlySpan<T> x,
        ReadOnlySpan<T> gamma,
        ReadOnlySpan<T> beta,
        ReadOnlySpan<T> runningMean,
        ReadOnlySpan<T> runningVariance,
        Span<T> y,
        double epsilon = 1e-5)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CheckData(shape, x.Length, nameof(x), y.Length, nameof(y));
        CheckChannels(shape, gamma.Length, nameof(gamma), beta.Length, nameof(beta));
        CheckChannels(shape, runningMean.Length, nameof(runningMean), runningVariance.Length, nameof(runningVariance));
        fixed (T* px = x, pg = gamma, pb = beta, prm = runningMean, prv = runningVariance, py = y)
        {
            var job = new EvaluationJob<T>(shape, px, pg, pb, prm, prv, py, epsilon);
            VectorJob.Run<T, EvaluationJob<T>>(context, shape.Groups, shape.Length, ref job);
        }
    }

    /// <summary>The gradients of <see cref="ForwardTraining"/> by x, γ and β.</summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="shape">Batch, channels and positions.</param>
    /// <param name="x">The forward pass's input.</param>
    /// <param name="dy">Gradient by its output.</param>
    /// <param name="gamma">γ, one per channel.</param>
    /// <param name="mean">μ of the forward pass.</param>
    /// <param name="inverseDeviation">1/√(σ² + ε) of the forward pass.</param>
    /// <param name="dx">Receives the gradient by x; may be exactly x or dy, or empty where it is not wanted.</param>
    /// <param name="dGamma">Receives the gradient by γ.</param>
    /// <param name="dBeta">Receives the gradient by β.</param>
    /// <exception cref="ArgumentException">A length is wrong.</exception>
    public static void Backward<T>(
        ComputeContext context,
        ChannelShape shape,
        ReadOnlySpan<T> x,
        ReadOnlySpan<T> dy,
        ReadOnlySpan<T> gamma,
        ReadOnlySpan<T> mean,
        ReadOnlySpan<T> inverseDeviation,
        Span<T> dx,
        Span<T> dGamma,
        Span<T> dBeta)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CheckData(shape, x.Length, nameof(x), dy.Length, nameof(dy));
        if (!dx.IsEmpty)
            CheckData(shape, x.Length, nameof(x), dx.Length, nameof(dx));
        CheckChannels(shape, gamma.Length, nameof(gamma), mean.Length, nameof(mean));
        CheckChannels(shape, inverseDeviation.Length, nameof(inverseDeviation), dGamma.Length, nameof(dGamma));
        CheckChannels(shape, dBeta.Length, nameof(dBeta), dBeta.Length, nameof(dBeta));
        fixed (T* px = x, pdy = dy, pg = gamma, pm = mean, pd = inverseDeviation, pdx = dx, pdg = dGamma, pdb = dBeta)
        {
            var job = new BackwardJob<T>(shape, px, pdy, pg, pm, pd, pdx, pdg, pdb);
            VectorJob.Run<T, BackwardJob<T>>(context, shape.Groups, shape.Length, ref job);
        }
    }

    private static void CheckData(ChannelShape shape, int first, string firstName, int second, string secondName)
    {
        if (shape.Batch < 0 || shape.Channels < 1 || shape.Positions < 1)
            throw new ArgumentException($"A shape needs at least one channel and one position, but got {shape}.", nameof(shape));
        Lengths.Check(first, shape.Length, firstName, shape);
        Lengths.Check(second, shape.Length, secondName, shape);
    }

    private static void CheckChannels(ChannelShape shape, int first, string firstName, int second, string secondName)
    {
        Lengths.Check(first, shape.Channels, firstName, "the number of channels");
        Lengths.Check(second, shape.Channels, secondName, "the number of channels");
    }

    private readonly struct TrainingJob<T>(
        ChannelShape shape, T* x, T* gamma, T* beta, T* runningMean, T* runningVariance, T* y, T* mean, T* inverseDeviation, double momentum,
        double epsilon) : IVectorJob<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public void Execute<TVector>(int item)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            int first = item * shape.ChannelsPerGroup;
            int count = Math.Min(shape.ChannelsPerGroup, shape.Channels - first);
            double elements = (double)shape.Batch * shape.Positions;
            double* sums = stackalloc double[ChannelShape.Tile];
            T* scale = stackalloc T[ChannelShape.Tile];
            shape.Reduce<TVector, T, ElementTerm<T>>(first, count, x, x, mean + first, sums);
            for (int k = 0; k < count; k++)
                mean[first + k] = T.CreateTruncating(sums[k] / elements);
            shape.Reduce<TVector, T, SquareTerm<T>>(first, count, x, x, mean + first, sums);
            for (int k = 0; k < count; k++)
            {
                int c = first + k;
                double inverse = 1 / Math.Sqrt((sums[k] / elements) + epsilon);
                inverseDeviation[c] = T.CreateTruncating(inverse);
                scale[k] = T.CreateTruncating(inverse * double.CreateTruncating(gamma[c]));
                if (momentum == 0)
                    continue; // 0 times a mean that is not finite would not be 0
                runningMean[c] = Blend(runningMean[c], double.CreateTruncating(mean[c]));
                runningVariance[c] = Blend(runningVariance[c], sums[k] / (elements - 1));
            }

            shape.Apply<TVector, T, Normalise<T>>(first, count, x, x, y, new(mean + first, scale, beta + first, scale));
        }

        private T Blend(T running, double current) =>
            T.CreateTruncating(((1 - momentum) * double.CreateTruncating(running)) + (momentum * current));
    }

    private readonly struct EvaluationJob<T>(
        ChannelShape shape, T* x, T* gamma, T* beta, T* runningMean, T* runningVariance, T* y, double epsilon) : IVectorJob<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public void Execute<TVector>(int item)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            int first = item * shape.ChannelsPerGroup;
            int count = Math.Min(shape.ChannelsPerGroup, shape.Channels - first);
            T* scale = stackalloc T[ChannelShape.Tile];
            for (int k = 0; k < count; k++)
            {
                double variance = double.CreateTruncating(runningVariance[first + k]);
                scale[k] = T.CreateTruncating(double.CreateTruncating(gamma[first + k]) / Math.Sqrt(variance + epsilon));
            }

            shape.Apply<TVector, T, Normalise<T>>(first, count, x, x, y, new(runningMean + first, scale, beta + first, scale));
        }
    }

    private readonly struct BackwardJob<T>(
        ChannelShape shape, T* x, T* dy, T* gamma, T* mean, T* inverseDeviation, T* dx, T* dGamma, T* dBeta) : IVectorJob<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public void Execute<TVector>(int item)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            int first = item * shape.ChannelsPerGroup;
            int count = Math.Min(shape.ChannelsPerGroup, shape.Channels - first);
            double elements = (double)shape.Batch * shape.Positions;
            double* sums = stackalloc double[ChannelShape.Tile];
            T* scale = stackalloc T[ChannelShape.Tile];
            T* offset = stackalloc T[ChannelShape.Tile];
            T* slope = stackalloc T[ChannelShape.Tile];
            shape.Reduce<TVector, T, GradientTerm<T>>(first, count, x, dy, mean + first, sums);
            for (int k = 0; k < count; k++)
            {
                dBeta[first + k] = T.CreateTruncating(sums[k]);
                offset[k] = T.CreateTruncating(sums[k] / elements);
            }

            shape.Reduce<TVector, T, CovarianceTerm<T>>(first, count, x, dy, mean + first, sums);
            for (int k = 0; k < count; k++)
            {
                double inverse = double.CreateTruncating(inverseDeviation[first + k]);
                dGamma[first + k] = T.CreateTruncating(inverse * sums[k]);
                scale[k] = T.CreateTruncating(inverse * double.CreateTruncating(gamma[first + k]));
                slope[k] = T.CreateTruncating(inverse * inverse * sums[k] / elements);
            }

            if (dx is not null)
                shape.Apply<TVector, T, InputGradient<T>>(first, count, x, dy, dx, new(mean + first, scale, offset, slope));
        }
    }

    private readonly struct ElementTerm<T> : IChannelTerm<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Add<TVector>(TVector sum, TVector x, TVector dy, TVector center)
            where TVector : unmanaged, ISimd<TVector, T> => sum + x;
    }

    private readonly struct SquareTerm<T> : IChannelTerm<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Add<TVector>(TVector sum, TVector x, TVector dy, TVector center)
            where TVector : unmanaged, ISimd<TVector, T> => TVector.MultiplyAdd(x - center, x - center, sum);
    }

    private readonly struct GradientTerm<T> : IChannelTerm<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Add<TVector>(TVector sum, TVector x, TVector dy, TVector center)
            where TVector : unmanaged, ISimd<TVector, T> => sum + dy;
    }

    private readonly struct CovarianceTerm<T> : IChannelTerm<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Add<TVector>(TVector sum, TVector x, TVector dy, TVector center)
            where TVector : unmanaged, ISimd<TVector, T> => TVector.MultiplyAdd(dy, x - center, sum);
    }

    private readonly struct Normalise<T> : IChannelMap<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Invoke<TVector>(TVector x, TVector dy, TVector center, TVector scale, TVector offset, TVector slope)
            where TVector : unmanaged, ISimd<TVector, T> => TVector.MultiplyAdd(x - center, scale, offset);
    }

    private readonly struct InputGradient<T> : IChannelMap<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Invoke<TVector>(TVector x, TVector dy, TVector center, TVector scale, TVector offset, TVector slope)
            where TVector : unmanaged, ISimd<TVector, T> => scale * TVector.MultiplyAdd(center - x, slope, dy - offset);
    }
}
