// Layout:    flat spans of equal length; one pass reads and writes each array once.
// Registers: θ, v, the moments and four broadcast coefficients.
// Remainder: Scalar<T>, the same bits.
// Source:    torch.optim.SGD, Adam and AdamW (single tensor, not capturable), written with FMA.
using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>The numbers of Adam and AdamW.</summary>
/// <param name="LearningRate">Step length lr.</param>
/// <param name="Beta1">Decay of the first moment.</param>
/// <param name="Beta2">Decay of the second moment.</param>
/// <param name="Epsilon">Added to √v̂.</param>
/// <param name="WeightDecay">λ, 0 for none.</param>
/// <param name="DecoupledWeightDecay">True for AdamW: θ ← θ − lr·λ·θ beside the step; false for Adam: λ·θ is added to the direction.</param>
public readonly record struct AdamParameters(
    double LearningRate,
    double Beta1 = 0.9,
    double Beta2 = 0.999,
    double Epsilon = 1e-8,
    double WeightDecay = 0,
    bool DecoupledWeightDecay = false);

/// <summary>Optimizer updates of parameters θ along a direction v (the gradient, or what a proximal step makes of it).</summary>
/// <remarks>
/// With weight decay λ the direction is v + λθ throughout, but for AdamW. What a step keeps for the next (b, m, s) is 0 where it would be below the smallest
/// normal number in magnitude: with no gradient it would decay to numbers of which arithmetic is very slow, and stay there.
/// </remarks>
public static unsafe class OptimizerUpdates
{
    /// <summary>θ ← θ − lr·v.</summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="theta">Parameters.</param>
    /// <param name="direction">v, as long as θ.</param>
    /// <param name="learningRate">lr.</param>
    /// <param name="weightDecay">λ.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Sgd<T>(
        ComputeContext context, Span<T> theta, ReadOnlySpan<T> direction, double learningRate, double weightDecay = 0)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Lengths.Check(direction.Length, theta.Length, nameof(direction), nameof(theta));
        fixed (T* pt = theta, pv = direction)
            VectorLoop.RunStreams<T, SgdBody<T>>(context, theta.Length, new(pt, pv, T.CreateTruncating(learningRate), T.CreateTruncating(weightDecay)));
    }

    /// <summary>b ← μb + v, θ ← θ − lr·b. With b = 0 before the first step this is PyTorch's form, whose first buffer is v.</summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="theta">Parameters.</param>
    /// <param name="direction">v, as long as θ.</param>
    /// <param name="buffer">b, as long as θ; zeros before the first step.</param>
    /// <param name="learningRate">lr.</param>
    /// <param name="momentum">μ.</param>
    /// <param name="weightDecay">λ.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Momentum<T>(
        ComputeContext context,
        Span<T> theta,
        ReadOnlySpan<T> direction,
        Span<T> buffer,
        double learningRate,
        double momentum,
        double weightDecay = 0)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        RunMomentum<T, PlainMomentum>(context, theta, direction, buffer, learningRate, momentum, weightDecay);

    /// <summary>b ← μb + v, θ ← θ − lr·(v + μb). With b = 0 before the first step this is PyTorch's form, whose first buffer is v.</summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="theta">Parameters.</param>
    /// <param name="direction">v, as long as θ.</param>
    /// <param name="buffer">b, as long as θ; zeros before the first step.</param>
    /// <param name="learningRate">lr.</param>
    /// <param name="momentum">μ.</param>
    /// <param name="weightDecay">λ.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Nesterov<T>(
        ComputeContext context,
        Span<T> theta,
        ReadOnlySpan<T> direction,
        Span<T> buffer,
        double learningRate,
        double momentum,
        double weightDecay = 0)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        RunMomentum<T, NesterovMomentum>(context, theta, direction, buffer, learningRate, momentum, weightDecay);

    /// <summary>
    /// m ← β₁m + (1 − β₁)v, s ← β₂s + (1 − β₂)v², θ ← θ − lr·m̂/(√ŝ + ε) with m̂ = m/(1 − β₁ᵗ), ŝ = s/(1 − β₂ᵗ).
    /// </summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="theta">Parameters.</param>
    /// <param name="direction">v, as long as θ.</param>
    /// <param name="firstMoment">m, as long as θ; zeros before the first step.</param>
    /// <param name="secondMoment">s, as long as θ; zeros before the first step.</param>
    /// <param name="step">t, 1 for the first step.</param>
    /// <param name="parameters">lr, β₁, β₂, ε and the weight decay.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="step"/> is below 1.</exception>
    public static void Adam<T>(
        ComputeContext context,
        Span<T> theta,
        ReadOnlySpan<T> direction,
        Span<T> firstMoment,
        Span<T> secondMoment,
        long step,
        in AdamParameters parameters)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(step, 1);
        Lengths.Check(direction.Length, theta.Length, nameof(direction), nameof(theta));
        Lengths.Check(firstMoment.Length, theta.Length, nameof(firstMoment), nameof(theta));
        Lengths.Check(secondMoment.Length, theta.Length, nameof(secondMoment), nameof(theta));
        fixed (T* pt = theta, pv = direction, pm = firstMoment, ps = secondMoment)
            VectorLoop.RunStreams<T, AdamBody<T>>(context, theta.Length, new(pt, pv, pm, ps, step, parameters));
    }

    private static void RunMomentum<T, TForm>(
        ComputeContext context,
        Span<T> theta,
        ReadOnlySpan<T> direction,
        Span<T> buffer,
        double learningRate,
        double momentum,
        double weightDecay)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TForm : struct, IMomentumForm
    {
        Lengths.Check(direction.Length, theta.Length, nameof(direction), nameof(theta));
        Lengths.Check(buffer.Length, theta.Length, nameof(buffer), nameof(theta));
        fixed (T* pt = theta, pv = direction, pb = buffer)
        {
            VectorLoop.RunStreams<T, MomentumBody<T, TForm>>(
                context,
                theta.Length,
                new(pt, pv, pb, T.CreateTruncating(learningRate), T.CreateTruncating(momentum), T.CreateTruncating(weightDecay)));
        }
    }

    private interface IMomentumForm
    {
        static abstract bool LooksAhead { get; }
    }

    private readonly struct PlainMomentum : IMomentumForm
    {
        public static bool LooksAhead => false;
    }

    private readonly struct NesterovMomentum : IMomentumForm
    {
        public static bool LooksAhead => true;
    }

    private readonly struct SgdBody<T>(T* theta, T* direction, T learningRate, T weightDecay) : IStreamBody<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Fetch(nint i)
        {
            Prefetch.Ahead(theta + i);
            Prefetch.Ahead(direction + i);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Step<TVector>(nint i)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            TVector t = TVector.Load(theta + i);
            TVector v = TVector.MultiplyAdd(TVector.Broadcast(weightDecay), t, TVector.Load(direction + i));
            TVector.Store(TVector.MultiplyAdd(TVector.Broadcast(-learningRate), v, t), theta + i);
        }
    }

    private readonly struct MomentumBody<T, TForm>(T* theta, T* direction, T* buffer, T learningRate, T momentum, T weightDecay)
        : IStreamBody<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TForm : struct, IMomentumForm
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Fetch(nint i)
        {
            Prefetch.Ahead(theta + i);
            Prefetch.Ahead(direction + i);
            Prefetch.Ahead(buffer + i);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Step<TVector>(nint i)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            TVector mu = TVector.Broadcast(momentum);
            TVector t = TVector.Load(theta + i);
            TVector v = TVector.MultiplyAdd(TVector.Broadcast(weightDecay), t, TVector.Load(direction + i));
            TVector b = TVector.MultiplyAdd(mu, TVector.Load(buffer + i), v);
            b = Subnormals.ToZero<TVector, T>(b);
            TVector.Store(b, buffer + i);
            TVector update = TForm.LooksAhead ? TVector.MultiplyAdd(mu, b, v) : b;
            TVector.Store(TVector.MultiplyAdd(TVector.Broadcast(-learningRate), update, t), theta + i);
        }
    }

    private readonly struct AdamBody<T>(T* theta, T* direction, T* first, T* second, long step, AdamParameters p) : IStreamBody<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly T _beta1 = T.CreateTruncating(p.Beta1);
        private readonly T _beta2 = T.CreateTruncating(p.Beta2);
        private readonly T _complement1 = T.CreateTruncating(1 - p.Beta1);
        private readonly T _complement2 = T.CreateTruncating(1 - p.Beta2);
        // √ŝ + ε = (√s + ε·c)/c with c = √(1 − β₂ᵗ): the corrections go into two constants, and one division is left.
        private readonly T _negativeStep = T.CreateTruncating(
            -p.LearningRate * Math.Sqrt(1 - Math.Pow(p.Beta2, step)) / (1 - Math.Pow(p.Beta1, step)));
        private readonly T _epsilon = T.CreateTruncating(p.Epsilon * Math.Sqrt(1 - Math.Pow(p.Beta2, step)));
        private readonly T _decay = T.CreateTruncating(p.DecoupledWeightDecay ? 0 : p.WeightDecay);
        private readonly T _shrink = T.CreateTruncating(p.DecoupledWeightDecay ? 1 - (p.LearningRate * p.WeightDecay) : 1);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Fetch(nint i)
        {
            Prefetch.Ahead(theta + i);
            Prefetch.Ahead(direction + i);
            Prefetch.Ahead(first + i);
            Prefetch.Ahead(second + i);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Step<TVector>(nint i)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            TVector t = TVector.Load(theta + i);
            TVector v = TVector.MultiplyAdd(TVector.Broadcast(_decay), t, TVector.Load(direction + i));
            TVector m = TVector.MultiplyAdd(
                TVector.Broadcast(_beta1), TVector.Load(first + i), TVector.Broadcast(_complement1) * v);
            TVector s = TVector.MultiplyAdd(
                TVector.Broadcast(_beta2), TVector.Load(second + i), TVector.Broadcast(_complement2) * v * v);
            m = Subnormals.ToZero<TVector, T>(m);
            s = Subnormals.ToZero<TVector, T>(s);
            TVector.Store(m, first + i);
            TVector.Store(s, second + i);
            TVector denominator = TVector.Sqrt(s) + TVector.Broadcast(_epsilon);
            TVector shrunk = TVector.Broadcast(_shrink) * t;
            TVector.Store(TVector.MultiplyAdd(TVector.Broadcast(_negativeStep), m / denominator, shrunk), theta + i);
        }
    }
}
