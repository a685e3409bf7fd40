namespace ProxProp.Engine.Theory;

/// <summary>One claim about one layer: what the theory asks for and what was measured.</summary>
/// <param name="Layer">Place of the layer in its network, from 0.</param>
/// <param name="LayerName">The layer in words.</param>
/// <param name="Claim">The claim in words.</param>
/// <param name="AtLeast">Whether the measured number must be at least the bound; otherwise at most.</param>
/// <param name="Bound">The bound, rounding included.</param>
/// <param name="Measured">The measured number.</param>
public sealed record CertificateEntry(int Layer, string LayerName, string Claim, bool AtLeast, double Bound, double Measured)
{
    /// <summary>Distance on the right side of the bound; negative where the claim fails.</summary>
    public double Margin => AtLeast ? Measured - Bound : Bound - Measured;

    /// <summary>Whether the claim holds. A number that is not finite fails.</summary>
    public bool Passed => Margin >= 0 && double.IsFinite(Measured);

    /// <inheritdoc/>
    public override string ToString() =>
        $"layer {Layer} ({LayerName}): {Claim}: {Measured:g4}, {(AtLeast ? "at least" : "at most")} {Bound:g4} expected, {(Passed ? "pass" : "FAIL")}";
}
