// For one row of logits x with label c: m = max x, s = Σ exp(xⱼ − m), loss = log s − (x_c − m), p = exp(x − m)/s,
// and, averaged over N rows, dx = (p − onehot(c))/N.
// Layout:    rows of classes with any stride; an item is a fixed number of rows. Sums over a row in the fixed order of Reductions.
// Registers: those of VectorMath.Exp.
// Remainder: Scalar<T>, the same bits.
using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>The mean of −log softmax(logits)[label] over a batch, its gradient, and what follows from logits.</summary>
public static unsafe class SoftmaxCrossEntropy
{
    /// <summary>The mean loss, and dLogits = (softmax(logits) − onehot(labels))/batch.</summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="logits">batch × classes, not transposed.</param>
    /// <param name="labels">One class index per row.</param>
    /// <param name="rowLoss">Receives each row's loss.</param>
    /// <param name="dLogits">Receives the gradient; may be exactly the logits.</param>
    /// <returns>The mean loss; NaN where any logit is NaN or +∞.</returns>
    /// <exception cref="ArgumentException">Shapes do not agree, or a label is no class.</exception>
    public static double Forward<T>(
        ComputeContext context, ReadOnlyMatrix<T> logits, ReadOnlySpan<int> labels, Span<T> rowLoss, Matrix<T> dLogits)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CheckOutput(logits, dLogits.AsReadOnly, nameof(dLogits));
        return Run(context, logits, labels, rowLoss, dLogits);
    }

    /// <summary>The mean loss alone, to the bit what <see cref="Forward"/> gives.</summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="logits">batch × classes, not transposed.</param>
    /// <param name="labels">One class index per row.</param>
    /// <param name="rowLoss">Receives each row's loss.</param>
    /// <returns>The mean loss; NaN where any logit is NaN or +∞.</returns>
    /// <exception cref="ArgumentException">Shapes do not agree, or a label is no class.</exception>
    public static double Loss<T>(ComputeContext context, ReadOnlyMatrix<T> logits, ReadOnlySpan<int> labels, Span<T> rowLoss)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Run(context, logits, labels, rowLoss, default);

    /// <summary>How many rows have their largest logit at the label; the first maximum counts, and a row with NaN counts as wrong.</summary>
    /// <param name="logits">batch × classes, not transposed.</param>
    /// <param name="labels">One class index per row.</param>
    /// <exception cref="ArgumentException">Shapes do not agree, or a label is no class.</exception>
    public static int CountCorrect<T>(ReadOnlyMatrix<T> logits, ReadOnlySpan<int> labels)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CheckLabels(logits, labels);
        int correct = 0;
        for (int i = 0; i < logits.Rows; i++)
        {
            correct += IsFirstMaximum(logits.Data.Slice(i * logits.Stride, logits.Columns), labels[i]) ? 1 : 0;
        }

        return correct;
    }

    // ArgMax(row) == label without a branch that depends on the values; NaN compares false.
    private static bool IsFirstMaximum<T>(ReadOnlySpan<T> row, int label)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T value = row[label];
        bool isMaximum = true;
        foreach (T x in row[..label])
            isMaximum &= x < value;
        foreach (T x in row[label..])
            isMaximum &= x <= value;
        return isMaximum;
    }

    /// <summary>Index of the first maximum; −1 where an element is NaN or there is none.</summary>
    public static int ArgMax<T>(ReadOnlySpan<T> row)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int best = row.IsEmpty ? -1 : 0;
        for (int j = 0; j < row.Length; j++)
        {
            if (T.IsNaN(row[j]))
                return -1;
            if (row[j] > row[best])
                best = j;
        }

        return best;
    }

    /// <summary>probabilities[i, :] = softmax(logits[i, :]).</summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="logits">batch × classes, not transposed.</param>
    /// <param name="probabilities">The same shape; may be exactly the logits.</param>
    /// <exception cref="ArgumentException">Shapes do not agree.</exception>
    public static void Softmax<T>(ComputeContext context, ReadOnlyMatrix<T> logits, Matrix<T> probabilities)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CheckOutput(logits, probabilities.AsReadOnly, nameof(probabilities));
        if (logits.Columns == 0)
            return;
        fixed (T* px = logits.Data, py = probabilities.Data)
            Dispatch(context, logits, new RowsJob<T>(px, logits, null, null, py, probabilities.Stride));
    }

    private static double Run<T>(
        ComputeContext context, ReadOnlyMatrix<T> logits, ReadOnlySpan<int> labels, Span<T> rowLoss, Matrix<T> dLogits)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CheckLabels(logits, labels);
        Lengths.Check(rowLoss.Length, logits.Rows, nameof(rowLoss), "the number of rows of 'logits'");
        fixed (T* px = logits.Data, pl = rowLoss, pd = dLogits.Data)
        fixed (int* pc = labels)
            Dispatch(context, logits, new RowsJob<T>(px, logits, pc, pl, pd, dLogits.Stride));
        double total = 0;
        foreach (T loss in rowLoss)
            total += double.CreateTruncating(loss);
        return total / logits.Rows;
    }

    private static void Dispatch<T>(ComputeContext context, ReadOnlyMatrix<T> logits, RowsJob<T> job)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int rowsPerItem = Shapes.RowsPerItem(logits.Columns);
        int items = (logits.Rows + rowsPerItem - 1) / rowsPerItem;
        VectorJob.Run<T, RowsJob<T>>(context, items, (long)logits.Rows * logits.Columns, ref job);
    }

    private static void CheckLabels<T>(ReadOnlyMatrix<T> logits, ReadOnlySpan<int> labels)
        where T : unmanaged
    {
        Shapes.CheckNotTransposed(logits, nameof(logits));
        Lengths.Check(labels.Length, logits.Rows, nameof(labels), "the number of rows of 'logits'");
        for (int i = 0; i < labels.Length; i++)
        {
            if ((uint)labels[i] >= (uint)logits.Columns)
            {
                throw new ArgumentException(
                    $"'labels' has {labels[i]} at row {i}, but a label of {logits.Columns} classes lies in 0 … {logits.Columns - 1}.",
                    nameof(labels));
            }
        }
    }

    private static void CheckOutput<T>(ReadOnlyMatrix<T> logits, ReadOnlyMatrix<T> output, string name)
        where T : unmanaged
    {
        Shapes.CheckNotTransposed(logits, nameof(logits));
        if (output.Rows != logits.Rows || output.Columns != logits.Columns)
        {
            throw new ArgumentException(
                $"'{name}' is {output.Rows}x{output.Columns}, but 'logits' is {logits.Rows}x{logits.Columns}.", name);
        }
    }

    // No labels: no losses. No output: losses alone.
    private readonly struct RowsJob<T> : IVectorJob<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly T* _logits;
        private readonly int _rows;
        private readonly int _classes;
        private readonly int _stride;
        private readonly int* _labels;
        private readonly T* _rowLoss;
        private readonly T* _output;
        private readonly int _outputStride;

        public RowsJob(T* logits, ReadOnlyMatrix<T> shape, int* labels, T* rowLoss, T* output, int outputStride)
        {
            _logits = logits;
            _rows = shape.Rows;
            _classes = shape.Columns;
            _stride = shape.Stride;
            _labels = labels;
            _rowLoss = rowLoss;
            _output = output;
            _outputStride = outputStride;
        }

        public void Execute<TVector>(int item)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            int rowsPerItem = Shapes.RowsPerItem(_classes);
            int first = item * rowsPerItem, end = Math.Min(_rows, first + rowsPerItem);
            if (_classes <= SoftmaxFewClasses.Most)
            {
                SoftmaxFewClasses.Run<TVector, T>(
                    _logits + ((nint)first * _stride), _stride, end - first, _classes, _labels == null ? null : _labels + first, _rowLoss + first,
                    _output == null ? null : _output + ((nint)first * _outputStride), _outputStride, _labels == null ? T.One : T.CreateTruncating(_rows));
                return;
            }

            for (int i = first; i < end; i++)
                Row<TVector>(i);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        private void Row<TVector>(int i)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            T* x = _logits + ((nint)i * _stride);
            T maximum = x[0];
            for (int j = 1; j < _classes; j++)
                maximum = x[j] > maximum ? x[j] : maximum;
            T atLabel = _labels == null ? T.Zero : x[_labels[i]] - maximum;
            int size = Math.Min(Reductions.Chunk, (_classes + 15) & -16);
            T* block = stackalloc T[size];
            double total = 0;
            for (int begin = 0; begin < _classes; begin += size)
            {
                int padded = Exponentials<TVector>(x + begin, Math.Min(size, _classes - begin), maximum, block);
                total += Reductions.Range<TVector, T, Reductions.Summing<T>>(default, block, block, padded);
            }

            T sum = T.CreateTruncating(total);
            if (_labels != null)
            {
                Scalar<T> log = VectorMath.Log<Scalar<T>, T>(Scalar<T>.Broadcast(sum));
                Scalar<T>.Store(log - Scalar<T>.Broadcast(atLabel), _rowLoss + i);
            }

            if (_output == null)
                return;
            T* y = _output + ((nint)i * _outputStride);
            T scale = T.One / (_labels == null ? sum : sum * T.CreateTruncating(_rows));
            for (int begin = 0; begin < _classes; begin += size)
            {
                int length = Math.Min(size, _classes - begin);
                if (size < _classes)
                    Exponentials<TVector>(x + begin, length, maximum, block);
                for (int j = 0; j < size; j += TVector.Count)
                    TVector.Store(TVector.Load(block + j) * TVector.Broadcast(scale), block + j);
                new ReadOnlySpan<T>(block, length).CopyTo(new Span<T>(y + begin, length));
            }

            if (_labels != null)
                y[_labels[i]] -= T.One / T.CreateTruncating(_rows);
        }

        // block = exp(x − maximum), filled up with exp(−∞) = 0 to a multiple of 16, so that there is no remainder.
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        private static int Exponentials<TVector>(T* x, int length, T maximum, T* block)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            int padded = (length + 15) & -16;
            new ReadOnlySpan<T>(x, length).CopyTo(new Span<T>(block, length));
            new Span<T>(block + length, padded - length).Fill(T.NegativeInfinity);
            for (int j = 0; j < padded; j += TVector.Count)
                TVector.Store(VectorMath.Exp<TVector, T>(TVector.Load(block + j) - TVector.Broadcast(maximum)), block + j);
            return padded;
        }
    }
}
