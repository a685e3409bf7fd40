// Layout:    as many rows as a vector has lanes are turned over to class by class, so that each row has a lane of its own; then everything is
//            element by element. The sum over classes is the tree 8, 4, 2, 1 of Reductions over 16 classes, those that are not there being zeros.
// Registers: those of VectorMath.Exp; classes stay in the first-level cache.
// Remainder: lanes without a row hold zeros and are not copied back. No bit depends on which rows share a vector.
using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>Softmax of rows that are too short to fill a vector each, several rows at a time; the bits of <see cref="SoftmaxCrossEntropy"/>'s one row at a time.</summary>
internal static unsafe class SoftmaxFewClasses
{
    /// <summary>The most classes of a row.</summary>
    public const int Most = 16;

    private const int MostLanes = 16;

    /// <summary>Losses and outputs of some rows.</summary>
    /// <param name="x">Logits of the first row.</param>
    /// <param name="stride">Step between rows of logits.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="classes">Classes of a row, 1 to <see cref="Most"/>.</param>
    /// <param name="labels">One class index per row; null for no losses.</param>
    /// <param name="rowLoss">Receives log Σ exp(x − max) − (x_label − max), where there are labels.</param>
    /// <param name="y">Receives exp(x − max)/(Σ · divisor); null for none. May be the logits.</param>
    /// <param name="outputStride">Step between rows of y.</param>
    /// <param name="divisor">What outputs are divided by; 1/divisor is taken from each at its label.</param>
    public static void Run<TVector, T>(
        T* x, nint stride, int rows, int classes, int* labels, T* rowLoss, T* y, nint outputStride, T divisor)
        where TVector : unmanaged, ISimd<TVector, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int first = 0; first < rows; first += TVector.Count)
        {
            int count = Math.Min(TVector.Count, rows - first);
            T* to = y == null ? null : y + (first * outputStride);
            Group<TVector, T>(x + (first * stride), stride, count, classes, labels == null ? null : labels + first, rowLoss + first, to, outputStride, divisor);
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Group<TVector, T>(
        T* x, nint stride, int count, int classes, int* labels, T* rowLoss, T* y, nint outputStride, T divisor)
        where TVector : unmanaged, ISimd<TVector, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int lanes = TVector.Count;
        T* e = stackalloc T[Most * MostLanes];
        T* tree = stackalloc T[Most / 2 * MostLanes];
        T* loss = stackalloc T[MostLanes];
        if (count < lanes)
            new Span<T>(e, classes * lanes).Clear();
        for (int r = 0; r < count; r++)
        {
            for (int j = 0; j < classes; j++)
                e[(j * lanes) + r] = x[(r * stride) + j];
        }

        TVector maximum = TVector.Load(e);
        for (int j = 1; j < classes; j++)
        {
            TVector logits = TVector.Load(e + (j * lanes));
            maximum = TVector.Select(TVector.LessThan(maximum, logits), logits, maximum);
        }

        if (labels != null)
        {
            for (int r = 0; r < count; r++)
                loss[r] = e[(labels[r] * lanes) + r];
        }

        for (int j = 0; j < classes; j++)
            TVector.Store(VectorMath.Exp<TVector, T>(TVector.Load(e + (j * lanes)) - maximum), e + (j * lanes));
        TVector sum = Sum<TVector, T>(e, tree, classes);

        if (labels != null)
        {
            TVector.Store(VectorMath.Log<TVector, T>(sum) - (TVector.Load(loss) - maximum), loss);
            for (int r = 0; r < count; r++)
                rowLoss[r] = loss[r];
        }

        if (y == null)
            return;
        TVector scale = TVector.Broadcast(T.One) / (sum * TVector.Broadcast(divisor));
        for (int j = 0; j < classes; j++)
            TVector.Store(TVector.Load(e + (j * lanes)) * scale, e + (j * lanes));
        for (int r = 0; r < count; r++)
        {
            for (int j = 0; j < classes; j++)
                y[(r * outputStride) + j] = e[(j * lanes) + r];
            if (labels != null)
                y[(r * outputStride) + labels[r]] -= T.One / divisor;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Sum<TVector, T>(T* e, T* tree, int classes)
        where TVector : unmanaged, ISimd<TVector, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int lanes = TVector.Count;
        for (int j = 0; j < Most / 2; j++)
        {
            TVector left = j < classes ? TVector.Load(e + (j * lanes)) : TVector.Zero;
            TVector right = j + (Most / 2) < classes ? TVector.Load(e + ((j + (Most / 2)) * lanes)) : TVector.Zero;
            TVector.Store(left + right, tree + (j * lanes));
        }

        for (int half = Most / 4; half > 0; half /= 2)
        {
            for (int j = 0; j < half; j++)
                TVector.Store(TVector.Load(tree + (j * lanes)) + TVector.Load(tree + ((j + half) * lanes)), tree + (j * lanes));
        }

        return TVector.Load(tree);
    }
}
