using System.Globalization;

namespace ProxProp.Engine.Optimizers;

/// <summary>The learning rate as a function of the training step: a factor on the base rate.</summary>
public abstract class Schedule
{
    /// <summary>Name and numbers of the schedule, as a checkpoint compares them.</summary>
    public override string ToString() => GetType().Name;

    /// <summary>Always the base rate.</summary>
    public static Schedule Constant { get; } = new ConstantSchedule();

    /// <summary>The factor for step <paramref name="step"/> (from 0) of <paramref name="totalSteps"/>.</summary>
    public abstract double Factor(long step, long totalSteps);

    /// <summary>Multiplies by <paramref name="factor"/> every <paramref name="every"/> steps.</summary>
    public static Schedule Step(long every, double factor)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(every);
        if (!(factor > 0) || !double.IsFinite(factor))
            throw new ArgumentOutOfRangeException(nameof(factor), factor, "The factor of a step schedule must be positive and finite.");
        return new StepSchedule(every, factor);
    }

    /// <summary>Half a cosine from 1 to <paramref name="final"/> over the whole run (Loshchilov and Hutter, 2017, without restarts).</summary>
    public static Schedule Cosine(double final = 0)
    {
        if (!(final >= 0) || !double.IsFinite(final))
            throw new ArgumentOutOfRangeException(nameof(final), final, "The final factor of a cosine schedule must be finite and not negative.");
        return new CosineSchedule(final);
    }

    /// <summary>Rises linearly from 1/<paramref name="steps"/> to 1 over the first steps, then follows <paramref name="then"/> from its beginning.</summary>
    public static Schedule WarmUp(long steps, Schedule? then = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(steps);
        return new WarmUpSchedule(steps, then ?? Constant);
    }

    private sealed class ConstantSchedule : Schedule
    {
        public override double Factor(long step, long totalSteps) => 1;

        public override string ToString() => "constant";
    }

    private sealed class StepSchedule(long every, double factor) : Schedule
    {
        public override double Factor(long step, long totalSteps) => Math.Pow(factor, step / every);

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"times {factor} every {every} steps");
    }

    private sealed class CosineSchedule(double final) : Schedule
    {
        public override double Factor(long step, long totalSteps)
        {
            double done = totalSteps <= 1 ? 0 : Math.Clamp((double)step / (totalSteps - 1), 0, 1);
            return final + ((1 - final) * 0.5 * (1 + Math.Cos(Math.PI * done)));
        }

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"cosine to {final}");
    }

    private sealed class WarmUpSchedule(long steps, Schedule then) : Schedule
    {
        public override double Factor(long step, long totalSteps) =>
            step < steps ? (step + 1.0) / steps : then.Factor(step - steps, Math.Max(1, totalSteps - steps));

        public override string ToString() => $"warm-up over {steps} steps, then {then}";
    }
}
