namespace ProxProp.Engine.Solvers;

/// <summary>When the rounding of sums over samples has made too much of a direction, which no pivot tells.</summary>
/// <remarks>
/// <para>Primal: g = Aᵀδ is rounded, element by element and independently, by about ε·‖column of A‖·‖δ‖ or less, and what of that is outside the space of A's
/// rows comes out of v = M⁻¹g multiplied by τ_θ, where v itself has nothing. One solve for random signs times those norms D tells how large that is:
/// ε·‖M⁻¹Dz‖·‖δ‖. Dual: s = (I/τ_θ + AAᵀ)⁻¹δ holds τ_θ times what of δ the columns of A do not reach; in v = Aᵀs that cancels, to about ε·√trace·‖s‖.</para>
/// <para>Where the noise is most of the error it was found to be 0.06 to 0.4 of this measure. Above a quarter of ‖v‖ the direction is not trusted: what is left
/// is good to a tenth, and what is not is off by 2 % or more. What the rounding of the matrix does is for the pivots to tell (<see cref="GramFactor{T}"/>): it
/// depends on the signs of what is summed, which no norm knows.</para>
/// </remarks>
internal static class DirectionNoise
{
    private const double Quiet = 4, Most = 0.25;

    /// <summary>Whether a factor with this least pivot can make noise of a rounded right-hand side that is worth a look.</summary>
    /// <param name="leastPivot">The least pivot by its diagonal element, in units of ε.</param>
    /// <param name="order">Order of the matrix.</param>
    /// <param name="rows">Rows of A.</param>
    /// <remarks>Of δ in general position r columns reach the part √(r/rows); the noise of columns all alike is then order·√rows by that pivot.</remarks>
    public static bool IsPossible(double leastPivot, int order, double rows) => leastPivot < Quiet * order * Math.Sqrt(rows);

    /// <summary>Whether <paramref name="noise"/> is too much for a direction whose squares sum up to <paramref name="squared"/>.</summary>
    public static bool IsTooMuch(double noise, double squared) => squared > 0 && noise > Most * Math.Sqrt(squared);
}
