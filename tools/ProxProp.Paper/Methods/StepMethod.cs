using System.Globalization;
using ProxProp.Engine.Proximal;

namespace ProxProp.Paper.Methods;

/// <summary>
/// Ways to make directions by the names that curves use: <c>gradient</c>; <c>exact 0.05</c>, <c>cg3 0.05</c>, <c>auto 1</c> with their τ_θ;
/// <c>published cg3 0.05</c> for the published code's recurrence; <c>scalefree 1</c> with its λ, an automatic step.
/// </summary>
internal static class StepMethod
{
    private const string PublishedPrefix = "published ";

    /// <summary>A new step.</summary>
    /// <exception cref="ArgumentException">There is no step of that name.</exception>
    public static ProximalStep<float> Make(string name)
    {
        bool published = name.StartsWith(PublishedPrefix, StringComparison.Ordinal);
        string[] words = (published ? name[PublishedPrefix.Length..] : name).Split(' ');
        if (words is ["gradient"])
            return new ExplicitStep<float>();
        if (words.Length != 2 || !double.TryParse(words[1], CultureInfo.InvariantCulture, out double number))
            throw Unknown(name);
        int iterations = words[0].StartsWith("cg", StringComparison.Ordinal) && int.TryParse(words[0].AsSpan(2), CultureInfo.InvariantCulture, out int n) ? n : 0;
        return (published, words[0]) switch
        {
            (true, _) when iterations > 0 => new PublishedCgStep<float>(iterations, number),
            (false, _) when iterations > 0 => new CgStep<float>(iterations, number),
            (false, "exact") => new ExactStep<float>(number),
            (false, "auto") => new AutoStep<float>(number),
            (false, "scalefree") => new AutoStep<float>(Damping.ScaleFree(number)),
            _ => throw Unknown(name),
        };
    }

    private static ArgumentException Unknown(string name) => new(
        $"There is no step '{name}'; expected gradient, exact TAU, auto TAU, cgN TAU, published cgN TAU or scalefree LAMBDA.", nameof(name));
}
