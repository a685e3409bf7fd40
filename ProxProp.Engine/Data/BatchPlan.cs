using ProxProp.Engine.Randomness;

namespace ProxProp.Engine.Data;

/// <summary>
/// Which rows form which batch of an epoch. In file order the batches are the rows 0, 1, 2, … in turn. With a generator, every epoch starts
/// from file order and shuffles it (Fisher and Yates, <see cref="Generator.Shuffle"/>), so the order of an epoch is a function of the
/// generator's state at its start and of nothing else: a plan made later from <see cref="EpochState"/> repeats the epoch.
/// </summary>
/// <remarks>Allocates in the constructor only. Not thread-safe.</remarks>
public sealed class BatchPlan
{
    private readonly int[] _order;
    private readonly Generator? _generator;

    /// <summary>Plans batches, the first epoch not yet started: the order is file order until <see cref="StartEpoch"/>.</summary>
    /// <param name="samples">Number of rows, 1 or more.</param>
    /// <param name="batchSize">Rows in a batch, 1 or more; more than there are rows gives one batch of all.</param>
    /// <param name="generator">Draws the order of every epoch; null keeps file order.</param>
    /// <param name="dropLast">Leaves out the last batch where it would be shorter than the others.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not positive.</exception>
    public BatchPlan(int samples, int batchSize, Generator? generator = null, bool dropLast = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(samples);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        BatchSize = Math.Min(batchSize, samples);
        Count = dropLast ? samples / BatchSize : (int)(((long)samples + BatchSize - 1) / BatchSize);
        _order = new int[samples];
        _generator = generator;
        EpochState = generator?.State;
        ResetOrder();
    }

    /// <summary>Number of batches in an epoch.</summary>
    public int Count { get; }

    /// <summary>Rows in a batch; the last one may be shorter.</summary>
    public int BatchSize { get; }

    /// <summary>The generator's state at the start of this epoch, before its order was drawn; null in file order.</summary>
    public GeneratorState? EpochState { get; private set; }

    /// <summary>Draws the order of the next epoch.</summary>
    public void StartEpoch()
    {
        if (_generator is null)
            return;
        EpochState = _generator.State;
        ResetOrder();
        _generator.Shuffle<int>(_order);
    }

    /// <summary>The rows of a batch, valid until the next epoch starts.</summary>
    /// <param name="batch">0 to <see cref="Count"/> − 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such batch.</exception>
    public ReadOnlySpan<int> this[int batch]
    {
        get
        {
            if ((uint)batch >= (uint)Count)
                throw new ArgumentOutOfRangeException(nameof(batch), $"Batch {batch} is not one of 0 to {Count - 1}.");
            int start = batch * BatchSize;
            return _order.AsSpan(start, Math.Min(BatchSize, _order.Length - start));
        }
    }

    private void ResetOrder()
    {
        for (int i = 0; i < _order.Length; i++)
            _order[i] = i;
    }
}
