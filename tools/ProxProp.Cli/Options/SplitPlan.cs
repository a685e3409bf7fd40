using System.Numerics;
using ProxProp.Engine.Data;

namespace ProxProp.Cli.Options;

/// <summary>
/// Which rows train, which choose, which test. With <c>--train-samples N</c> training has exactly the first N rows of the file, validation
/// the rows behind them, and of a set without a test part of its own all further rows are the test part. Otherwise validation takes a tenth
/// of the rows and, where the set has no test part, testing a fifth: drawn by the seed, or with <c>--no-shuffle</c> from the end of the file.
/// </summary>
/// <param name="Train">Rows to train on.</param>
/// <param name="Validation">Rows for validation.</param>
/// <param name="Test">Rows for testing out of the same file; 0 for a set with a test part of its own.</param>
/// <param name="Seed">The seed that draws them, or null for file order.</param>
internal sealed record SplitPlan(int Train, int Validation, int Test, ulong? Seed)
{
    private const int ValidationPart = 10;
    private const int TestPart = 5;

    /// <summary>Plans the split of <paramref name="rows"/> rows.</summary>
    /// <param name="rows">Rows of the file (of its training part).</param>
    /// <param name="ownTest">Whether the set comes with a test part.</param>
    /// <param name="trainSamples"><c>--train-samples</c>, if given.</param>
    /// <param name="validation"><c>--validation</c>, if given.</param>
    /// <param name="seed">What draws the parts; null for file order.</param>
    /// <exception cref="UsageException">There are not that many rows.</exception>
    public static SplitPlan Make(int rows, bool ownTest, int? trainSamples, int? validation, ulong? seed)
    {
        if (trainSamples is { } train)
        {
            int rest = rows - train;
            if (rest < 0)
                throw new UsageException($"--train-samples {train} is more than the {rows} rows there are.");
            int wanted = validation ?? Math.Min(rows / ValidationPart, ownTest ? rest : rest / 2);
            return wanted <= rest
                ? new SplitPlan(train, wanted, ownTest ? 0 : rest - wanted, null)
                : throw new UsageException($"--validation {wanted} is more than the {rest} rows behind the first {train}; take fewer for either.");
        }

        int test = ownTest ? 0 : rows / TestPart;
        int chosen = validation ?? (rows / ValidationPart);
        return chosen + (long)test < rows
            ? new SplitPlan(rows - chosen - test, chosen, test, seed)
            : throw new UsageException($"--validation {chosen} with {test} rows for testing leaves none of {rows} to train on; take fewer.");
    }

    /// <summary>Splits the data, without copying samples.</summary>
    public DatasetSplit<T> Apply<T>(LoadedData<T> data)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        DatasetSplit<T> split = Seed is { } seed
            ? data.Rows.Split(Validation, Test, seed)
            : new DatasetSplit<T>(data.Rows.Take(Train), data.Rows.Slice(Train, Validation), data.Rows.Slice(Train + Validation, Test));
        return data.OwnTest is null ? split : split with { Test = data.OwnTest };
    }
}
