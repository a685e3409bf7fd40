using System.Numerics;
using ProxProp.Engine.Randomness;

namespace ProxProp.Engine.Data;

/// <summary>
/// Labelled samples for classification: <see cref="Count"/> rows of <see cref="Features"/> numbers, in the order channel, row, column, and a
/// class index per row. Immutable; slices and splits are views that copy no samples. Safe to read from many threads.
/// </summary>
/// <typeparam name="T">Number type that batches are delivered in.</typeparam>
public sealed class Dataset<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly SampleStore<T> _store;
    private readonly int[] _labels;
    private readonly int[]? _order;
    private readonly int _start;

    /// <summary>Wraps numbers that are already normalised. The arrays are not copied and must not change any more.</summary>
    /// <param name="name">What to call it.</param>
    /// <param name="channels">Channels; 1 for vectors.</param>
    /// <param name="height">Height; 1 for vectors.</param>
    /// <param name="width">Width; the number of features for vectors.</param>
    /// <param name="classNames">A name for each class.</param>
    /// <param name="samples">Row after row, <c>labels.Length · channels · height · width</c> finite numbers.</param>
    /// <param name="labels">One class index per row, or −1 for a row without a label.</param>
    /// <exception cref="ArgumentException">A length does not fit, a sample is not finite, or a label is no class.</exception>
    public Dataset(string name, int channels, int height, int width, IReadOnlyList<string> classNames, T[] samples, int[] labels)
        : this(name, channels, height, width, classNames, new NumberStore<T>(samples, channels * height * width), labels, null)
    {
        ArgumentNullException.ThrowIfNull(samples);
        CheckLength(samples.Length, nameof(samples));
        for (int i = 0; i < samples.Length; i++)
        {
            if (!T.IsFinite(samples[i]))
            {
                string message = $"Feature {i % Features} of row {i / Features} is {samples[i]}; expected a finite number.";
                throw new ArgumentException(message, nameof(samples));
            }
        }
    }

    /// <summary>
    /// Wraps pixels. The arrays are not copied and must not change any more; a feature is byte / <paramref name="maximum"/>.
    /// </summary>
    /// <param name="name">What to call it.</param>
    /// <param name="channels">Channels.</param>
    /// <param name="height">Height.</param>
    /// <param name="width">Width.</param>
    /// <param name="classNames">A name for each class.</param>
    /// <param name="pixels">Row after row, <c>labels.Length · channels · height · width</c> bytes.</param>
    /// <param name="maximum">The byte that becomes 1, such as 255.</param>
    /// <param name="labels">One class index per row, or −1 for a row without a label.</param>
    /// <exception cref="ArgumentException">A length does not fit, or a label is no class.</exception>
    public Dataset(
        string name, int channels, int height, int width, IReadOnlyList<string> classNames, byte[] pixels, int maximum, int[] labels)
        : this(name, channels, height, width, classNames, new ByteStore<T>(pixels, channels * height * width, maximum), labels, null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maximum);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maximum, 255);
        ArgumentNullException.ThrowIfNull(pixels);
        CheckLength(pixels.Length, nameof(pixels));
    }

    internal Dataset(
        string name,
        int channels,
        int height,
        int width,
        IReadOnlyList<string> classNames,
        SampleStore<T> store,
        int[] labels,
        FeatureScaling? scaling)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(classNames);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(channels);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        (Name, Channels, Height, Width, ClassNames, Scaling) = (name, channels, height, width, classNames, scaling);
        Features = checked(channels * height * width);
        Count = labels.Length;
        (_store, _labels) = (store, labels);
        for (int i = 0; i < labels.Length; i++)
        {
            if (labels[i] < -1 || labels[i] >= classNames.Count)
                throw new ArgumentException($"The label of row {i} is {labels[i]}; expected 0 to {classNames.Count - 1}.", nameof(labels));
        }
    }

    private Dataset(Dataset<T> whole, int[] labels, int[]? order, int start, int count)
    {
        (Name, Channels, Height, Width, Features) = (whole.Name, whole.Channels, whole.Height, whole.Width, whole.Features);
        (ClassNames, Scaling, _store) = (whole.ClassNames, whole.Scaling, whole._store);
        (_labels, _order, _start, Count) = (labels, order, start, count);
    }

    /// <summary>What it is called.</summary>
    public string Name { get; }

    /// <summary>Number of rows.</summary>
    public int Count { get; }

    /// <summary>Channels of a sample; 1 for vectors.</summary>
    public int Channels { get; }

    /// <summary>Height of a sample; 1 for vectors.</summary>
    public int Height { get; }

    /// <summary>Width of a sample; <see cref="Features"/> for vectors.</summary>
    public int Width { get; }

    /// <summary>Numbers in a sample: channels · height · width.</summary>
    public int Features { get; }

    /// <summary>Number of classes.</summary>
    public int Classes => ClassNames.Count;

    /// <summary>The classes' names, by class index.</summary>
    public IReadOnlyList<string> ClassNames { get; }

    /// <summary>
    /// How raw features became the unit interval, to be applied to further files; null where bytes were divided by their maximum.
    /// </summary>
    public FeatureScaling? Scaling { get; }

    /// <summary>The class index of each row; −1 where the file has none.</summary>
    public ReadOnlySpan<int> Labels => _labels.AsSpan(_start, Count);

    /// <summary>
    /// Bytes that samples, labels and an order of the rows take; a view counts all of the samples that it shares with the others, and those of
    /// the labels and the order that are not the whole's.
    /// </summary>
    public long Bytes => _store.Bytes + (sizeof(int) * ((long)_labels.Length + (_order?.Length ?? 0)));

    /// <summary>Gathers rows into a batch. Allocates nothing.</summary>
    /// <param name="rows">Row numbers, 0 to <see cref="Count"/> − 1, in any order, repeats allowed.</param>
    /// <param name="samples">Receives <c>rows.Length · Features</c> numbers; may be longer, the rest is left alone.</param>
    /// <param name="labels">Receives <c>rows.Length</c> class indices; may be longer, or empty when they are not wanted.</param>
    /// <exception cref="ArgumentException">A destination is too short.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A row number is out of range.</exception>
    public void CopyBatch(ReadOnlySpan<int> rows, Span<T> samples, Span<int> labels)
    {
        CheckDestinations(rows.Length, samples, labels);
        foreach (int row in rows)
        {
            if ((uint)row >= (uint)Count)
                throw new ArgumentOutOfRangeException(nameof(rows), $"Row {row} is not one of 0 to {Count - 1}.");
        }

        // Rows are anywhere in memory: the next one comes while one becomes numbers.
        for (int i = 0; i < rows.Length; i++)
        {
            if (i + 1 < rows.Length)
                _store.Fetch(StoredRow(rows[i + 1]));
            CopyRow(rows[i], i, samples, labels);
        }
    }

    /// <summary>Copies consecutive rows. Allocates nothing.</summary>
    /// <param name="start">The first row.</param>
    /// <param name="count">How many.</param>
    /// <param name="samples">Receives <c>count · Features</c> numbers; may be longer, the rest is left alone.</param>
    /// <param name="labels">Receives <c>count</c> class indices; may be longer, or empty when they are not wanted.</param>
    /// <exception cref="ArgumentException">A destination is too short.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The rows are not all there.</exception>
    public void CopyRange(int start, int count, Span<T> samples, Span<int> labels)
    {
        CheckRange(start, count);
        CheckDestinations(count, samples, labels);
        for (int i = 0; i < count; i++)
            CopyRow(start + i, i, samples, labels);
    }

    /// <summary>The number, from 0, that a row of this view had in the file: views and splits renumber their rows.</summary>
    /// <param name="row">A row of this view, 0 to <see cref="Count"/> − 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    public int SourceRow(int row)
    {
        CheckRange(row, 1);
        return StoredRow(row);
    }

    /// <summary>Rows <paramref name="start"/> to <paramref name="start"/> + <paramref name="count"/> − 1, as a view.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The rows are not all there.</exception>
    public Dataset<T> Slice(int start, int count)
    {
        CheckRange(start, count);
        return new Dataset<T>(this, _labels, _order, _start + start, count);
    }

    /// <summary>The first <paramref name="count"/> rows, as a view.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer.</exception>
    public Dataset<T> Take(int count) => Slice(0, count);

    /// <summary>
    /// Divides the rows in file order: the last <paramref name="test"/> rows for testing, the <paramref name="validation"/> rows before them
    /// for validation, the others for training.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">A part is negative, or no row is left to train on.</exception>
    public DatasetSplit<T> Split(int validation, int test)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(validation);
        ArgumentOutOfRangeException.ThrowIfNegative(test);
        if ((long)validation + test >= Count)
        {
            string message = $"{validation} validation and {test} test rows leave none of {Count} to train on.";
            throw new ArgumentOutOfRangeException(nameof(validation), message);
        }

        int train = Count - validation - test;
        return new DatasetSplit<T>(Take(train), Slice(train, validation), Slice(train + validation, test));
    }

    /// <summary>Shuffles the rows by the generator <c>new Generator(seed)</c>, then divides them as the split in file order does.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A part is negative, or no row is left to train on.</exception>
    public DatasetSplit<T> Split(int validation, int test, ulong seed)
    {
        int[] order = new int[Count];
        int[] labels = new int[Count];
        for (int i = 0; i < order.Length; i++)
            order[i] = i;
        new Generator(seed).Shuffle<int>(order);
        for (int i = 0; i < order.Length; i++)
        {
            labels[i] = Labels[order[i]];
            order[i] = _order is null ? _start + order[i] : _order[_start + order[i]];
        }

        return new Dataset<T>(this, labels, order, 0, Count).Split(validation, test);
    }

    private void CopyRow(int row, int to, Span<T> samples, Span<int> labels)
    {
        _store.CopyRow(StoredRow(row), samples.Slice(to * Features, Features));
        if (!labels.IsEmpty)
            labels[to] = _labels[_start + row];
    }

    private int StoredRow(int row) => _order is null ? _start + row : _order[_start + row];

    private void CheckRange(int start, int count)
    {
        if (start < 0 || count < 0 || (long)start + count > Count)
        {
            string message = $"{count} rows from row {start} on are not within the {Count} rows of {Name}.";
            throw new ArgumentOutOfRangeException(nameof(count), message);
        }
    }

    private void CheckDestinations(int rows, ReadOnlySpan<T> samples, ReadOnlySpan<int> labels)
    {
        if (samples.Length < (long)rows * Features)
        {
            string message = $"{samples.Length} elements; {rows} rows of {Features} features need {(long)rows * Features}.";
            throw new ArgumentException(message, nameof(samples));
        }

        if (!labels.IsEmpty && labels.Length < rows)
            throw new ArgumentException($"{labels.Length} elements; {rows} rows need as many, or none.", nameof(labels));
    }

    private void CheckLength(long length, string argument)
    {
        if (length != (long)Count * Features)
        {
            string message = $"{length} elements; {Count} labels and samples of {Channels}x{Height}x{Width} need {(long)Count * Features}.";
            throw new ArgumentException(message, argument);
        }
    }
}

/// <summary>The three parts of a data set.</summary>
/// <typeparam name="T">Number type that batches are delivered in.</typeparam>
/// <param name="Train">What the weights are fitted to.</param>
/// <param name="Validation">What choices are made by; may be empty.</param>
/// <param name="Test">What the result is measured on; may be empty.</param>
public readonly record struct DatasetSplit<T>(Dataset<T> Train, Dataset<T> Validation, Dataset<T> Test)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>;

/// <summary>A data set that comes in two parts.</summary>
/// <typeparam name="T">Number type that batches are delivered in.</typeparam>
/// <param name="Train">The training part.</param>
/// <param name="Test">The test part.</param>
public readonly record struct TrainTest<T>(Dataset<T> Train, Dataset<T> Test)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>;
