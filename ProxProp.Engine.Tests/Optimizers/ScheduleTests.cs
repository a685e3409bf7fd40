using ProxProp.Engine.Optimizers;

namespace ProxProp.Engine.Tests.Optimizers;

/// <summary>Learning-rate schedules at their corners.</summary>
public sealed class ScheduleTests
{
    [Fact]
    public void Constant_is_one() => Assert.All(Enumerable.Range(0, 20), s => Assert.Equal(1, Schedule.Constant.Factor(s, 20)));

    [Fact]
    public void Step_multiplies_every_so_many_steps() =>
        Assert.Equal([1, 1, 1, 0.5, 0.5, 0.5, 0.25], Enumerable.Range(0, 7).Select(s => Schedule.Step(3, 0.5).Factor(s, 7)));

    [Fact]
    public void Cosine_falls_from_one_to_its_end()
    {
        Schedule cosine = Schedule.Cosine(0.1);
        double[] factors = [.. Enumerable.Range(0, 11).Select(s => cosine.Factor(s, 11))];
        Assert.Equal(1, factors[0], 12);
        Assert.Equal(0.55, factors[5], 12);
        Assert.Equal(0.1, factors[10], 12);
        Assert.Equal(0.1, cosine.Factor(50, 11), 12);
        Assert.Equal(1, cosine.Factor(0, 1), 12);
        Assert.Equal(factors.OrderDescending(), factors);
    }

    [Fact]
    public void Warm_up_rises_linearly_and_hands_over()
    {
        Assert.Equal([0.25, 0.5, 0.75, 1, 1, 1], Enumerable.Range(0, 6).Select(s => Schedule.WarmUp(4).Factor(s, 6)));
        Schedule then = Schedule.WarmUp(4, Schedule.Cosine());
        Assert.Equal(1, then.Factor(4, 10), 12);
        Assert.Equal(0, then.Factor(9, 10), 12);
        Assert.Equal(Schedule.Cosine().Factor(2, 6), then.Factor(6, 10), 12);
        Assert.Equal(0.75, Schedule.WarmUp(4).Factor(2, 2), 12);
    }

    [Fact]
    public void Settings_out_of_range_are_refused()
    {
        Assert.Equal("every", Assert.Throws<ArgumentOutOfRangeException>(() => Schedule.Step(0, 0.5)).ParamName);
        Assert.Equal("steps", Assert.Throws<ArgumentOutOfRangeException>(() => Schedule.WarmUp(0)).ParamName);
        foreach (double bad in (double[])[-1, double.NaN, double.PositiveInfinity])
        {
            Assert.Equal("factor", Assert.Throws<ArgumentOutOfRangeException>(() => Schedule.Step(1, bad)).ParamName);
            Assert.Equal("final", Assert.Throws<ArgumentOutOfRangeException>(() => Schedule.Cosine(bad)).ParamName);
        }
    }
}
