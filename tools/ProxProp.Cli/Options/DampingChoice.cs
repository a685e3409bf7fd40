using ProxProp.Cli.Output;
using ProxProp.Cli.Parsing;
using ProxProp.Engine.Proximal;

namespace ProxProp.Cli.Options;

/// <summary>How proximal steps are damped: a kind of <c>--damping</c> and its number.</summary>
/// <param name="Kind">fixed, scale-free or lm.</param>
/// <param name="Value">τ_θ of fixed damping, λ of the others; null for the default.</param>
internal sealed record DampingChoice(string Kind, double? Value)
{
    public const string Fixed = "fixed";
    public const string ScaleFree = "scale-free";
    public const string LevenbergMarquardt = "lm";

    public static Option<string?> DampingOption() => Parsed.Choice(
        "--damping",
        "How proximal steps are damped: by one tau_theta; by lambda times the mean eigenvalue of each layer's matrix; or so, with a lambda that "
        + "adapts layer by layer (Levenberg-Marquardt, for --optimizer sgd). Default: fixed.",
        Fixed, ScaleFree, LevenbergMarquardt);

    public static Option<double?> LambdaOption() => Parsed.Number(
        "--lambda", "The lambda of --damping scale-free, and the first one of lm. Default: 10, with sgd 0.1, lm 1.", x => x > 0, "a positive number");

    /// <summary>Puts the three options together.</summary>
    /// <param name="damping"><c>--damping</c>, if given.</param>
    /// <param name="tauTheta"><c>--tau-theta</c>, if given.</param>
    /// <param name="lambda"><c>--lambda</c>, if given.</param>
    /// <param name="step">The step that is to be damped.</param>
    /// <exception cref="UsageException">They contradict each other, or the step is not damped.</exception>
    public static DampingChoice Read(string? damping, double? tauTheta, double? lambda, StepChoice step)
    {
        if (!step.IsProximal)
        {
            string? given = damping is not null ? "--damping" : tauTheta is not null ? "--tau-theta" : lambda is not null ? "--lambda" : null;
            if (given is not null)
                throw new UsageException($"{given} is for proximal steps; leave it out, or take --step auto, exact, cgN or pcgN.");
        }

        string kind = damping ?? Fixed;
        if (kind == Fixed && lambda is not null)
            throw new UsageException("--lambda is for --damping scale-free and lm; fixed damping takes --tau-theta.");
        if (kind != Fixed && tauTheta is not null)
            throw new UsageException($"--tau-theta is for fixed damping; --damping {kind} takes --lambda.");
        return new DampingChoice(kind, kind == Fixed ? tauTheta : lambda);
    }

    /// <summary>The same with nothing left open, for an optimizer.</summary>
    /// <exception cref="UsageException">The optimizer does not go with it.</exception>
    public DampingChoice For(string optimizer) => Kind == LevenbergMarquardt && OptimizerChoice.IsAdam(optimizer)
        ? throw new UsageException(
            $"--damping lm compares the loss with what the direction foresees, but {optimizer} does not step along the direction; take --damping scale-free, "
            + "or --optimizer nesterov, momentum or sgd.")
        : this with
        {
            Value = Value ?? Kind switch
            {
                Fixed => OptimizerChoice.DefaultTauTheta(optimizer),
                LevenbergMarquardt => 1,
                _ => optimizer == OptimizerChoice.Sgd ? 0.1 : 10,
            },
        };

    /// <summary>
    /// The optimizer that goes with it unless another is named. Levenberg-Marquardt damping judges a step along the direction alone; momentum adds
    /// twenty such steps up, and takes it beyond what was judged.
    /// </summary>
    public string OptimizerFor(bool convolutional) =>
        Kind == LevenbergMarquardt ? OptimizerChoice.Sgd : OptimizerChoice.DefaultFor(convolutional);

    /// <summary>The engine's rule.</summary>
    public Damping Make() => Kind switch
    {
        ScaleFree => Damping.ScaleFree(Value!.Value),
        LevenbergMarquardt => Damping.LevenbergMarquardt(Value!.Value),
        _ => Damping.Fixed(Value!.Value),
    };

    /// <summary>"tau_theta 0.05", "scale-free lambda 1", "lm lambda 1".</summary>
    public override string ToString() => $"{(Kind == Fixed ? "tau_theta" : $"{Kind} lambda")} {Texts.Plain(Value ?? double.NaN)}";
}
