namespace ProxProp.Engine.Data;

/// <summary>
/// Min-max normalisation: feature j becomes (x − minimum[j]) / (maximum[j] − minimum[j]), computed in double, and 0 where a column is
/// constant. The columns it was measured on land in the unit interval; of later files a value may lie outside, and is not clipped.
/// </summary>
public sealed class FeatureScaling
{
    private readonly double[] _minimum;
    private readonly double[] _maximum;

    /// <summary>A range per feature.</summary>
    /// <param name="minimum">What becomes 0.</param>
    /// <param name="maximum">What becomes 1; not less than <paramref name="minimum"/>.</param>
    /// <exception cref="ArgumentException">The lengths differ, or a range is not finite or upside down.</exception>
    public FeatureScaling(ReadOnlySpan<double> minimum, ReadOnlySpan<double> maximum)
    {
        if (minimum.Length != maximum.Length)
            throw new ArgumentException($"{maximum.Length} maxima for {minimum.Length} minima.", nameof(maximum));
        for (int i = 0; i < minimum.Length; i++)
        {
            if (!double.IsFinite(minimum[i]) || !double.IsFinite(maximum[i]) || minimum[i] > maximum[i])
            {
                string message = $"Feature {i} ranges from {minimum[i]} to {maximum[i]}; expected finite, ascending numbers.";
                throw new ArgumentException(message, nameof(maximum));
            }
        }

        (_minimum, _maximum) = (minimum.ToArray(), maximum.ToArray());
    }

    /// <summary>Number of features.</summary>
    public int Features => _minimum.Length;

    /// <summary>What becomes 0, per feature.</summary>
    public ReadOnlySpan<double> Minimum => _minimum;

    /// <summary>What becomes 1, per feature.</summary>
    public ReadOnlySpan<double> Maximum => _maximum;

    /// <summary>The same range for every feature, such as 0 to 255 for pixels.</summary>
    /// <param name="features">Number of features.</param>
    /// <param name="minimum">What becomes 0.</param>
    /// <param name="maximum">What becomes 1.</param>
    public static FeatureScaling Uniform(int features, double minimum, double maximum)
    {
        double[] low = new double[features];
        double[] high = new double[features];
        Array.Fill(low, minimum);
        Array.Fill(high, maximum);
        return new FeatureScaling(low, high);
    }

    /// <summary>Normalises one value of one feature.</summary>
    public double Apply(int feature, double value)
    {
        double low = _minimum[feature];
        double range = _maximum[feature] - low;
        if (range == 0)
            return 0;

        // Halves keep a range wider than the largest double finite.
        return double.IsFinite(range) ? (value - low) / range : ((value / 2) - (low / 2)) / ((_maximum[feature] / 2) - (low / 2));
    }
}
