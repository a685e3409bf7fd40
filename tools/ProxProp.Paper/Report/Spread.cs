namespace ProxProp.Paper.Report;

/// <summary>Runs that differ in their seed alone, as one number: mean ± half of the range.</summary>
/// <param name="Mean">Mean; NaN where there is no run.</param>
/// <param name="HalfRange">Half of largest less smallest; 0 for one run.</param>
/// <param name="Count">Runs.</param>
internal readonly record struct Spread(double Mean, double HalfRange, int Count)
{
    /// <summary>Of numbers, those that are none left out.</summary>
    public static Spread Of(IEnumerable<double> values)
    {
        double[] numbers = [.. values.Where(v => !double.IsNaN(v))];
        return numbers.Length == 0 ? new Spread(double.NaN, 0, 0) : new Spread(numbers.Average(), (numbers.Max() - numbers.Min()) / 2, numbers.Length);
    }

    /// <summary>How a difference to another one is to be taken.</summary>
    /// <remarks>The rule: it counts when the means lie further apart than both half ranges together, so that the ranges do not touch.</remarks>
    public Difference Against(Spread other, bool lowerIsBetter)
    {
        if (Count == 0 || other.Count == 0)
            return Difference.Unknown;
        double gain = lowerIsBetter ? other.Mean - Mean : Mean - other.Mean;
        if (Count == 1 || other.Count == 1)
            return gain > 0 ? Difference.BetterOneSeed : gain < 0 ? Difference.WorseOneSeed : Difference.Within;
        return Math.Abs(gain) <= HalfRange + other.HalfRange ? Difference.Within : gain > 0 ? Difference.Better : Difference.Worse;
    }
}

/// <summary>What comes of comparing two <see cref="Spread"/>s.</summary>
internal enum Difference
{
    /// <summary>One of them has no run.</summary>
    Unknown,

    /// <summary>Better by more than the seeds' spread.</summary>
    Better,

    /// <summary>Worse by more than the seeds' spread.</summary>
    Worse,

    /// <summary>Not more than the seeds' spread.</summary>
    Within,

    /// <summary>Better, but with one seed nobody knows the spread.</summary>
    BetterOneSeed,

    /// <summary>Worse, but with one seed nobody knows the spread.</summary>
    WorseOneSeed,
}
