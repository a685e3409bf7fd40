using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Training;
using ProxProp.Paper.Experiments;
using ProxProp.Paper.Methods;

namespace ProxProp.Engine.Tests.Paper;

/// <summary>Names of steps and optimizers: all that the experiments use are known, others are refused by name.</summary>
public sealed class MethodNameTests
{
    [Fact]
    public void Every_experiments_methods_are_known()
    {
        using var compute = new ComputeContext(1);
        using var network = new Network<float>(Shape.Vector(4), [new Linear<float>(3), new Linear<float>(2)], 2, compute: compute);
        foreach (string name in PaperExperiments.Names)
        {
            foreach (var run in PaperExperiments.Make(name, 1, 1)!.Runs)
            {
                Assert.NotNull(StepMethod.Make(run.Step));
                Assert.NotNull(OptimizerMethod.Make(run.Optimizer, network));
            }
        }

        Assert.Equal("published cg3", StepMethod.Make("published cg3 0.05").Name);
        Assert.Null(PaperExperiments.Make("fig4", 1, 1));
    }

    [Theory]
    [InlineData("")]
    [InlineData("gradient 1")]
    [InlineData("exact")]
    [InlineData("cg0 1")]
    [InlineData("cg3 much")]
    [InlineData("published exact 1")]
    [InlineData("newton 1")]
    public void Unknown_steps_are_refused_by_name(string name) => Assert.Contains(
        $"There is no step '{name}'; expected", Assert.Throws<ArgumentException>(() => StepMethod.Make(name)).Message, StringComparison.Ordinal);

    [Fact]
    public void Unknown_optimizers_are_refused_by_name() => Assert.Contains(
        "There is no optimizer 'lion'; expected", Assert.Throws<ArgumentException>(() => OptimizerMethod.Make("lion", null!)).Message, StringComparison.Ordinal);
}
